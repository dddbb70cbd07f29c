"""Phone numbers in a text: international ones, North American ones, and others behind a word such as "Tel."."""

import re
from collections.abc import Iterator

_CANDIDATE = re.compile(r"[+(0-9](?:[0-9]|[ ./()\u00a0\u2011\u2013-]{1,3}+(?=[0-9(])){6,22}+")
_DIGIT = re.compile(r"[0-9]")
_AMERICAN = re.compile(r"(?:1[-. ])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}([-.]))[2-9][0-9]{2}(?(1)\1|[-. ])[0-9]{4}")
_UNUSED = ("+0", "+28", "+83", "+89")  # no country's code
_FICTION = re.compile(r"555[-. ]?01[0-9]{2}$")
_CUE = re.compile(
    r"(?:\b(?:tel|telephone|telefono|telefon|telefax|phone|phones|fax|mobile|mobil|cell|cellphone|handy|whatsapp|sms|call"
    r"|call us at|hotline|teléfono|telefone|téléphone|tél|portable|celular|fon|ph|телефон|тел|факс|телефону)\b"
    r"|電話|電話番号|电话|手机|전화|फ़ोन|फोन|ファックス)"
    r"(?:[ .:：#=/-]|no\b|number|numbers|nummer|at\b|us\b|me\b|is\b|on\b|\(|\bau\b){0,8}\Z",
    re.IGNORECASE,
)


def phones(text: str) -> Iterator[tuple[int, int]]:
    """Where phone numbers stand, those for fiction (555-0100 to 555-0199) excepted."""
    for match in _CANDIDATE.finditer(text):
        start, end = match.span()
        before = text[start - 1 : start] if start else ""
        if before.isalnum() or text[end : end + 1].isalnum() or (before and before in "_$€£#=.-/+"):
            continue
        number = match[0].rstrip(" ./()\u00a0\u2013-")
        if _is_phone(number, before, text[max(0, start - 32) : start]):
            yield start, start + len(number)


def _is_phone(number: str, before: str, context: str) -> bool:
    digits = len(_DIGIT.findall(number))
    if _FICTION.search(number) or not 7 <= digits <= 15:
        return False
    if number.startswith("+"):
        fits = number[1].isdecimal() and (digits == 11 if number[1] in "17" else digits >= 8) and number[-2] != "."
        return fits and not number.startswith(_UNUSED) and not (before and before in ")]")
    return bool(_AMERICAN.fullmatch(number) or _CUE.search(context))

"""The number oracle. Reads 1,234.50, −3, 2/3, 1½, 3 × 10⁵, ₹1,00,000, 12 %, ४२, \\frac12, x = 7 and the like."""

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation, localcontext
from typing import NamedTuple

from hornbook.base.records import Question
from hornbook.oracles.extract_answer import find_answer
from hornbook.oracles.judgement import Judgement, correct_if, not_attempted
from hornbook.oracles.latex import normalise_latex, parts_of
from hornbook.oracles.question_entry import entry_of
from hornbook.oracles.settings import OracleSettings

LONGEST = 2000  # characters that are read
RELATIVE_TOLERANCE = Decimal("1e-4")  # for answers that are not whole numbers; whole numbers must be equal
PRECISION = 60  # significant digits
LARGEST_POWER = 400

_PLAIN = r"\d+(?:\.\d+)?|\.\d+"
_GROUPED = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?"  # 1,234,567 and 12,34,567
_POINTS = r"\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?|\d{1,3}(?:\.\d{3})+,\d+"  # 1.234.567 and 1.234,50
_APART = r"\d{1,3}(?:[ ']\d{3})+(?:[.,]\d+)?(?!\d)"  # 10 000 and 1'234
_COMMA = r"\d+,\d{1,2}(?!\d)|\d+,\d{4,}"  # 1,5
_DIGITS = rf"(?:{_GROUPED}|{_POINTS}|{_APART}|{_COMMA}|{_PLAIN})(?!\d)"
_SIZES = {
    "hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12, "lakh": 5, "crore": 7,
    "k": 3, "万": 4, "億": 8, "亿": 8, "millionen": 6, "millones": 6, "milhões": 6, "millions": 6, "миллионов": 6,
}  # fmt: skip
_NUMBER = re.compile(
    rf"(?<![\w.])(?P<sign>[-+]\s?)?(?P<digits>{_DIGITS})"
    r"(?:[eE](?P<exponent>[-+]?\d{1,4})(?![\w.]))?"
    r"(?:\s?[*×·⋅x]\s?10\s?(?:\^|\*\*)\s?\(?(?P<power>-?\d{1,3})\)?)?"
    r"(?:\s?(?:\^|\*\*)\s?\(?(?P<raised>-?\d{1,3})\)?)?"
    rf"(?:\s(?P<over>\d+)/(?P<under>\d+)|\s?/\s?(?P<divisor>-?\s?(?:{_DIGITS})))?"
    rf"(?:\s?(?P<size>{'|'.join(_SIZES)})(?![^\W\d_]))?",
    re.IGNORECASE,
)
_FRACTION = re.compile(r"\\[dtc]?frac\s*(?:\{([^{}]*)\}|(\d))\s*(?:\{([^{}]*)\}|(\d))")
_WRAPPED = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mbox|bf|rm|operatorname)\s*\{([^{}]*)\}")
_CURRENCY = re.compile(
    r"(?<![^\W\d_])(?:Rs\.?|INR|USD|EUR|GBP|CNY|RMB|JPY|US|CHF|kr\.?|R|A|C)\s?(?=[$€£¥₹]|-?[\d.])|[$€£¥₹₽₩¢]"
)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_MINUS = str.maketrans("−–—‒‑﹣－", "-------")
_FORMULA = re.compile(r"\\(?!%)[a-zA-Z]+|\d\s?[xyzπ√]\b|[√π]|\d\s?!")  # a function or a variable
_IN_WORD = re.compile(r"\s?[xyz][^\W\d_]")  # "59 years" is no formula of y
# in a box: a fraction with letters, a number with a letter that is not a unit
_LETTERS = re.compile(r"\\[dtc]?frac\s*\{[^{}]*[a-zA-Z]|\d\s?[abdeijknopqrtuvwxyz]\b")
_TIME = re.compile(r"\d\s?:\s?\d")


class Number(NamedTuple):
    """A value; `sized` is the value times a following size word ("3.5 million"), else the same."""

    value: Decimal
    sized: Decimal


def parse_number(text: str) -> Decimal | None:
    """The last number in `text`, or None. Fractions are evaluated, thousands separators dropped."""
    numbers = list(numbers_in(text))
    return numbers[-1].value if numbers else None


def is_plain(text: str) -> bool:
    """Whether a text is a single number, with at most a sign, a currency or a percent sign."""
    text = _normalised(text).strip()
    match = _NUMBER.match(text)
    return match is not None and match.end() == len(text.rstrip("% ")) and not match["size"]


def numbers_in(text: str) -> Iterator[Number]:
    """The numbers in a text, in order; those in a time (12:30) or a formula (2x, \\sqrt{2}) are skipped."""
    text = _normalised(text[-LONGEST:])
    for match in _NUMBER.finditer(text):
        around = text[max(0, match.start() - 2) : match.end() + 3]
        if _TIME.search(around) or (
            not _IN_WORD.match(text, match.end()) and _FORMULA.search(text[match.start() : match.end() + 2])
        ):
            continue
        number = _value(match)
        if number is not None:
            yield number


def score_number(question: Question, reply: str, settings: OracleSettings) -> Judgement:
    """Right when the reply's answer is the reference's number: exactly for whole numbers, else within a relative
    tolerance (`tolerance` in the question's entry overrides it).

    In a stated answer, the first number counts ("42 apples in 3 boxes"), or the one after the last "="; in a last line,
    the last number. Raises ValueError when the reference holds no number.
    """
    wanted = parse_number(question.answer)
    if wanted is None:
        raise ValueError(f"the reference answer {question.answer!r} holds no number")
    found = find_answer(reply, has_number)
    answer = found.text.rstrip("!")  # an exclamation mark, not a factorial
    numbers = list(numbers_in(_after_equals(answer)))
    if found.source == "box" and (_LETTERS.search(answer) or len(parts_of(normalise_latex(answer))[1]) > 1):
        return correct_if(False, answer, question.answer)  # an expression, a list, a point
    if not numbers:
        return (
            not_attempted("no number in the answer")
            if not found.text
            else correct_if(False, found.text, question.answer)
        )
    if found.source != "line" and _FORMULA.search(_normalised(answer)):
        return correct_if(False, found.text, question.answer)
    given = numbers[0] if found.source in ("stated", "box") else numbers[-1]
    default = Decimal(0) if wanted == wanted.to_integral_value() else RELATIVE_TOLERANCE
    tolerance = Decimal(str(entry_of(question).get("tolerance", default)))
    right = any(abs(value - wanted) <= tolerance * abs(wanted) for value in given)
    return correct_if(right, f"{given.sized:f}", f"{wanted:f}")


def has_number(text: str) -> bool:
    return next(numbers_in(text.rstrip("!")), None) is not None


def _after_equals(text: str) -> str:
    _, equals, after = text.rpartition("=")
    return after if equals and has_number(after) else text


def _normalised(text: str) -> str:
    """Digits of all scripts as ASCII, LaTeX as plain text, without currency signs."""
    text = re.sub(r"[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda match: "^" + match[0].translate(_SUPERSCRIPTS), text)
    text = re.sub(r"(\d?)([¼-¾⅐-⅞])", lambda match: f"{match[1]} {unicodedata.normalize('NFKC', match[2])}", text)
    text = text.replace("\u2044", "/").translate(_MINUS)
    text = re.sub(r"(?<=\d)[\u00a0\u2009\u202f\u2007](?=\d{3})", " ", text)
    text = unicodedata.normalize("NFKC", text)
    text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() and not c.isascii() else c for c in text)
    text = text.replace("٫", ".").replace("٬", ",").replace("\u066a", "%").replace("’", "'")
    text = re.sub(r"(?<=\d)(?:\\[,!;: ]|\{,\}|_)+(?=\d{3})", "'", re.sub(r",\\!(?=\d)", ",", text))
    text = re.sub(r"\\[,!;: ]", " ", text)
    text = re.sub(r"(\d)\s*(?=\\[dtc]?frac)", r"\1 ", text)
    text = _FRACTION.sub(lambda m: f"{m[1] or m[2]}/{m[3] or m[4]}", text)
    text = _WRAPPED.sub(r" \1", text)
    text = text.replace("\\times", "×").replace("\\cdot", "·").replace("\\%", "%").replace("\\$", "$")
    text = text.replace("\\left", "").replace("\\right", "").replace("\\approx", "≈").replace("\\circ", "°")
    text = re.sub(r"\^\{\s*(-?\d+)\s*\}", r"^\1", text)
    text = _CURRENCY.sub("", text)
    text = text.replace("**", "^") if re.search(r"\d\*\*-?\d", text) else text
    text = re.sub(r"[{}*_`]{2,}|(?<![\d*])[*_`](?![*])|[{}]", " ", text)
    text = re.sub(r"\b(?:minus|negative)\s+(?=\d)", "-", text, flags=re.IGNORECASE)
    return re.sub(r"(?<![\w)])-\s+(?=\d)", "-", text)


def _value(match: re.Match[str]) -> Number | None:
    try:
        with localcontext() as context:
            context.prec = PRECISION
            value = _decimal(match["digits"]) * Decimal(10) ** int(match["exponent"] or 0)
            if match["raised"]:
                power = int(match["raised"])
                if abs(power) > LARGEST_POWER or (match["sign"] or "").strip() == "-":
                    return None
                value **= power
            value *= Decimal(10) ** int(match["power"] or 0)
            if match["over"]:
                value += Decimal(match["over"]) / Decimal(match["under"])
            if match["divisor"]:
                divisor = match["divisor"].replace(" ", "")
                value /= _decimal(divisor.lstrip("-")) * (-1 if divisor.startswith("-") else 1)
            value = -value if "-" in (match["sign"] or "") else value
            size = (match["size"] or "").casefold()
            return Number(value, value * Decimal(10) ** _SIZES[size] if size else value)
    except (InvalidOperation, ZeroDivisionError, ArithmeticError):
        return None


def _decimal(digits: str) -> Decimal:
    """The value; the positions of comma, point, space and apostrophe tell which is the decimal mark."""
    digits = digits.replace(" ", "").replace("'", "")
    if re.fullmatch(_POINTS, digits):
        digits = digits.replace(".", "").replace(",", ".")
    elif re.fullmatch(_COMMA, digits):
        digits = digits.replace(",", ".")
    return Decimal(digits.replace(",", "") if "," in digits else digits)

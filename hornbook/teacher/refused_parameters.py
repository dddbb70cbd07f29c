"""Find the parameter of a call that a server refuses in the text of its error.

Servers phrase this in many ways, so the test is simple: a parameter that was sent and that the text names is left out
in the next try. If that is wrong, it costs one more request, which is refused without being billed.
"""

import re
from collections.abc import Collection, Iterator
from typing import Any

import msgspec

MAY_REFUSE = (400, 422, 500, 501)  # 500 and 501 only if the text is about missing support
# In the order in which they can be left out. `system` is not a parameter but a role: it goes into the first user turn.
SPELLINGS = {
    "seed": r"(?:random[_ -]?)?seed",
    "top_p": r"top[_ -]?p|nucleus",
    "response_format": r"response[_ -]?formats?|json[_ -]?(?:schema|object|mode)s?|schemas?|grammar"
    r"|guided\w*|structured(?:[_ -]?outputs?)?",
    "stop": r"stop(?:[_ -]?(?:sequence|word|string|text|token)s?)?",
    "temperature": r"temperature",
    "system": r"system(?:[_ -]?(?:role|message|prompt|instruction)s?)?|developer|roles?",
    "max_tokens": r"max[_ -]?(?:completion[_ -]?)?tokens",
    "max_completion_tokens": r"max[_ -]?completion[_ -]?tokens",
}
VALUED = ("temperature", "top_p", "stop")  # a server may refuse one value of these and accept others
_NAMED = {name: re.compile(rf"(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])", re.I) for name, words in SPELLINGS.items()}
_TOGETHER = re.compile(r"\b(both|mutually|together|only one|one of|either|combin\w+|simultaneous\w*)\b", re.I)
_RANGE = re.compile(
    r"\b(must (?:be|contain|have|not be)|should be|between|range|greater|less|positive|at (?:least|most)|minimum"
    r"|maximum|whitespace|too (?:low|high|small|large|many|long|short)|exceeds?)\b|[<>≤≥]",
    re.I,
)
_SUPPORT = re.compile(
    r"support|unrecogni[sz]ed|unknown|unexpected|\bextra\b|additional propert|not (?:permitted|allowed|accepted"
    r"|available|enabled|implemented|recogni[sz]ed|a valid|valid)|forbidden|deprecated|instead|removed"
    r"|no (?:such )?(?:field|param)|cannot find|does not exist|undefined|unavailable|disabled"
    r"|invalid (?:field|param|arg|key|name)",
    re.I,
)
_SIZE = re.compile(r"context|too (?:large|long|many|high)|exceed|at most|maximum|less than|greater than|reduce", re.I)
_SOMETHING = re.compile(
    r"(?:unsupported|unknown|unrecogni[sz]ed|unexpected|extra|additional|not supported)\W+(?:\w+\W+){0,2}?"
    r"(?:param|arg|field|propert|option|input|keyword)",
    re.I,
)
_ASIDE = ("input", "ctx", "url", "request", "body")  # parts of an error that repeat what was sent
_PLACES = ("param", "loc", "field", "path", "pointer", "location")


def refused_parameter(status: int, body: bytes, sent: Collection[str]) -> str:
    """The one of the parameters `sent` to leave out; "" if the error is not about any of them.

    `name=` means only the value that was sent, if the text is about a range of values.
    """
    words = _words(body)
    if status not in MAY_REFUSE or (status >= 500 and not _SUPPORT.search(words)):
        return ""
    marks = {name: mark.start() for name in sent if name in _NAMED and (mark := _NAMED[name].search(words))}
    for limit in ("max_tokens", "max_completion_tokens"):  # the limit is never dropped because it is too large
        other = limit == "max_tokens" and "max_completion_tokens" in words
        if limit in marks and (_SIZE.search(words) or not (other or _SUPPORT.search(words))):
            del marks[limit]
    if not marks:
        spare = [name for name in SPELLINGS if name in sent and name not in ("system", *list(SPELLINGS)[-2:])]
        return spare[0] if spare and status < 500 and _SOMETHING.search(words) else ""
    order = list(SPELLINGS).index if _TOGETHER.search(words) else marks.__getitem__
    name = min(marks, key=order)
    only_this = name in VALUED and _RANGE.search(words) and "default" not in words and not _TOGETHER.search(words)
    return f"{name}=" if only_this else name


def _words(body: bytes) -> str:
    """The text of an error, with the fields that it names first, and without repeated parts of the request."""
    try:
        error = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body[:4000].decode("utf-8", "replace")
    found = sorted(_texts(error), key=lambda text: not text[0])
    return " ".join(text for _, text in found)[:4000]


def _texts(value: Any, place: bool = False) -> Iterator[tuple[bool, str]]:
    """All texts of an error, each with whether it names the location of the error."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in _ASIDE:
                yield from _texts(item, place or key in _PLACES)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, place)
    elif isinstance(value, str):
        yield place, value

"""Where sentences end. All that counts, cuts or reads sentences uses these rules.

A sentence ends with ".", "!" or "?" before white space, with what closes a quotation behind it, or with a full stop
of another script. The point of a number, an initial ("J. Smith"), an abbreviation ("Dr. Jones", "e.g. this", "No. 5"),
a German ordinal ("24. Juni") or the number of a list item ("1. First") ends none.
"""

import re
from collections.abc import Iterator

_CLOSING = "\"'”’»)\\]*_"
_OTHER_SCRIPTS = "؟۔։።।॥။៕"
_END = re.compile(  # that all ends begin with one of a set makes the search seven times as fast
    rf"[.!?。！？；{_OTHER_SCRIPTS}](?:(?<=[.!?])(?P<more>[.!?]*)[{_CLOSING}]*(?=\s|$)"
    r"|(?<=[。！？；])[。！？；]*(?:[」』）”’]+(?![とっのでがは]))?(?![」』）])"  # 「…。」と goes on behind it
    rf"|(?<=[{_OTHER_SCRIPTS}])[{_OTHER_SCRIPTS}]*)"
)
_WORD_BEFORE = re.compile(r"[^\s(\[\"'“‘*_]+$")
_INITIALS = re.compile(r"[^\W\d_](?:\.[^\W\d_])+|[^\W\d_a-z]")  # "J", "U.S", "e.g"
_ITEM = re.compile(r"^[ \t]*(?:\d{1,3}|[a-z])$", re.MULTILINE)
ABBREVIATIONS = {
    *("dr", "mr", "mrs", "ms", "st", "jr", "sr", "vs", "mt", "ft", "approx", "ca", "rs", "prof", "gen", "col", "inc"),
    *(
        "ltd",
        "co",
        "sgt",
        "lt",
        "capt",
        "rev",
        "hon",
        "al",
        "cf",
        "bzw",
        "nr",
        "geb",
        "gest",
        "sog",
        "vgl",
        "av",
        "sra",
    ),
}
BEFORE_NUMBERS = {"no", "nr", "vol", "fig", "figs", "eq", "eqs", "op", "ch", "sec", "p", "pp"}
_SECOND_LETTER = re.compile(r"\s[^\W\d_]\.")  # of "z. B.", "a. C."
_ORDINAL = re.compile(
    r"\s+(?:Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember|Jahrh|Jh\b)"
)
_LONGEST_WORD = 24  # characters looked at before a point


def sentence_ends(text: str) -> Iterator[tuple[int, int]]:
    """(where its marks begin, where they end) of each sentence's end."""
    for match in _END.finditer(text):
        is_point = match["more"] == "" and text[match.start()] == "."
        if not is_point or not _is_abbreviation(text, match.start(), match.end()):
            yield match.span()


def sentences(text: str) -> list[str]:
    """The sentences of a text, marks included, without white space around them. A line's end ends one too."""
    found = []
    for line in text.splitlines():
        start = 0
        for _, end in sentence_ends(line):
            found.append(line[start:end].strip())
            start = end
        found.append(line[start:].strip())
    return [sentence for sentence in found if sentence]


def whole_sentences(text: str) -> str:
    """`text` without an unfinished sentence at its end ("" when no sentence ends in it)."""
    ends = [end for _, end in sentence_ends(text)]
    return text[: ends[-1]].strip() if ends else ""


def _is_abbreviation(text: str, start: int, end: int) -> bool:
    """Whether the point at `start` belongs to a number of a list item, an initial or an abbreviation."""
    before = text[max(0, start - _LONGEST_WORD) : start]
    if _ITEM.fullmatch(text[text.rfind("\n", 0, start) + 1 : start]):
        return True
    word = _WORD_BEFORE.search(before)
    following = text[end : end + 2].lstrip()[:1]
    if word is None or not following:  # nothing comes after it: that is an end, whatever the word
        return False
    return bool(
        _INITIALS.fullmatch(word[0])
        or word[0].casefold() in ABBREVIATIONS
        or (word[0].casefold() in BEFORE_NUMBERS and following.isdigit())
        or (word[0].casefold() == "etc" and following.islower())
        or (len(word[0]) == 1 and _SECOND_LETTER.match(text, end))
        or (word[0].isdecimal() and len(word[0]) <= 2 and _ORDINAL.match(text, end))
    )

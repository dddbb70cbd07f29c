"""Where the units of a solution end that a search asks about: tokens, or sentences."""

from typing import Literal

Unit = Literal["token", "sentence"]
STOPS = (".", "!", "?")


def cuts(strings: list[str], unit: Unit) -> list[int]:
    """The ends of all units of a solution whose tokens read `strings`: 0 first, the number of tokens last."""
    if unit == "token":
        return list(range(len(strings) + 1))
    ends = [place + 1 for place in range(len(strings) - 1) if _ends_sentence(strings[place], strings[place + 1])]
    return [0, *ends, len(strings)]


def first_unit(strings: list[str], unit: Unit) -> int:
    """How many tokens the first unit has."""
    return cuts(strings, unit)[1]


def _ends_sentence(text: str, following: str) -> bool:
    """A line ends, or a full stop is followed by a space; what continues a line break belongs to it."""
    if following.strip() == "" and "\n" in following:
        return False
    return "\n" in text or (text.rstrip().endswith(STOPS) and following[:1].isspace())

"""Group short answers by number or by words in common: the votes of small teachers (report §2.2, seeds, 2).

What strong teachers say is compared by `mechanisms/comparing.py`: words in common do not say that two mean the same.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from hornbook.oracles.extract_answer import extract_answer, first_line
from hornbook.oracles.number import parse_number
from hornbook.oracles.text import normalise
from hornbook.synthetic.words import FUNCTION_WORDS

LONGEST = 12  # words; longer answers are not compared
SAME = 0.6  # share of common words from which two short texts count as the same


class Vote(msgspec.Struct):
    """The largest group of answers that mean the same.

    Attributes:
        answer: its first member, as it was written.
        agreeing: how many answers are in it, of `total`.
        tied: another group is as large.
    """

    answer: str
    agreeing: int
    total: int
    tied: bool


def same_meaning(one: str, other: str) -> bool:
    """Whether two short answers mean the same: equal numbers if both have one, else mostly the same words."""
    first, second = comparable_form(one), comparable_form(other)
    if first is None or second is None:
        return False
    if isinstance(first, Decimal) or isinstance(second, Decimal):
        return first == second
    return len(first & second) / len(first | second) >= SAME


def comparable_form(answer: str) -> Decimal | frozenset[str] | None:
    """A number, yes or no, or the set of content words; None for an empty answer, or one too long to compare."""
    text = normalise(first_line(answer))
    if text.split()[:1] in (["yes"], ["no"]):  # the rest is ignored
        return frozenset(text.split()[:1])
    number = parse_number(first_line(answer))
    words = text.split()
    if number is not None and len(words) <= 4:  # "18", "18 apples", "x = 18"
        return number
    kept = frozenset(word for word in words if word not in FUNCTION_WORDS) or frozenset(words)
    return kept if kept and len(words) <= LONGEST else None


def vote(completions: Sequence[str]) -> Vote | None:
    """Group final answers by meaning, each into the first group it fits; None when no answer can be compared."""
    groups: list[list[str]] = []
    for completion in completions:
        answer = first_line(extract_answer(completion))
        if comparable_form(answer) is None:
            continue
        for group in groups:
            if same_meaning(group[0], answer):
                group.append(answer)
                break
        else:
            groups.append([answer])
    if not groups:
        return None
    largest = max(groups, key=len)  # the first of the largest ones
    tied = sum(len(group) == len(largest) for group in groups) > 1
    return Vote(largest[0], len(largest), len(completions), tied)

"""The ways in which an item of a benchmark is written, so that its copies are found in all of them (report B).

Letters of choices are words: "A. yes", "A) yes" and "(A) yes" are the same words, "yes" alone and "1. yes" are others.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import permutations
from string import ascii_uppercase
from typing import NamedTuple

from hornbook.data.benchmarks import BenchmarkItem

SHORT, LONG = 7, 13  # words of the two n-grams of algorithm 1
BLANK = re.compile(r"_+")
MOST_PERMUTED = 5  # choices; the orders of six are 720
MOST_CHOICES = 26
MARKS = [  # of choices: none, letters, numbers, and of short questions also these
    [""] * MOST_CHOICES,
    [*ascii_uppercase],
    [str(number) for number in range(1, MOST_CHOICES + 1)],
    ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"],
    [f"option {letter}" for letter in ascii_uppercase],
]


class Form(NamedTuple):
    """A part of an item by which it can be known. All ways to write it are searched for; the first gives its size."""

    texts: list[str]


def item_forms(item: BenchmarkItem) -> Iterator[Form]:
    """The question, the whole item, and the question with its answer.

    A question of seven words or more is known by its own n-grams, in whatever order and with whatever marks its choices
    follow; of a shorter one all orders and the usual marks are written out. A passage is public text, and not searched
    for: only its last words are, with the question.
    """
    question, asked = _without_passage(item.question)
    short = _words(asked) < SHORT
    answer = item.choices[item.answer_index] if item.choices and item.answer_index >= 0 else item.answer
    yield Form([asked, *_filled(asked, item.choices)])
    if asked != question:
        yield Form([question])
    if item.choices:
        orders = _orders(item.choices) if short else [tuple(item.choices)]
        yield Form([text for order in orders for text in _listed(question, order, MARKS if short else MARKS[:3])])
    elif item.tests:
        yield Form([f"{question}\n{item.answer}\n{item.tests}", f"{question}\n{item.tests}"])
    if answer and (short or _words(answer) >= SHORT):
        yield Form([f"{asked} {answer}"])
    if short and item.choices and _words(answer) >= SHORT:
        yield Form([answer])


def _without_passage(question: str) -> tuple[str, str]:
    """The question with the last words of the passage before it, and without."""
    passage, marked, asked = question.rpartition("\nQuestion: ")
    if not marked:
        return question, question
    return f"{' '.join(passage.split()[1 - SHORT :])}{marked}{asked}", asked


def _filled(question: str, choices: list[str]) -> list[str]:
    """The question with each choice in its blank."""
    before, *after = BLANK.split(question)
    return [f"{before}{choice}{after[0]}" for choice in choices] if len(after) == 1 else []


def _orders(choices: list[str]) -> list[tuple[str, ...]]:
    return list(permutations(choices)) if len(choices) <= MOST_PERMUTED else [tuple(choices)]


def _listed(question: str, choices: tuple[str, ...], marks: Sequence[Sequence[str]]) -> Iterator[str]:
    """The question and its choices, with each kind of marks."""
    for kind in marks:
        if len(choices) <= len(kind):
            marked = [f"{mark} {choice}" for mark, choice in zip(kind, choices, strict=False)]
            yield "\n".join([question, *marked])


def _words(text: str) -> int:
    return len(text.split())

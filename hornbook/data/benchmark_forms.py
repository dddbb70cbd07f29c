"""The ways in which an item of a benchmark is written, so that its copies are found in all of them (report B).

Letters of choices are words: "A. yes", "A) yes" and "(A) yes" are the same words, "yes" alone and "1. yes" are others.
"""

import re
from collections.abc import Iterator
from itertools import permutations
from string import ascii_uppercase
from typing import NamedTuple

from hornbook.data.benchmarks import BenchmarkItem

SHORT, LONG = 7, 13  # words of the two n-grams of algorithm 1
BLANK = re.compile(r"_+")
MOST_PERMUTED = 4  # choices; the orders of five are 120


class Form(NamedTuple):
    """A part of an item by which it can be known: the n-grams of all the ways to write it, and the size of the first."""

    texts: list[str]


def item_forms(item: BenchmarkItem) -> Iterator[Form]:
    """The question, the whole item, and the question with its answer.

    A question of seven words or more is known by its own n-grams, in whatever order choices follow. Of a shorter one
    all orders are written out.
    """
    _, _, asked = item.question.rpartition("\nQuestion: ")  # without the passage before it
    answer = item.choices[item.answer_index] if item.choices and item.answer_index >= 0 else item.answer
    yield Form([item.question, *_filled(item)])
    if asked != item.question:
        yield Form([asked])
    if item.choices:
        orders = _orders(item.choices) if _words(asked) < SHORT else [tuple(item.choices)]
        yield Form([text for order in orders for text in _listed(item.question, order)])
    elif item.tests:
        yield Form([f"{item.question}\n{item.answer}\n{item.tests}", f"{item.question}\n{item.tests}"])
    if answer and (_words(asked) < SHORT or _words(answer) >= SHORT):
        yield Form([f"{asked} {answer}"])


def _filled(item: BenchmarkItem) -> list[str]:
    """The question with each choice in its blank."""
    if not item.choices or len(BLANK.findall(item.question)) != 1:
        return []
    return [BLANK.sub(lambda _: choice, item.question) for choice in item.choices]  # noqa: B023


def _orders(choices: list[str]) -> list[tuple[str, ...]]:
    return list(permutations(choices)) if len(choices) <= MOST_PERMUTED else [tuple(choices)]


def _listed(question: str, choices: tuple[str, ...]) -> Iterator[str]:
    """The question and its choices: bare, with letters, with numbers."""
    yield "\n".join([question, *choices])
    if len(choices) <= len(ascii_uppercase):
        yield "\n".join([question, *(f"{letter}. {choice}" for letter, choice in zip(ascii_uppercase, choices))])
    yield "\n".join([question, *(f"{number}. {choice}" for number, choice in enumerate(choices, 1))])


def _words(text: str) -> int:
    return len(text.split())

"""Rules, and constraints: rules with sampled parameters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

Values = dict[str, Any]  # JSON: numbers, texts, lists of texts


SHORT = 60  # words of a short reply, for which the rules' numbers are written


class Topic(msgspec.Struct, frozen=True):
    """What a reply is about; the parameters of some rules come from it."""

    request: str  # what is asked, without any constraint
    terms: list[str]  # words that a reply may well use, in lower case
    size: int = SHORT  # words that a reply may well have

    def sized(self, count: int) -> int:
        """A count of words or characters of a short reply, for one of this size."""
        return count if self.size == SHORT else 5 * round(count * self.size / SHORT / 5)

    def more(self, count: int) -> int:
        """A count of items or paragraphs, which grows more slowly: one more for each 150 words."""
        return count + self.size // 150


@dataclass(frozen=True)
class Rule:
    """A kind of constraint.

    Attributes:
        draw: (random generator, topic) → parameters; None if the topic has no fitting terms.
        wordings: templates with the parameters as fields; one is sampled.
        holds: (reply, parameters) → whether the reply satisfies it.
        claims: aspects of a reply that it determines; no two rules of a reply may claim the same one.
        needs: aspects that other rules may not claim.
        shown: parameters → template fields, if they differ.
    """

    name: str
    draw: Callable[[np.random.Generator, Topic], Values | None]
    wordings: tuple[str, ...]
    holds: Callable[[str, Values], bool]
    claims: frozenset[str]
    needs: frozenset[str] = frozenset()
    shown: Callable[[Values], Mapping[str, Any]] = dict

    def conflicts(self, other: "Rule") -> bool:
        """Whether the two rules should not be combined."""
        return bool(self.claims & (other.claims | other.needs) or self.needs & other.claims)


class Constraint(msgspec.Struct, frozen=True):
    """A rule's name with its parameters, and which of its wordings is used: JSON, and so part of a record."""

    rule: str
    values: Values
    wording: int = 0


def aspects(names: str) -> frozenset[str]:
    return frozenset(names.split())


def quoted(words: Sequence[str]) -> str:
    """ "a", "b" and "c" """
    marked = [f'"{word}"' for word in words]
    return " and ".join([", ".join(marked[:-1]), marked[-1]] if len(marked) > 1 else marked)


def some(rng: np.random.Generator, items: Sequence[str], count: int) -> list[str]:
    """`count` different items, in random order; fewer where there are fewer."""
    return [items[number] for number in rng.permutation(len(items))[:count].tolist()]


def one_of(rng: np.random.Generator, items: Sequence[str]) -> str:
    return items[int(rng.integers(len(items)))]


def between(rng: np.random.Generator, least: int, most: int) -> int:
    """A whole number from `least` to `most`, both included."""
    return int(rng.integers(least, most + 1))

"""Rollouts with their outcomes, and what a search finds."""

from typing import NamedTuple

import msgspec
import numpy as np

from hornbook.base.records import Question
from hornbook.pts.records import Point


class Case(NamedTuple):
    """A question, and its prompt as token ids."""

    question: Question
    prompt: list[int]


class Prefix(NamedTuple):
    """The beginning of a solution: which case, and the tokens after the prompt."""

    case: int
    tokens: tuple[int, ...]


class Branch(NamedTuple):
    """Rollouts that follow `along` for `start` tokens and leave it before its end; none leave if `start` is its end."""

    along: Prefix
    start: int


def onward(prefix: Prefix) -> Branch:
    """Rollouts that begin where `prefix` ends, with any token."""
    return Branch(prefix, len(prefix.tokens))


class Trial(NamedTuple):
    """One rollout to make: the `number`-th of a `stream` of independent ones from a prefix, whose first token is not
    `avoid`."""

    prefix: Prefix
    stream: str
    number: int
    avoid: int = -1


class Outcome(msgspec.Struct, array_like=True):
    """How a trial went. `tokens` come after the prefix; `reason` says why the oracle broke, if it did."""

    tokens: list[int]
    logprobs: list[float]
    finish: str
    success: bool
    reason: str = ""


class Solution(NamedTuple):
    """A finished completion that is searched for pivotal tokens."""

    case: int
    tokens: tuple[int, ...]
    logprobs: list[float]
    success: bool

    def prefix(self, position: int) -> Prefix:
        """The solution's first `position` tokens."""
        return Prefix(self.case, self.tokens[:position])


class Finding(NamedTuple):
    """Tokens `start` to `end` of a solution move p(success) by at least p_gap.

    `delta` is the estimated move and `low` to `high` its interval, `error` the probability that it is below p_gap
    after all (0 where a search does not say), `proven` whether the interval lies beyond p_gap. `n_before` and `n_after`
    rollouts tell p(success) before it and after it. `drawn_before` are successes and size of a fair sample of rollouts
    from the prefix before it; `aside` are rollouts that left it aside, with what they share of it.
    """

    solution: int
    start: int
    end: int
    p_before: float
    p_after: float
    n_before: int
    n_after: int
    delta: float
    low: float
    high: float
    error: float
    proven: bool
    drawn_before: tuple[int, int]
    aside: list[tuple[list[int], Outcome]]


class Searched(NamedTuple):
    """Pivotal places in the order of the solutions, and what was learnt along each solution.

    `starts` is, by solution, what is believed of p(success) from its prompt: a distribution over `along.GRID`.
    """

    findings: list[Finding]
    curves: list[list[Point]]
    starts: list[np.ndarray]

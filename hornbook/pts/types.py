"""Types of the search: cases, prefixes, rollouts and findings."""

from typing import NamedTuple

import msgspec
import numpy as np

from hornbook.base.records import Question
from hornbook.pts.records import Point


class SearchCase(NamedTuple):
    """A question, and its prompt as token ids."""

    question: Question
    prompt: list[int]


class Prefix(NamedTuple):
    """The beginning of a solution: which case, and the tokens after the prompt."""

    case: int
    tokens: tuple[int, ...]


class Branch(NamedTuple):
    """Rollouts that share `start` tokens with `along` and diverge before its end; all if `start` is its end."""

    along: Prefix
    start: int


def continuations(prefix: Prefix) -> Branch:
    """Unrestricted rollouts from the end of `prefix`."""
    return Branch(prefix, len(prefix.tokens))


class RolloutTask(NamedTuple):
    """One rollout to make: the `number`-th of a `stream` of independent ones from a prefix, whose first token is not
    `avoid`."""

    prefix: Prefix
    stream: str
    number: int
    avoid: int = -1


class JudgedRollout(msgspec.Struct, array_like=True):
    """A finished rollout. `tokens` come after the prefix; `reason` is why the oracle failed, if it did."""

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
    (0 where a search does not give one), `proven` whether the interval lies beyond p_gap. `n_before` and `n_after` are
    the rollouts behind p(success) before and after it. `aside` are rollouts that diverge within it, each with the
    tokens in common.
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
    aside: list[tuple[list[int], JudgedRollout]]


class Searched(NamedTuple):
    """Pivotal tokens in the order of the solutions, and the curve of p(success) along each solution.

    `starts` is, by solution, the posterior of p(success) from its prompt: a distribution over `posterior.GRID`.
    """

    findings: list[Finding]
    curves: list[list[Point]]
    starts: list[np.ndarray]

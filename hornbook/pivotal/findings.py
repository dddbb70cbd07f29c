"""What a search says, whichever search it was."""

from typing import NamedTuple

import numpy as np

from hornbook.pivotal.outcomes import Outcome
from hornbook.pivotal.records import Point


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

"""Confirm each pivot with fresh rollouts, as few as decide.

v is p(success) after the pivot and s that of rollouts that diverge at it. Both are sampled again, equally often, until
it is clear whether (1 - π)(v - s) reaches p_gap in the direction that the search found, or `confirm` rollouts are made.
"""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np

from hornbook.base.workspace import Workspace
from hornbook.pts.branch_points import EXACT, Chain
from hornbook.pts.confidence_sequence import GRID, STEP, likelihood
from hornbook.pts.posterior import TAIL
from hornbook.pts.rollout_pools import Pools
from hornbook.pts.settings import PtsSettings
from hornbook.pts.types import Branch, Finding, Prefix, continuations

FIRST = 4  # rollouts on each side before the first decision


class Confirmation(NamedTuple):
    """Result of confirming a pivot: its delta with a 95 % interval, rollouts on each side, and whether it holds."""

    delta: float
    low: float
    high: float
    n: int
    holds: bool


class PivotCheck:
    """A pivot that is being confirmed."""

    def __init__(self, chain: Chain, finding: Finding, fresh: Pools, p_gap: float) -> None:
        self.chain, self.fresh, self.p_gap = chain, fresh, p_gap
        solution, self.sign = chain.solution, 1 if finding.delta > 0 else -1
        self.p_diverge = 1 - float(chain.stay_T[finding.start : finding.end].prod())
        self.diverging = Branch(Prefix(solution.case, solution.tokens[: finding.end]), finding.start)
        self.after = continuations(self.diverging.along)
        self.at_end = finding.end == len(solution.tokens)  # v is the verdict
        self.can_move = self.p_diverge >= p_gap - EXACT
        self.n = 0

    def sides(self) -> list[Branch]:
        return [self.diverging] if self.at_end else [self.diverging, self.after]

    def probability(self) -> float:
        """Posterior probability that it moves p(success) by p_gap in the direction that the search found."""
        if not self.can_move:
            return 0.0
        difference_A = self._difference()[:: self.sign]  # reversed for a negative move
        gap = (self.p_gap / self.p_diverge - EXACT) / STEP + (len(difference_A) - 1) / 2
        return float(difference_A[min(int(np.ceil(gap)), len(difference_A) - 1) :].sum())

    def verdict(self) -> Confirmation:
        if not self.can_move:
            return Confirmation(0.0, -self.p_diverge, self.p_diverge, 0, False)
        difference_A, moves_A = self._difference(), self.p_diverge * np.linspace(-1.0, 1.0, 2 * len(GRID) - 1)
        mass_A = difference_A.cumsum()
        low, high = (float(moves_A[min(len(moves_A) - 1, int(np.searchsorted(mass_A, t)))]) for t in (TAIL, 1 - TAIL))
        delta = float(difference_A @ moves_A)
        return Confirmation(delta, min(low, delta), max(high, delta), self.n, self.probability() >= 0.5)

    def _difference(self) -> np.ndarray:
        """The posterior of v - s, from -1 to 1, under uniform priors."""
        v_G = np.zeros(len(GRID))
        if self.at_end:
            v_G[-1 if self.chain.solution.success else 0] = 1.0
        else:
            v_G = _posterior(self.fresh.right(self.after), len(self.fresh.of(self.after)))
        s_G = _posterior(self.fresh.right(self.diverging), len(self.fresh.of(self.diverging)))
        return np.convolve(v_G, s_G[::-1])


@cache
def _posterior(right: int, n: int) -> np.ndarray:
    weight = likelihood(right, n)
    return np.asarray(weight / weight.sum())


def confirm(
    settings: PtsSettings, work: Workspace, chains: list[Chain], findings: list[Finding], fresh: Pools
) -> list[Confirmation]:
    """Confirm each finding; sampling stops once either answer has a probability of error of at most half the rate."""
    checks = [PivotCheck(chains[finding.solution], finding, fresh, settings.p_gap) for finding in findings]
    with work.progress("confirming", len(checks), "pivots") as bar:
        left = [check for check in checks if check.can_move]
        bar.advance(len(checks) - len(left))
        for n in _sizes(settings.confirm):
            wanted = {branch: n for check in left for branch in check.sides()}
            chain_of = {branch: check.chain for check in left for branch in check.sides()}
            fresh.extend(wanted, chain_of, lambda _: bar.advance(0))
            for check in left:
                check.n = n
            error = settings.error_rate / 2
            undecided = [check for check in left if error < check.probability() < 1 - error]
            bar.advance(len(left) - len(undecided))
            left = undecided
    return [check.verdict() for check in checks]


def _sizes(most: int) -> Iterator[int]:
    """Rollouts on each side at each decision, up to `most`."""
    n = min(FIRST, most)
    while n < most:
        yield n
        n = min(most, n + 2 + n // 4)
    yield n

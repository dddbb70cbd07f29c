"""Fresh rollouts that say of each pivot whether it holds: as few as decide.

v is p(success) after the pivot and s that of rollouts that leave the solution at it. They are sampled anew, as many a
side, until it is clear whether (1 - π)(v - s) reaches p_gap the way the search said, or `confirm` are made.
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
from hornbook.pts.types import Branch, Finding, Prefix, onward

FIRST = 4  # rollouts a side before the first look


class Verdict(NamedTuple):
    """What fresh rollouts say of a pivot: its move with a 95 % interval, rollouts a side, and whether it holds."""

    delta: float
    low: float
    high: float
    n: int
    holds: bool


class Appeal:
    """A pivot that is looked at anew."""

    def __init__(self, chain: Chain, finding: Finding, fresh: Pools, p_gap: float) -> None:
        self.chain, self.fresh, self.p_gap = chain, fresh, p_gap
        solution, self.sign = chain.solution, 1 if finding.delta > 0 else -1
        self.off_share = 1 - float(chain.stay_T[finding.start : finding.end].prod())
        self.off = Branch(Prefix(solution.case, solution.tokens[: finding.end]), finding.start)
        self.after = onward(self.off.along)
        self.ended = finding.end == len(solution.tokens)  # v is the verdict
        self.can_move = self.off_share >= p_gap - EXACT
        self.n = 0

    def sides(self) -> list[Branch]:
        return [self.off] if self.ended else [self.off, self.after]

    def chance(self) -> float:
        """That it moves p(success) by p_gap, the way the search said."""
        if not self.can_move:
            return 0.0
        apart_A = self._apart()[:: self.sign]  # a negative move turned round
        gap = (self.p_gap / self.off_share - EXACT) / STEP + (len(apart_A) - 1) / 2
        return float(apart_A[min(int(np.ceil(gap)), len(apart_A) - 1) :].sum())

    def verdict(self) -> Verdict:
        if not self.can_move:
            return Verdict(0.0, -self.off_share, self.off_share, 0, False)
        apart_A, moves_A = self._apart(), self.off_share * np.linspace(-1.0, 1.0, 2 * len(GRID) - 1)
        mass_A = apart_A.cumsum()
        low, high = (float(moves_A[min(len(moves_A) - 1, int(np.searchsorted(mass_A, t)))]) for t in (TAIL, 1 - TAIL))
        delta = float(apart_A @ moves_A)
        return Verdict(delta, min(low, delta), max(high, delta), self.n, self.chance() >= 0.5)

    def _apart(self) -> np.ndarray:
        """The distribution of v - s, from -1 to 1, when nothing was believed of either before."""
        v_G = np.zeros(len(GRID))
        if self.ended:
            v_G[-1 if self.chain.solution.success else 0] = 1.0
        else:
            v_G = _posterior(self.fresh.right(self.after), len(self.fresh.of(self.after)))
        s_G = _posterior(self.fresh.right(self.off), len(self.fresh.of(self.off)))
        return np.convolve(v_G, s_G[::-1])


@cache
def _posterior(right: int, n: int) -> np.ndarray:
    weight = likelihood(right, n)
    return np.asarray(weight / weight.sum())


def confirm(
    settings: PtsSettings, work: Workspace, chains: list[Chain], findings: list[Finding], fresh: Pools
) -> list[Verdict]:
    """A verdict on each finding, whose rollouts stop once it is believed at half of the error rate either way."""
    appeals = [Appeal(chains[finding.solution], finding, fresh, settings.p_gap) for finding in findings]
    with work.progress("confirming", len(appeals), "pivots") as bar:
        left = [appeal for appeal in appeals if appeal.can_move]
        bar.advance(len(appeals) - len(left))
        for n in _sizes(settings.confirm):
            wanted = {branch: n for appeal in left for branch in appeal.sides()}
            chain_of = {branch: appeal.chain for appeal in left for branch in appeal.sides()}
            fresh.extend(wanted, chain_of, lambda _: bar.advance(0))
            for appeal in left:
                appeal.n = n
            doubt = settings.error_rate / 2
            undecided = [appeal for appeal in left if doubt < appeal.chance() < 1 - doubt]
            bar.advance(len(left) - len(undecided))
            left = undecided
    return [appeal.verdict() for appeal in appeals]


def _sizes(most: int) -> Iterator[int]:
    """Rollouts a side at each look, up to `most`."""
    n = min(FIRST, most)
    while n < most:
        yield n
        n = min(most, n + 2 + n // 4)
    yield n

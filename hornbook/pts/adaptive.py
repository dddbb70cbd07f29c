"""The adaptive search: sample where it is most informative, stop when decided (report §4.3, at less cost).

Four things make it cheap. A token with probability above 1 - p_gap cannot move p(success) by p_gap, so it gets no
rollouts. Rollouts are forced to take a different token at informative positions; the exact token probabilities π
propagate their outcomes to all earlier positions. Each position is sampled only until it is decided. The next rollouts
go to the positions, over all questions, with the highest probability of being pivotal per token sampled.
"""

import math
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

from hornbook.pts.branch_points import Chain
from hornbook.pts.confidence_sequence import Counts, MovePosterior, interval
from hornbook.pts.judged_rollouts import OnDone
from hornbook.pts.posterior import ChainPosterior
from hornbook.pts.rollout_pools import PooledSample, Pools
from hornbook.pts.settings import PtsSettings
from hornbook.pts.types import Branch, Finding, Searched

BUDGET_IN_SOLUTIONS = 6.0  # default token budget of a question, in solution lengths: the lowest measured cost per pivot


class SearchProgress(NamedTuple):
    """How far a search has come, for its progress line."""

    decided: int
    branch_points: int
    pivots: int


class BranchPoint:
    """A position that may be pivotal, and its state in the search.

    Attributes:
        posterior: of its whole chain.
        p_diverge: probability that the model samples another token here.
        cost: expected tokens of one rollout, roughly.
        open: whether it is still undecided.
    """

    def __init__(self, number: int, posterior: ChainPosterior, index: int, seed: int, settings: PtsSettings) -> None:
        self.number, self.posterior, self.index = number, posterior, index
        self.chain, self.pools = posterior.chain, posterior.pools
        self.node, self.branch = self.chain.nodes[index], self.chain.branches[index]
        self.p_diverge = 1 - self.node.stay
        self.gap = min(1.0, settings.p_gap / self.p_diverge)
        self.seed, self.most = seed, settings.max_rollouts
        self.cost = int(posterior.costs[index])
        self.open = True
        self.look(settings)

    @cached_property
    def sample_after(self) -> PooledSample:
        """Rollouts from after this token that diverge later. Those that never diverge have the solution's verdict."""
        return PooledSample(self.chain, self.index, self.pools, self.seed, self.most, ends=False)

    @property
    def move(self) -> MovePosterior:
        return self.posterior.move[self.index]

    def look(self, settings: PtsSettings) -> None:
        """Update the posterior with new rollouts, and decide if possible."""
        self.posterior.update()
        sure = self.proven(settings) if settings.proof else self.move.p_pivotal >= 1 - settings.error_rate / 2
        hopeless = self.move.p_pivotal < settings.give_up
        self.open = not (sure or hopeless or len(self.pools.of(self.branch)) >= settings.max_rollouts)

    def proven(self, settings: PtsSettings) -> bool:
        """Whether the confidence sequence lies beyond p_gap."""
        if self.move.p_pivotal < 0.5:
            return False
        low, high = self.interval(settings)
        return low >= self.gap - 1e-9 or high <= -self.gap + 1e-9

    def interval(self, settings: PtsSettings) -> tuple[float, float]:
        """The confidence sequence of v - s."""
        self.sample_after.advance()
        end = self.sample_after.end
        return interval(self.counts(), settings.error_rate, end * self.chain.solution.success, 1 - end)

    def counts(self) -> Counts:
        return Counts(
            self.sample_after.right, self.sample_after.n, self.pools.right(self.branch), len(self.pools.of(self.branch))
        )

    def needs(self, settings: PtsSettings) -> list[tuple[Branch, int]]:
        """The most informative rollouts: branches, and how many rollouts each should have."""
        if settings.proof:
            return self._needs_of_proof()
        index = self.posterior.most_informative(self.index)
        n = len(self.pools.of(self.chain.branches[index]))
        return [(self.chain.branches[index], n + 2 + n // 4)]

    def _needs_of_proof(self) -> list[tuple[Branch, int]]:
        """Rollouts on the side with the larger variance."""
        self.sample_after.advance()
        v_right, v_n, s_right, s_n = self.counts()
        step = 2 + min(v_n, s_n) // 4
        v_variance = (1 - self.sample_after.end) ** 2 * _variance(v_right, v_n)
        if v_n < self.sample_after.most and v_variance > _variance(s_right, s_n):
            return self.sample_after.missing(step)
        return [(self.branch, s_n + step)]

    def finding(self, settings: PtsSettings) -> Finding:
        low, high = self.interval(settings)
        delta, p_after = self.p_diverge * self.move.mean, float(self.posterior.after[self.index])
        pool, positions = self.pools.of(self.branch), self.pools.positions.get(self.branch, [])
        tokens = self.chain.solution.tokens
        return Finding(
            solution=self.number,
            start=self.node.start,
            end=self.node.end,
            p_before=min(1.0, max(0.0, p_after - delta)),
            p_after=p_after,
            n_before=int(self.posterior.seen[self.index :].sum()),
            n_after=int(self.posterior.seen[self.index + 1 :].sum()),
            delta=delta,
            low=min(delta, self.p_diverge * low),
            high=max(delta, self.p_diverge * high),
            error=1 - self.move.p_pivotal,
            proven=self.proven(settings),
            aside=[
                (list(tokens[self.node.start : position]), outcome)
                for position, outcome in zip(positions, pool, strict=True)
            ],
        )


def _variance(right: int, n: int) -> float:
    """Variance of an estimated share, smoothed so that it is not 0 for small samples."""
    p = (right + 0.5) / (n + 1)
    return p * (1 - p) / (n + 1)


def adaptive(
    chains: list[Chain],
    pools: Pools,
    settings: PtsSettings,
    seed: int,
    round_size: int,
    on_round: Callable[[SearchProgress], OnDone | None] = lambda _: None,
) -> Searched:
    """The pivotal tokens of each chain. Each round samples about `round_size` rollouts; `on_round` is called before it.

    Reports as many as keep the expected share of false ones at or below `error_rate`, the most probable first; with
    `proof`, only those whose confidence sequence lies beyond p_gap.
    """
    posteriors = [ChainPosterior(chain, pools, settings.p_gap) for chain in chains]
    branch_points = [
        BranchPoint(number, posterior, index, seed, settings)
        for number, posterior in enumerate(posteriors)
        for index in posterior.chain.branch_points()
    ]
    chain_of = {branch: chain for chain in chains for branch in chain.branches}
    most = budget(settings, chains, pools.runner.tokens)
    while open_points := [point for point in branch_points if point.open]:
        if pools.runner.tokens >= most:
            break
        state = SearchProgress(
            len(branch_points) - len(open_points), len(branch_points), len(pivotal_points(branch_points, settings))
        )
        pools.extend(next_rollouts(open_points, pools, settings, round_size), chain_of, on_round(state))
        for point in open_points:
            point.look(settings)
    findings = [point.finding(settings) for point in pivotal_points(branch_points, settings)]
    return Searched(
        findings, [posterior.curve() for posterior in posteriors], [posterior.start() for posterior in posteriors]
    )


def budget(settings: PtsSettings, chains: list[Chain], sampled: int) -> float:
    """The total of sampled tokens at which the search ends; `sampled` were sampled before it begins."""
    questions = len({chain.solution.case for chain in chains})
    each: float | None = settings.question_tokens
    if each is None:
        each = BUDGET_IN_SOLUTIONS * sum(len(chain.solution.tokens) for chain in chains) / max(1, len(chains))
    limits = [sampled + each * questions if each else math.inf, settings.max_tokens or math.inf]
    return min(limits)


def next_rollouts(
    branch_points: list[BranchPoint], pools: Pools, settings: PtsSettings, round_size: int
) -> dict[Branch, int]:
    """The next round: how many rollouts each branch should have. Points of the highest priority come first."""
    wanted: dict[Branch, int] = {}
    size = 0
    ranked = sorted(range(len(branch_points)), key=lambda i: (-_priority(branch_points[i], settings), i))
    for point in (branch_points[i] for i in ranked):
        if size >= round_size:
            break
        for branch, n in point.needs(settings):
            already = wanted.get(branch, len(pools.of(branch)))
            if n > already:
                wanted[branch] = n
                size += n - already
    return wanted


def _priority(point: BranchPoint, settings: PtsSettings) -> float:
    """Probability that the point is pivotal, per token of a rollout.

    With a token budget most points stay undecided: it is spent on those near a decision, and those certain enough to be
    reported get no more. Without a budget all points are decided, the most probable first.
    """
    moves = point.move.p_pivotal
    if not (settings.max_tokens or settings.question_tokens != 0):
        return moves / point.cost
    return moves**2 / point.cost if moves < 1 - settings.error_rate else 0.0


def pivotal_points(branch_points: list[BranchPoint], settings: PtsSettings) -> list[BranchPoint]:
    """The branch points to report as pivotal, in their given order."""
    likely = [point for point in branch_points if point.move.p_pivotal >= 0.5]
    if settings.proof:
        return [point for point in likely if point.proven(settings)]
    ranked = sorted(range(len(likely)), key=lambda i: (-likely[i].move.p_pivotal, i))
    errors, kept = 0.0, []
    for count, i in enumerate(ranked, start=1):
        errors += 1 - likely[i].move.p_pivotal
        if errors > settings.error_rate * count:
            break
        kept.append(i)
    return [likely[i] for i in sorted(kept)]

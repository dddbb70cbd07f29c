"""The adaptive search: sample where it decides most, and stop where enough is known (report §4.3, at less cost).

Four things make it cheap. A token that the model gives 1 - π < p_gap of doubt cannot be pivotal, so nothing is sampled
for it. Rollouts are forced off the solution where something is to be learnt, and what they say is carried back by the
exact π, so that each one counts at every place before it. Each place is sampled only until it is decided. And the next
rollouts go to the places, of all questions, that are likeliest to be pivotal for their price.
"""

import math
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

from hornbook.pts.branch_points import Chain
from hornbook.pts.confidence_sequence import Belief, Counts, interval
from hornbook.pts.judged_rollouts import OnDone
from hornbook.pts.posterior import Beliefs
from hornbook.pts.rollout_pools import Pools, Stream
from hornbook.pts.settings import PtsSettings
from hornbook.pts.types import Branch, Finding, Searched

SOLUTIONS_WORTH = 6.0  # tokens that a question gets by default, in solutions: measured to be cheapest for each pivot


class State(NamedTuple):
    """How far a search has come, for its progress line."""

    decided: int
    forks: int
    pivots: int


class Fork:
    """A place that may be pivotal, with what is known of it.

    Attributes:
        beliefs: of its whole chain.
        open: not decided yet.
    """

    def __init__(self, number: int, beliefs: Beliefs, index: int, seed: int, settings: PtsSettings) -> None:
        self.number, self.beliefs, self.index = number, beliefs, index
        self.chain, self.pools = beliefs.chain, beliefs.pools
        self.node, self.branch = self.chain.nodes[index], self.chain.branches[index]
        self.off = 1 - self.node.stay
        self.gap = min(1.0, settings.p_gap / self.off)
        self.seed, self.most = seed, settings.max_rollouts
        self.price = int(beliefs.prices[index])  # about the tokens of a rollout
        self.open = True
        self.look(settings)

    @cached_property
    def behind(self) -> Stream:
        """Rollouts from behind the tokens that leave the solution later; the others end with its verdict."""
        return Stream(self.chain, self.index, self.pools, self.seed, self.most, ends=False)

    @property
    def belief(self) -> Belief:
        return self.beliefs.move[self.index]

    def look(self, settings: PtsSettings) -> None:
        """Take in new rollouts, and decide if that can be done."""
        self.beliefs.update()
        sure = self.proven(settings) if settings.proof else self.belief.moves >= 1 - settings.error_rate / 2
        hopeless = self.belief.moves < settings.give_up
        self.open = not (sure or hopeless or len(self.pools.of(self.branch)) >= settings.max_rollouts)

    def proven(self, settings: PtsSettings) -> bool:
        """Whether the confidence sequence lies beyond p_gap."""
        if self.belief.moves < 0.5:
            return False
        low, high = self.interval(settings)
        return low >= self.gap - 1e-9 or high <= -self.gap + 1e-9

    def interval(self, settings: PtsSettings) -> tuple[float, float]:
        """The confidence sequence of v - s."""
        self.behind.advance()
        end = self.behind.end
        return interval(self.counts(), settings.error_rate, end * self.chain.solution.success, 1 - end)

    def counts(self) -> Counts:
        return Counts(self.behind.right, self.behind.n, self.pools.right(self.branch), len(self.pools.of(self.branch)))

    def needs(self, settings: PtsSettings) -> list[tuple[Branch, int]]:
        """The rollouts that would tell most."""
        if settings.proof:
            return self._needs_of_a_proof()
        index = self.beliefs.most_telling(self.index)
        n = len(self.pools.of(self.chain.branches[index]))
        return [(self.chain.branches[index], n + 2 + n // 4)]

    def _needs_of_a_proof(self) -> list[tuple[Branch, int]]:
        """Rollouts on the side of which less is known."""
        self.behind.advance()
        v_right, v_n, s_right, s_n = self.counts()
        step = 2 + min(v_n, s_n) // 4
        v_variance = (1 - self.behind.end) ** 2 * _variance(v_right, v_n)
        if v_n < self.behind.most and v_variance > _variance(s_right, s_n):
            return self.behind.missing(step)
        return [(self.branch, s_n + step)]

    def finding(self, settings: PtsSettings) -> Finding:
        low, high = self.interval(settings)
        delta, p_after = self.off * self.belief.mean, float(self.beliefs.after[self.index])
        before = Stream(self.chain, self.index - 1, self.pools, self.seed, self.most)
        before.advance()
        pool, places = self.pools.of(self.branch), self.pools.places.get(self.branch, [])
        tokens = self.chain.solution.tokens
        return Finding(
            solution=self.number,
            start=self.node.start,
            end=self.node.end,
            p_before=min(1.0, max(0.0, p_after - delta)),
            p_after=p_after,
            n_before=int(self.beliefs.seen[self.index :].sum()),
            n_after=int(self.beliefs.seen[self.index + 1 :].sum()),
            delta=delta,
            low=min(delta, self.off * low),
            high=max(delta, self.off * high),
            error=1 - self.belief.moves,
            proven=self.proven(settings),
            drawn_before=(before.right, before.n),
            aside=[
                (list(tokens[self.node.start : place]), outcome) for place, outcome in zip(places, pool, strict=True)
            ],
        )


def _variance(right: int, n: int) -> float:
    """Of the estimate of a share, before the sample is seen to be large enough to say."""
    p = (right + 0.5) / (n + 1)
    return p * (1 - p) / (n + 1)


def adaptive(
    chains: list[Chain],
    pools: Pools,
    settings: PtsSettings,
    seed: int,
    wave: int,
    tell: Callable[[State], OnDone | None] = lambda _: None,
) -> Searched:
    """The pivotal places of each chain; `wave` rollouts are made together, and `tell` hears of each wave before it.

    Which are reported: those of which the share that is not pivotal is believed to be at most `error_rate`, the surest
    first; with `proof`, those alone that the confidence sequence puts beyond p_gap.
    """
    beliefs = [Beliefs(chain, pools, settings.p_gap) for chain in chains]
    forks = [
        Fork(number, along, index, seed, settings)
        for number, along in enumerate(beliefs)
        for index in along.chain.forks()
    ]
    chain_of = {branch: chain for chain in chains for branch in chain.branches}
    most = budget(settings, chains, pools.trials.tokens)
    while open_forks := [fork for fork in forks if fork.open]:
        if pools.trials.tokens >= most:
            break
        state = State(len(forks) - len(open_forks), len(forks), len(report(forks, settings)))
        pools.extend(choose(open_forks, pools, settings, wave), chain_of, tell(state))
        for fork in open_forks:
            fork.look(settings)
    findings = [fork.finding(settings) for fork in report(forks, settings)]
    return Searched(findings, [along.curve() for along in beliefs], [along.start() for along in beliefs])


def budget(settings: PtsSettings, chains: list[Chain], sampled: int) -> float:
    """The tokens at which the search ends, of which `sampled` are there when it begins."""
    questions = len({chain.solution.case for chain in chains})
    each: float | None = settings.question_tokens
    if each is None:
        each = SOLUTIONS_WORTH * sum(len(chain.solution.tokens) for chain in chains) / max(1, len(chains))
    limits = [sampled + each * questions if each else math.inf, settings.max_tokens or math.inf]
    return min(limits)


def choose(forks: list[Fork], pools: Pools, settings: PtsSettings, wave: int) -> dict[Branch, int]:
    """The next wave, for the forks likeliest to be pivotal for their price: how many rollouts each branch gets."""
    wanted: dict[Branch, int] = {}
    size = 0
    ranked = sorted(range(len(forks)), key=lambda i: (-_worth(forks[i], settings), i))
    for fork in (forks[i] for i in ranked):
        if size >= wave:
            break
        for branch, n in fork.needs(settings):
            already = wanted.get(branch, len(pools.of(branch)))
            if n > already:
                wanted[branch] = n
                size += n - already
    return wanted


def _worth(fork: Fork, settings: PtsSettings) -> float:
    """How likely the fork is pivotal, for its price.

    A budget leaves most forks undecided. So it goes to those that are near a decision, and what will be reported as it
    is waits. Without one all are decided, and the surest come first.
    """
    moves = fork.belief.moves
    if not (settings.max_tokens or settings.question_tokens != 0):
        return moves / fork.price
    return moves**2 / fork.price if moves < 1 - settings.error_rate else 0.0


def report(forks: list[Fork], settings: PtsSettings) -> list[Fork]:
    """The forks to call pivotal, in the order of their places."""
    likely = [fork for fork in forks if fork.belief.moves >= 0.5]
    if settings.proof:
        return [fork for fork in likely if fork.proven(settings)]
    surest = sorted(range(len(likely)), key=lambda i: (-likely[i].belief.moves, i))
    errors, kept = 0.0, []
    for count, i in enumerate(surest, start=1):
        errors += 1 - likely[i].belief.moves
        if errors > settings.error_rate * count:
            break
        kept.append(i)
    return [likely[i] for i in sorted(kept)]

"""The adaptive search: sample where it decides most, and stop where enough is known (report §4.3, at less cost).

Four things make it cheap. A token that the model gives 1 - π < p_gap of doubt cannot be pivotal, so nothing is sampled
for it. Rollouts are forced off the solution where something is to be learnt, and weighted back by the exact π, so that
each one counts at every place before it. Each place is sampled only until it is decided. And the next rollouts go to
the places, of all questions, that are likeliest to be pivotal for their price.
"""

from collections.abc import Callable
from typing import NamedTuple

from hornbook.pivotal.chain import Chain
from hornbook.pivotal.curve import curve
from hornbook.pivotal.evidence import Belief, Counts, believe, interval
from hornbook.pivotal.findings import Finding, Searched
from hornbook.pivotal.outcomes import Branch
from hornbook.pivotal.pools import Pools, Stream
from hornbook.pivotal.settings import PtsSettings
from hornbook.pivotal.trials import OnDone


class State(NamedTuple):
    """How far a search has come, for its progress line."""

    decided: int
    forks: int
    pivots: int


class Fork:
    """A place that may be pivotal, with what is known of it.

    Attributes:
        gap: how far success after the tokens and success off them lie apart if they move p(success) by p_gap.
        after, before: rollouts from behind the tokens, and from before them.
        belief: what to believe of the difference.
        open: not decided yet.
    """

    def __init__(self, number: int, chain: Chain, index: int, pools: Pools, seed: int, settings: PtsSettings) -> None:
        self.number, self.chain, self.index, self.pools = number, chain, index, pools
        self.node, self.branch = chain.nodes[index], chain.branches[index]
        self.off = 1 - self.node.stay
        self.gap = min(1.0, settings.p_gap / self.off)
        self.after = Stream(chain, index, pools, seed, settings.max_rollouts)
        self.before = Stream(chain, index - 1, pools, seed, settings.max_rollouts)
        self.price = len(chain.solution.tokens) - self.node.start  # about the tokens of a rollout
        self.open = True
        self.look(settings)

    def look(self, settings: PtsSettings) -> None:
        """Take in new rollouts, and decide if that can be done."""
        self.after.advance()
        pool = self.pools.of(self.branch)
        self.counts = Counts(self.after.right, self.after.n, sum(outcome.success for outcome in pool), len(pool))
        self.belief: Belief = believe(self.counts, self.gap)
        sure = self.proven(settings) if settings.proof else self.belief.moves >= 1 - settings.error_rate / 2
        hopeless = self.belief.moves < settings.give_up
        self.open = not (sure or hopeless or self.counts.s_n >= settings.max_rollouts)

    def proven(self, settings: PtsSettings) -> bool:
        """Whether the confidence sequence lies beyond p_gap."""
        if self.belief.moves < 0.5:
            return False
        low, high = interval(self.counts, settings.error_rate)
        return low >= self.gap - 1e-9 or high <= -self.gap + 1e-9

    def needs(self) -> list[tuple[Branch, int]]:
        """The rollouts that would tell most, on the side of which less is known."""
        v_right, v_n, s_right, s_n = self.counts
        step = 2 + min(v_n, s_n) // 4
        if v_n < self.after.most and _variance(v_right, v_n) > _variance(s_right, s_n):
            return self.after.missing(step)
        return [(self.branch, s_n + step)]

    def finding(self, settings: PtsSettings) -> Finding:
        v_right, v_n, _, _ = self.counts
        low, high = interval(self.counts, settings.error_rate)
        delta = self.off * self.belief.mean
        p_after = (v_right + 0.5) / (v_n + 1)
        self.before.advance()
        pool, places = self.pools.of(self.branch), self.pools.places.get(self.branch, [])
        tokens = self.chain.solution.tokens
        return Finding(
            solution=self.number,
            start=self.node.start,
            end=self.node.end,
            p_before=min(1.0, max(0.0, p_after - delta)),
            p_after=p_after,
            n_before=self.before.n,
            n_after=v_n,
            delta=delta,
            low=min(delta, self.off * low),
            high=max(delta, self.off * high),
            error=1 - self.belief.moves,
            proven=self.proven(settings),
            right_before=self.before.right,
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
    forks = [
        Fork(number, chain, index, pools, seed, settings)
        for number, chain in enumerate(chains)
        for index in chain.forks()
    ]
    chain_of = {branch: chain for chain in chains for branch in chain.branches}
    while open_forks := [fork for fork in forks if fork.open]:
        if settings.max_tokens and pools.trials.tokens >= settings.max_tokens:
            break
        state = State(len(forks) - len(open_forks), len(forks), len(report(forks, settings)))
        pools.extend(choose(open_forks, pools, wave), chain_of, tell(state))
        for fork in open_forks:
            fork.look(settings)
    return Searched(
        [fork.finding(settings) for fork in report(forks, settings)], [curve(chain, pools) for chain in chains]
    )


def choose(forks: list[Fork], pools: Pools, wave: int) -> dict[Branch, int]:
    """The next wave, for the forks likeliest to be pivotal for their price: how many rollouts each branch gets."""
    wanted: dict[Branch, int] = {}
    size = 0
    ranked = sorted(range(len(forks)), key=lambda i: (-forks[i].belief.moves / forks[i].price, i))
    for fork in (forks[i] for i in ranked):
        if size >= wave:
            break
        for branch, n in fork.needs():
            already = wanted.get(branch, len(pools.of(branch)))
            if n > already:
                wanted[branch] = n
                size += n - already
    return wanted


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

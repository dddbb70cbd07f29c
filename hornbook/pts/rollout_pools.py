"""Rollouts that leave a solution at a known place, kept by place, and the samples further back that they make up."""

import numpy as np

from hornbook.base.rng import derive, rng
from hornbook.pts.branch_points import Chain
from hornbook.pts.judged_rollouts import OnDone, Trials
from hornbook.pts.types import Branch, Outcome, Prefix, Trial


class Pools:
    """Independent rollouts by branch, sampled once whoever needs them. `stream` names those that follow to the end."""

    def __init__(self, trials: Trials, seed: int, stream: str = "search") -> None:
        self.trials, self.seed, self.stream = trials, seed, stream
        self.outcomes: dict[Branch, list[Outcome]] = {}
        self.places: dict[Branch, list[int]] = {}  # where each of them left

    def of(self, branch: Branch) -> list[Outcome]:
        return self.outcomes.setdefault(branch, [])

    def right(self, branch: Branch) -> int:
        return sum(outcome.success for outcome in self.of(branch))

    def extend(self, wanted: dict[Branch, int], chains: dict[Branch, Chain], on_done: OnDone | None = None) -> None:
        """Sample until each branch holds as many rollouts as wanted, all in one wave."""
        wave = [
            (branch, self._trial(branch, number, chains.get(branch)))
            for branch, n in wanted.items()
            for number in range(len(self.of(branch)), n)
        ]
        for (branch, trial), outcome in zip(wave, self.trials.run([trial for _, trial in wave], on_done), strict=True):
            self.add(branch, len(trial.prefix.tokens), outcome)

    def add(self, branch: Branch, place: int, outcome: Outcome) -> None:
        self.of(branch).append(outcome)
        self.places.setdefault(branch, []).append(place)

    def reuse(self, chains: list[Chain], made: list[Outcome]) -> None:
        """Take in rollouts from the prompt of these chains, each where it leaves them; solutions may begin alike.

        They must be independent of how the solutions were chosen: those made after the last of them are.
        """
        for outcome in made:
            left = {}
            for chain in chains:
                ahead = zip(chain.solution.tokens, outcome.tokens, strict=False)
                place = next((place for place, (ours, theirs) in enumerate(ahead) if ours != theirs), None)
                if place is not None:
                    left[chain.branches[chain.node_at(place)]] = place
            for branch, place in left.items():
                rest = Outcome(outcome.tokens[place:], outcome.logprobs[place:], outcome.finish, outcome.success)
                self.add(branch, place, rest)

    def _trial(self, branch: Branch, number: int, chain: Chain | None) -> Trial:
        case, tokens = branch.along
        if branch.start == len(tokens):
            return Trial(branch.along, self.stream, number)
        name = str(derive(branch.start, *tokens))
        place = branch.start
        if chain is not None:
            u = rng(self.seed, "leave", self.stream, self.trials.cases[case].question.id, name, number).random()
            place = chain.place(branch.start, len(tokens), u)
        return Trial(Prefix(case, tokens[:place]), f"{self.stream} off {name}", number, avoid=tokens[place])


class Stream:
    """Rollouts from after a node of a chain, drawn out of the pools of the nodes that come after it.

    Each walks along the chain by its exact probabilities and takes the next unused rollout of the pool where it leaves;
    one that reaches the end has the solution's verdict for nothing. So they are independent and fair samples; without
    `ends`, of those that do leave.

    Attributes:
        end: the probability to reach the end.
        right, n: successes among the first `n` rollouts, as far as the pools reach.
    """

    def __init__(self, chain: Chain, after: int, pools: Pools, seed: int, most: int, ends: bool = True) -> None:
        self.chain, self.pools = chain, pools
        chance = chain.leaves(after)
        self.end = float(chance[-1])
        chance = chance if ends else chance[:-1]
        self.most = most if chance.sum() > 0 else 0
        drawn = np.zeros(0, dtype=np.int64)
        if self.most:
            drawn = rng(seed, "walk", chain.name, after).choice(len(chance), size=most, p=chance / chance.sum())
        self.node_M = drawn + after + 1  # where each leaves; the number of nodes if it reaches the end
        self.rank_M = np.zeros(most, dtype=np.int64)  # how many before it left there too
        for node in np.unique(self.node_M):
            self.rank_M[self.node_M == node] = np.arange((self.node_M == node).sum())
        self.right = self.n = 0

    def advance(self) -> None:
        """Take in what the pools hold by now."""
        while self.n < self.most:
            node = int(self.node_M[self.n])
            if node == len(self.chain.nodes):
                self.right += self.chain.solution.success
            else:
                pool = self.pools.of(self.chain.branches[node])
                if self.rank_M[self.n] >= len(pool):
                    return
                self.right += pool[self.rank_M[self.n]].success
            self.n += 1

    def missing(self, count: int) -> list[tuple[Branch, int]]:
        """What the next `count` rollouts that are not there yet need: branches, and how many rollouts of each."""
        needs: list[tuple[Branch, int]] = []
        for node, rank in zip(self.node_M[self.n :].tolist(), self.rank_M[self.n :].tolist(), strict=True):
            if len(needs) == count:
                break
            if node < len(self.chain.nodes) and rank >= len(self.pools.of(self.chain.branches[node])):
                needs.append((self.chain.branches[node], rank + 1))
        return needs

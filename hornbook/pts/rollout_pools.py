"""Rollouts grouped by where they diverge from a solution, and samples of earlier prefixes built from them."""

import numpy as np

from hornbook.base.rng import derive, rng
from hornbook.pts.branch_points import Chain
from hornbook.pts.judged_rollouts import OnDone, RolloutRunner
from hornbook.pts.types import Branch, JudgedRollout, Prefix, RolloutTask


class Pools:
    """Independent rollouts by branch, each sampled once and shared by all callers. `stream` is part of their seeds."""

    def __init__(self, runner: RolloutRunner, seed: int, stream: str = "search") -> None:
        self.runner, self.seed, self.stream = runner, seed, stream
        self.outcomes: dict[Branch, list[JudgedRollout]] = {}
        self.positions: dict[Branch, list[int]] = {}  # the token at which each of them diverges

    def of(self, branch: Branch) -> list[JudgedRollout]:
        return self.outcomes.setdefault(branch, [])

    def right(self, branch: Branch) -> int:
        return sum(outcome.success for outcome in self.of(branch))

    def extend(self, wanted: dict[Branch, int], chains: dict[Branch, Chain], on_done: OnDone | None = None) -> None:
        """Sample until each branch has as many rollouts as wanted, all in one call."""
        tasks = [
            (branch, self._task(branch, number, chains.get(branch)))
            for branch, n in wanted.items()
            for number in range(len(self.of(branch)), n)
        ]
        for (branch, task), outcome in zip(tasks, self.runner.run([task for _, task in tasks], on_done), strict=True):
            self.add(branch, len(task.prefix.tokens), outcome)

    def add(self, branch: Branch, position: int, outcome: JudgedRollout) -> None:
        self.of(branch).append(outcome)
        self.positions.setdefault(branch, []).append(position)

    def reuse(self, chains: list[Chain], made: list[JudgedRollout]) -> None:
        """Add rollouts from the prompt of these chains, each where it diverges; solutions may share a prefix.

        For a confidence sequence they must be independent of how the solutions were chosen.
        """
        for outcome in made:
            left = {}
            for chain in chains:
                ahead = zip(chain.solution.tokens, outcome.tokens, strict=False)
                position = next((position for position, (ours, theirs) in enumerate(ahead) if ours != theirs), None)
                if position is not None:
                    left[chain.branches[chain.node_at(position)]] = position
            for branch, position in left.items():
                rest = JudgedRollout(
                    outcome.tokens[position:], outcome.logprobs[position:], outcome.finish, outcome.success
                )
                self.add(branch, position, rest)

    def _task(self, branch: Branch, number: int, chain: Chain | None) -> RolloutTask:
        case, tokens = branch.along
        if branch.start == len(tokens):
            return RolloutTask(branch.along, self.stream, number)
        name = str(derive(branch.start, *tokens))
        position = branch.start
        if chain is not None:
            u = rng(self.seed, "leave", self.stream, self.runner.cases[case].question.id, name, number).random()
            position = chain.sample_position(branch.start, len(tokens), u)
        return RolloutTask(Prefix(case, tokens[:position]), f"{self.stream} off {name}", number, avoid=tokens[position])


class PooledSample:
    """An unbiased sample of rollouts from after a node of a chain, built from the pools of the later nodes.

    For each rollout, the node at which it diverges is drawn by the exact probabilities, and the next unused rollout of
    that node's pool is taken; one that reaches the end has the solution's verdict. So they are independent. Without
    `ends`, they are a sample of the rollouts that diverge.

    Attributes:
        end: the probability of reaching the end.
        right, n: successes among the first `n` rollouts, as many as the pools provide.
    """

    def __init__(self, chain: Chain, after: int, pools: Pools, seed: int, most: int, ends: bool = True) -> None:
        self.chain, self.pools = chain, pools
        chance = chain.divergence(after)
        self.end = float(chance[-1])
        chance = chance if ends else chance[:-1]
        self.most = most if chance.sum() > 0 else 0
        drawn = np.zeros(0, dtype=np.int64)
        if self.most:
            drawn = rng(seed, "walk", chain.name, after).choice(len(chance), size=most, p=chance / chance.sum())
        self.node_M = drawn + after + 1  # where each diverges; the number of nodes if it reaches the end
        self.rank_M = np.zeros(most, dtype=np.int64)  # how many earlier ones diverge there too
        for node in np.unique(self.node_M):
            self.rank_M[self.node_M == node] = np.arange((self.node_M == node).sum())
        self.right = self.n = 0

    def advance(self) -> None:
        """Add the rollouts that the pools have by now."""
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
        """Branches of the next `count` missing rollouts, and how many rollouts each branch needs."""
        needs: list[tuple[Branch, int]] = []
        for node, rank in zip(self.node_M[self.n :].tolist(), self.rank_M[self.n :].tolist(), strict=True):
            if len(needs) == count:
                break
            if node < len(self.chain.nodes) and rank >= len(self.pools.of(self.chain.branches[node])):
                needs.append((self.chain.branches[node], rank + 1))
        return needs

"""A solution as a chain of nodes at which a rollout may diverge from it (report §4.3).

With π_k the probability of token k and s_k the success rate of rollouts forced to take another token there,
p(success | first k-1 tokens) = π_k · p(success | first k tokens) + (1 - π_k) · s_k, and the last p is the verdict. So
rollouts that diverge at each token, weighted by the exact π, give p(success) at every token before them.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from hornbook.base.rng import derive
from hornbook.pts.types import Branch, Prefix, Solution

EXACT = 1e-6  # precision of stored log-probabilities


class Node(NamedTuple):
    """Tokens `start` to `end` (exclusive) of a solution; `stay` is the probability of all of them given those before.

    A `branch_point` may move p(success) by p_gap. The tokens between two branch points cannot, whatever diverging
    rollouts do.
    """

    start: int
    end: int
    stay: float
    branch_point: bool


class Chain:
    """A solution cut into branch points and the stretches between them.

    Attributes:
        nodes: in order; together they cover the solution.
        branches: for each node, the rollouts that diverge there.
        name: identifies question and tokens, for seeds.
    """

    def __init__(self, question: str, solution: Solution, cuts: list[int], p_gap: float) -> None:
        """`cuts` are the ends of the units (tokens or sentences) that are searched, from 0 to the last."""
        self.solution = solution
        self.stay_T = np.exp(np.minimum(np.asarray(solution.logprobs, dtype=np.float64), 0.0))
        self.nodes: list[Node] = []
        for start, end in pairwise(cuts):
            stay = float(self.stay_T[start:end].prod())
            branch_point = 1 - stay >= p_gap - EXACT
            if not branch_point and self.nodes and not self.nodes[-1].branch_point:
                before = self.nodes.pop()
                start, stay = before.start, stay * before.stay
            self.nodes.append(Node(start, end, stay, branch_point))
        self.branches = [Branch(Prefix(solution.case, solution.tokens[: n.end]), n.start) for n in self.nodes]
        self.name = f"{question} {derive(0, *solution.tokens)}"

    def branch_points(self) -> list[int]:
        """Indices of the nodes that may be pivotal."""
        return [index for index, node in enumerate(self.nodes) if node.branch_point]

    def divergence(self, after: int) -> np.ndarray:
        """Where a rollout that follows the solution up to and including node `after` diverges from it.

        The probability of each later node, and last that of reaching the end.
        """
        stay = np.array([node.stay for node in self.nodes[after + 1 :]])
        reach = np.concatenate([[1.0], stay.cumprod()])
        return np.append(reach[:-1] * (1 - stay), reach[-1])

    def sample_position(self, start: int, end: int, u: float) -> int:
        """The token at which a rollout diverges, given that it is one of `start` to `end`; `u` is uniform in [0, 1)."""
        stay = self.stay_T[start:end]
        leave = np.concatenate([[1.0], stay[:-1].cumprod()]) * (1 - stay)
        passed = int((leave.cumsum() <= u * leave.sum()).sum())
        return start + min(passed, int(np.flatnonzero(leave)[-1]))

    def node_at(self, position: int) -> int:
        """The node that holds token `position`."""
        return next(index for index, node in enumerate(self.nodes) if node.start <= position < node.end)

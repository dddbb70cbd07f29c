"""A solution as a chain of places where a rollout may leave it (report §4.3; what makes the adaptive search cheap).

With π_k the probability of token k and s_k the success of rollouts forced off the solution there,
p(success | first k-1 tokens) = π_k · p(success | first k tokens) + (1 - π_k) · s_k, and the last p is the verdict. So
rollouts that leave the solution at each place, weighted by the exact π, tell p(success) at every place before them.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from hornbook.base.rng import derive
from hornbook.pts.types import Branch, Prefix, Solution

EXACT = 1e-6  # log-probabilities are kept to this


class Node(NamedTuple):
    """Tokens `start` to `end` (exclusive) of a solution; `stay` is the probability of all of them given those before.

    A `fork` may move p(success) by p_gap. What lies between two forks cannot, whatever happens to those who leave.
    """

    start: int
    end: int
    stay: float
    fork: bool


class Chain:
    """A solution cut into forks and the stretches between them.

    Attributes:
        nodes: in order; together they cover the solution.
        branches: the rollouts that leave at each node.
        name: says which question and tokens it is, for seeds.
    """

    def __init__(self, question: str, solution: Solution, cuts: list[int], p_gap: float) -> None:
        """`cuts` are the ends of the units (tokens, sentences) that are asked about, from 0 to the last."""
        self.solution = solution
        self.stay_T = np.exp(np.minimum(np.asarray(solution.logprobs, dtype=np.float64), 0.0))
        self.nodes: list[Node] = []
        for start, end in pairwise(cuts):
            stay = float(self.stay_T[start:end].prod())
            fork = 1 - stay >= p_gap - EXACT
            if not fork and self.nodes and not self.nodes[-1].fork:
                before = self.nodes.pop()
                start, stay = before.start, stay * before.stay
            self.nodes.append(Node(start, end, stay, fork))
        self.branches = [Branch(Prefix(solution.case, solution.tokens[: n.end]), n.start) for n in self.nodes]
        self.name = f"{question} {derive(0, *solution.tokens)}"

    def forks(self) -> list[int]:
        """Indices of the nodes that may be pivotal."""
        return [index for index, node in enumerate(self.nodes) if node.fork]

    def leaves(self, after: int) -> np.ndarray:
        """Where a rollout that has followed the nodes up to and including `after` leaves the solution.

        Probabilities of each later node, and last that of reaching the end.
        """
        stay = np.array([node.stay for node in self.nodes[after + 1 :]])
        reach = np.concatenate([[1.0], stay.cumprod()])
        return np.append(reach[:-1] * (1 - stay), reach[-1])

    def place(self, start: int, end: int, u: float) -> int:
        """The token at which a rollout leaves that does so within tokens `start` to `end`; `u` is uniform in [0, 1)."""
        stay = self.stay_T[start:end]
        leave = np.concatenate([[1.0], stay[:-1].cumprod()]) * (1 - stay)
        passed = int((leave.cumsum() <= u * leave.sum()).sum())
        return start + min(passed, int(np.flatnonzero(leave)[-1]))

    def node_at(self, place: int) -> int:
        """The node that holds token `place`."""
        return next(index for index, node in enumerate(self.nodes) if node.start <= place < node.end)

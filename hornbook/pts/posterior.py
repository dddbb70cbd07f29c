"""What is believed of every place of a solution, from its end, where the verdict is known, to its beginning.

Behind the last token v, p(success), is the verdict. Before node k it is π · v + (1 - π) · s, where v is that behind the
node and s the success of rollouts that leave the solution there: near v as a rule, and anything now and then. So what
is believed of v goes from node to node, back along the chain, and takes in on its way what was seen of each s. That is
Bayes' rule on a grid; nothing is estimated twice, and the exact π bounds v where nothing was sampled at all.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np

from hornbook.pts.branch_points import Chain
from hornbook.pts.confidence_sequence import Belief, log_likelihood, prior_on
from hornbook.pts.records import Point
from hornbook.pts.rollout_pools import Pools

CELLS = 50
GRID = np.linspace(0.0, 1.0, CELLS + 1)  # values of v, and of s
APART = GRID[:, None] - GRID[None, :]  # v - s
PRIOR = prior_on(GRID)
TAIL = 0.025  # on either side of an interval


class Beliefs:
    """Of one chain, out of what the pools hold; `update` takes in what is new.

    Attributes, by node:
        move: what is believed of v - s, and whether it is as large as a move of `p_gap` asks.
        after: the mean of v.
        seen: rollouts that left there.
        doubt: the variance of s.
    """

    def __init__(self, chain: Chain, pools: Pools, p_gap: float) -> None:
        self.chain, self.pools, self.p_gap = chain, pools, p_gap
        nodes = len(chain.nodes)
        self.move: list[Belief] = [Belief(0.0, 0.0, 0.0)] * nodes
        self.after = np.zeros(nodes)
        self.doubt = np.zeros(nodes)
        self.seen = np.full(nodes, -1)
        self.prices = len(chain.solution.tokens) - np.array([node.start for node in chain.nodes])
        self.update()

    def update(self) -> None:
        seen = np.array([len(self.pools.of(branch)) for branch in self.chain.branches])
        if (seen == self.seen).all():
            return
        self.seen = seen
        for index, joint_VS in self._back():
            node, s_G = self.chain.nodes[index], joint_VS.sum(0)
            self.after[index] = joint_VS.sum(1) @ GRID
            self.doubt[index] = s_G @ GRID**2 - (s_G @ GRID) ** 2
            if node.fork:
                self.move[index] = _belief(joint_VS, self.p_gap / (1 - node.stay))

    def _back(self) -> Iterator[tuple[int, np.ndarray]]:
        """The nodes from the last to the first, with what is believed of v and s there."""
        v_G = np.zeros(CELLS + 1)
        v_G[-1 if self.chain.solution.success else 0] = 1.0
        for index in reversed(range(len(self.seen))):
            right = self.pools.right(self.chain.branches[index])
            joint_VS = v_G[:, None] * PRIOR * _likelihood(right, int(self.seen[index]))[None, :]
            joint_VS /= joint_VS.sum()
            yield index, joint_VS
            v_G = _before(joint_VS, self.chain.nodes[index].stay)

    def curve(self) -> list[Point]:
        """p(success) before every token and after the last; `n` are the rollouts that left the solution from there on.

        Within a stretch of tokens s is taken to be the same for all of them.
        """
        self.update()
        verdict = float(self.chain.solution.success)
        points = [Point(len(self.chain.solution.tokens), verdict, verdict, verdict, 0)]
        for index, joint_VS in self._back():
            node, n, reach = self.chain.nodes[index], int(self.seen[index:].sum()), 1.0
            for place in reversed(range(node.start, node.end)):
                reach *= float(self.chain.stay_T[place])
                points.append(_point(place, _before(joint_VS, reach), n))
        return points[::-1]

    def start(self) -> np.ndarray:
        """What is believed of p(success) from the prompt: a distribution over `GRID`."""
        *_, (index, joint_VS) = self._back()
        return _before(joint_VS, self.chain.nodes[index].stay)

    def most_telling(self, index: int) -> int:
        """The node at which another rollout tells most, for its tokens, of how far node `index` moves p(success).

        It is that node itself, or one behind it that v hangs on.
        """
        weight = np.concatenate([[1.0], self.chain.leaves(index)[:-1]])
        telling = weight**2 * self.doubt[index:] / ((self.seen[index:] + 1) * self.prices[index:])
        return index + int(telling.argmax())


def _point(place: int, v_G: np.ndarray, n: int) -> Point:
    """The mean, and what lies between the tails."""
    p, mass_G = float(v_G @ GRID), v_G.cumsum()
    low, high = (float(GRID[min(CELLS, int(np.searchsorted(mass_G, share)))]) for share in (TAIL, 1 - TAIL))
    return Point(place, p, min(p, low), max(p, high), n)


def _belief(joint_VS: np.ndarray, gap: float) -> Belief:
    """`gap` may lie within a cell, of which a part then counts."""
    gap = min(gap, 1.0)
    rises, falls = (((side * APART - gap) * CELLS + 0.5).clip(0.0, 1.0) for side in (1, -1))
    return Belief(*(float((joint_VS * part).sum()) for part in (rises, falls, APART)))


def _before(joint_VS: np.ndarray, stay: float) -> np.ndarray:
    """The distribution of π · v + (1 - π) · s on the grid; what lies between two of its values is shared by them."""
    place_VS = (stay * GRID[:, None] + (1 - stay) * GRID[None, :]) * CELLS
    below_VS = np.minimum(np.floor(place_VS + 1e-9).astype(np.int64), CELLS - 1)
    above_VS = (place_VS - below_VS).clip(0.0, 1.0) * joint_VS
    below = below_VS.ravel()
    found_G = np.bincount(below, (joint_VS - above_VS).ravel(), CELLS + 1)
    return np.asarray(found_G + np.bincount(below + 1, above_VS.ravel(), CELLS + 1))


@cache
def _likelihood(right: int, n: int) -> np.ndarray:
    log = log_likelihood(right, n, GRID)
    return np.asarray(np.exp(log - log.max()))

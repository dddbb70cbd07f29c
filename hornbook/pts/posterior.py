"""The posterior of p(success) at every token of a solution, computed backwards from its end.

After the last token, p(success) is the verdict. Before node k it is π · v + (1 - π) · s, where v is p(success) after
the node and s the success rate of rollouts that diverge there (usually near v). So the distribution of v is passed back
from node to node by Bayes' rule on a grid, and updated at each with the rollouts that diverge there. The exact π bounds
v where nothing was sampled.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np

from hornbook.pts.branch_points import Chain
from hornbook.pts.confidence_sequence import MovePosterior, log_likelihood, prior_on
from hornbook.pts.records import Point
from hornbook.pts.rollout_pools import Pools

CELLS = 50
GRID = np.linspace(0.0, 1.0, CELLS + 1)  # values of v, and of s
DIFFERENCE = GRID[:, None] - GRID[None, :]  # v - s
PRIOR = prior_on(GRID)
TAIL = 0.025  # probability on either side of an interval


class ChainPosterior:
    """The posterior of one chain, given the rollouts in the pools; `update` adds new ones.

    Attributes, by node:
        move: posterior of v - s.
        after: the mean of v.
        seen: rollouts that diverge there.
        variance: of s.
        costs: expected tokens of a rollout, roughly.
    """

    def __init__(self, chain: Chain, pools: Pools, p_gap: float) -> None:
        self.chain, self.pools, self.p_gap = chain, pools, p_gap
        nodes = len(chain.nodes)
        self.move: list[MovePosterior] = [MovePosterior(0.0, 0.0, 0.0)] * nodes
        self.after = np.zeros(nodes)
        self.variance = np.zeros(nodes)
        self.seen = np.full(nodes, -1)
        self.costs = len(chain.solution.tokens) - np.array([node.start for node in chain.nodes])
        self.update()

    def update(self) -> None:
        seen = np.array([len(self.pools.of(branch)) for branch in self.chain.branches])
        if (seen == self.seen).all():
            return
        self.seen = seen
        for index, joint_VS in self._back():
            node, s_G = self.chain.nodes[index], joint_VS.sum(0)
            self.after[index] = joint_VS.sum(1) @ GRID
            self.variance[index] = s_G @ GRID**2 - (s_G @ GRID) ** 2
            if node.branch_point:
                self.move[index] = _move_posterior(joint_VS, self.p_gap / (1 - node.stay))

    def _back(self) -> Iterator[tuple[int, np.ndarray]]:
        """The nodes from the last to the first, each with the joint posterior of v and s."""
        v_G = np.zeros(CELLS + 1)
        v_G[-1 if self.chain.solution.success else 0] = 1.0
        for index in reversed(range(len(self.seen))):
            right = self.pools.right(self.chain.branches[index])
            joint_VS = v_G[:, None] * PRIOR * _likelihood(right, int(self.seen[index]))[None, :]
            joint_VS /= joint_VS.sum()
            yield index, joint_VS
            v_G = _before(joint_VS, self.chain.nodes[index].stay)

    def curve(self) -> list[Point]:
        """p(success) before every token and after the last; `n` counts the rollouts that diverge there or later.

        Within a node of several tokens, s is assumed to be the same for all of them.
        """
        self.update()
        verdict = float(self.chain.solution.success)
        points = [Point(len(self.chain.solution.tokens), verdict, verdict, verdict, 0)]
        for index, joint_VS in self._back():
            node, n, reach = self.chain.nodes[index], int(self.seen[index:].sum()), 1.0
            for position in reversed(range(node.start, node.end)):
                reach *= float(self.chain.stay_T[position])
                points.append(_point(position, _before(joint_VS, reach), n))
        return points[::-1]

    def start(self) -> np.ndarray:
        """Posterior of p(success) from the prompt: a distribution over `GRID`."""
        *_, (index, joint_VS) = self._back()
        return _before(joint_VS, self.chain.nodes[index].stay)

    def most_informative(self, index: int) -> int:
        """The node where one more rollout most reduces the variance of node `index`'s move per sampled token.

        It is that node itself, or a later one, on which v depends.
        """
        weight = np.concatenate([[1.0], self.chain.divergence(index)[:-1]])
        telling = weight**2 * self.variance[index:] / ((self.seen[index:] + 1) * self.costs[index:])
        return index + int(telling.argmax())


def _point(position: int, v_G: np.ndarray, n: int) -> Point:
    """The mean and the interval between the tails."""
    p, mass_G = float(v_G @ GRID), v_G.cumsum()
    low, high = (float(GRID[min(CELLS, int(np.searchsorted(mass_G, share)))]) for share in (TAIL, 1 - TAIL))
    return Point(position, p, min(p, low), max(p, high), n)


def _move_posterior(joint_VS: np.ndarray, gap: float) -> MovePosterior:
    """The posterior of v - s. If `gap` lies within a grid cell, a proportional part of the cell counts."""
    gap = min(gap, 1.0)
    rises, falls = (((side * DIFFERENCE - gap) * CELLS + 0.5).clip(0.0, 1.0) for side in (1, -1))
    return MovePosterior(*(float((joint_VS * part).sum()) for part in (rises, falls, DIFFERENCE)))


def _before(joint_VS: np.ndarray, stay: float) -> np.ndarray:
    """The distribution of π · v + (1 - π) · s on the grid, with linear interpolation between grid values."""
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

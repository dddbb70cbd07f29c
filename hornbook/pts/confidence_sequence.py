"""What two samples say about a difference: a belief that directs the sampling, and a proof that needs no belief.

v is p(success) after a token, s that of rollouts forced off it; the token moves p(success) by (1 - π)(v - s).
"""

import math
from functools import cache
from typing import NamedTuple

import numpy as np

STEP = 0.005
GRID = np.linspace(0.0, 1.0, round(1 / STEP) + 1)  # values of v, and of s
APART = GRID[:, None] - GRID[None, :]  # v - s
NEAR = 0.1  # how far s usually lies from v
LOOSE = 0.25  # share of tokens after which anything may happen


class Counts(NamedTuple):
    """Successes and rollouts of two independent samples: after the token (v), and off it (s)."""

    v_right: int
    v_n: int
    s_right: int
    s_n: int


class Belief(NamedTuple):
    """Posterior of v - s: the probabilities that it is at least `gap` or at most -`gap`, and its mean."""

    rises: float
    falls: float
    mean: float

    @property
    def moves(self) -> float:
        return self.rises + self.falls


def believe(counts: Counts, gap: float) -> Belief:
    """What to believe of v - s after these counts. The posterior does not care when one looks, or why one stopped."""
    v, s = likelihood(counts.v_right, counts.v_n), likelihood(counts.s_right, counts.s_n)
    joint, rising, falling, moving = _prior(gap)
    total = v @ joint @ s
    return Belief(*(float(v @ part @ s / total) for part in (rising, falling, moving)))


def prior_on(grid: np.ndarray) -> np.ndarray:
    """Of s, for each v (rows): near v as a rule, and in a share `LOOSE` anything."""
    near = np.exp(-0.5 * ((grid[:, None] - grid[None, :]) / NEAR) ** 2)
    near /= near.sum(1, keepdims=True)
    return np.asarray((1 - LOOSE) * near + LOOSE / len(grid))


@cache
def _prior(gap: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Prior of (v, s): most tokens change little, so that s is near v; after a share `LOOSE`, anything may happen.

    Whole, where v - s >= gap, where v - s <= -gap, and times v - s.
    """
    joint = prior_on(GRID)
    return joint, joint * (gap - 1e-9 <= APART), joint * (-gap + 1e-9 >= APART), joint * APART


@cache
def likelihood(right: int, n: int) -> np.ndarray:
    """Of each value on the grid, as a share of the largest."""
    log = log_likelihood(right, n, GRID)
    return np.exp(log - log.max())


def log_likelihood(right: int, n: int, grid: np.ndarray) -> np.ndarray:
    """Of each value on an even grid over [0, 1]; its ends stand for what lies near them."""
    p = grid.clip(grid[1] / 4, 1 - grid[1] / 4)
    return np.asarray(right * np.log(p) + (n - right) * np.log1p(-p))


@cache
def log_martingale(right: int, n: int) -> np.ndarray:
    """log of what Jeffreys' mixture gave the sample over what each p on the grid gives it.

    At the true p this is a martingale that starts at 1: it ever reaches c with probability at most 1 / c.
    """
    mixture = math.lgamma(right + 0.5) + math.lgamma(n - right + 0.5) - math.lgamma(n + 1) - math.log(math.pi)
    return mixture - log_likelihood(right, n, GRID)


def tail(log_c: float) -> float:
    """Probability that a product of two independent such martingales ever exceeds c, at any two sample sizes.

    However the sizes were chosen, even by a look ahead at either sample: each running maximum is below a Pareto
    variable, and a product of two of those exceeds c with probability (1 + ln c) / c.
    """
    return (1 + log_c) * math.exp(-log_c) if log_c > 0 else 1.0


@cache
def threshold(error_rate: float) -> float:
    """The log c whose `tail` is `error_rate`."""
    low, high = 0.0, 60.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if tail(middle) > error_rate else (low, middle)
    return high


def interval(counts: Counts, error_rate: float, known: float = 0.0, share: float = 1.0) -> tuple[float, float]:
    """Confidence sequence for v - s: it covers at all times at once with probability at least 1 - error_rate.

    The sample of v may be that of a part of it: v is `known` and `share` times what was sampled.
    """
    together = log_martingale(counts.v_right, counts.v_n)[:, None] + log_martingale(counts.s_right, counts.s_n)[None, :]
    held = (known + share * GRID[:, None] - GRID[None, :])[together < threshold(error_rate)]
    return max(-1.0, float(held.min()) - STEP), min(1.0, float(held.max()) + STEP)

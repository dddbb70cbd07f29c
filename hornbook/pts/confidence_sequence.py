"""Inference about a difference v - s from two samples: a posterior that directs sampling, and a confidence sequence.

v is p(success) after a token, s that of rollouts forced to take another token; the token moves p(success) by
(1 - π)(v - s). The confidence sequence needs no prior.
"""

import math
from functools import cache
from typing import NamedTuple

import numpy as np

STEP = 0.005
GRID = np.linspace(0.0, 1.0, round(1 / STEP) + 1)  # values of v, and of s
DIFFERENCE = GRID[:, None] - GRID[None, :]  # v - s
NEAR = 0.1  # prior: standard deviation of s around v for most tokens
LOOSE = 0.25  # prior: share of tokens for which s is uniform


class Counts(NamedTuple):
    """Successes and sizes of two independent samples: rollouts after the token (v), and after another one (s)."""

    v_right: int
    v_n: int
    s_right: int
    s_n: int


class MovePosterior(NamedTuple):
    """Posterior of v - s: the probabilities that it is at least `gap` or at most -`gap`, and its mean."""

    rises: float
    falls: float
    mean: float

    @property
    def p_pivotal(self) -> float:
        return self.rises + self.falls


def move_posterior(counts: Counts, gap: float) -> MovePosterior:
    """The posterior of v - s after these counts. It does not depend on the stopping rule."""
    v, s = likelihood(counts.v_right, counts.v_n), likelihood(counts.s_right, counts.s_n)
    joint, rising, falling, moving = _prior(gap)
    total = v @ joint @ s
    return MovePosterior(*(float(v @ part @ s / total) for part in (rising, falling, moving)))


def prior_on(grid: np.ndarray) -> np.ndarray:
    """Prior of s for each v (rows): a mixture of values near v and, with weight `LOOSE`, a uniform distribution."""
    near = np.exp(-0.5 * ((grid[:, None] - grid[None, :]) / NEAR) ** 2)
    near /= near.sum(1, keepdims=True)
    return np.asarray((1 - LOOSE) * near + LOOSE / len(grid))


@cache
def _prior(gap: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The prior of (v, s): whole, where v - s >= gap, where v - s <= -gap, and times v - s.

    Most tokens change little, so s is near v for them.
    """
    joint = prior_on(GRID)
    return joint, joint * (gap - 1e-9 <= DIFFERENCE), joint * (-gap + 1e-9 >= DIFFERENCE), joint * DIFFERENCE


@cache
def likelihood(right: int, n: int) -> np.ndarray:
    """Binomial likelihood of (right, n) on GRID, scaled to a maximum of 1."""
    log = log_likelihood(right, n, GRID)
    return np.exp(log - log.max())


def log_likelihood(right: int, n: int, grid: np.ndarray) -> np.ndarray:
    """Binomial log-likelihood on an even grid over [0, 1]; 0 and 1 are moved inwards by a quarter of a step."""
    p = grid.clip(grid[1] / 4, 1 - grid[1] / 4)
    return np.asarray(right * np.log(p) + (n - right) * np.log1p(-p))


@cache
def log_martingale(right: int, n: int) -> np.ndarray:
    """Log of the ratio of the sample's probability under Jeffreys' mixture and under each p on the grid.

    At the true p the ratio is a martingale that starts at 1, so it ever reaches c with probability at most 1 / c.
    """
    mixture = math.lgamma(right + 0.5) + math.lgamma(n - right + 0.5) - math.lgamma(n + 1) - math.log(math.pi)
    return mixture - log_likelihood(right, n, GRID)


def tail(log_c: float) -> float:
    """Probability that a product of two independent such martingales ever exceeds c, at any two sample sizes.

    The sizes may be chosen in any way, even by looking ahead at either sample: each running maximum is below a Pareto
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
    """Confidence sequence for v - s: it covers at all sample sizes at once with probability at least 1 - error_rate.

    The sample of v may be of a part of it: v = `known` + `share` * the sampled rate.
    """
    together = log_martingale(counts.v_right, counts.v_n)[:, None] + log_martingale(counts.s_right, counts.s_n)[None, :]
    held = (known + share * GRID[:, None] - GRID[None, :])[together < threshold(error_rate)]
    return max(-1.0, float(held.min()) - STEP), min(1.0, float(held.max()) + STEP)

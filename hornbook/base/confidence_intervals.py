"""95 % confidence intervals of shares, differences and means.

NumPy only: scipy would be a large dependency for one quantile of Student's t.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

Z = 1.959964  # standard normal quantile of 97.5 %
# Student's t, two-sided 95 %, for 1 to 10 degrees of freedom; above, an expansion that is accurate to 0.1 %
T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


class Estimate(NamedTuple):
    """A mean or a share with its 95 % interval; `n` counts independent units (questions, not their samples) and is 0
    for a value that is known exactly."""

    mean: float
    low: float
    high: float
    n: int


def wilson(mean: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval for a share `mean` observed in `n` independent trials; (0, 1) when n is 0."""
    if n <= 0:
        return 0.0, 1.0
    centre = (mean + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * np.sqrt(max(0.0, mean * (1 - mean)) / n + Z * Z / (4 * n * n))
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))


def estimate(values: Sequence[Sequence[float]]) -> Estimate:
    """Mean share and its interval from the values (in [0, 1]) of each question's samples.

    Samples of one question are correlated, so they are not independent trials. Wilson's interval is computed for the
    effective number of trials mean·(1 − mean) ÷ variance, with the variance of a ratio estimate between questions;
    without any variance each question counts as one trial. Where questions have several values, the variance is only as
    sure as their number makes it: the interval is wider by Student's t.
    """
    groups = [group for group in values if len(group)]
    n = len(groups)
    if n == 0:
        return Estimate(0.0, 0.0, 1.0, 0)
    sizes = np.array([len(group) for group in groups], dtype=float)
    totals = np.array([sum(group) for group in groups], dtype=float)
    mean = float(totals.sum() / sizes.sum())
    if n == 1:
        trials = 1.0
    else:
        variance = float(((totals - mean * sizes) ** 2).sum() / sizes.mean() ** 2 / (n * (n - 1)))
        spread = mean * (1 - mean)
        wider = (t_95(n - 1) / Z) ** 2 if sizes.max() > 1 else 1.0
        trials = min(spread / variance / wider, float(sizes.sum())) if variance > 0 and spread > 0 else float(n)
    low, high = wilson(mean, trials)
    return Estimate(mean, min(low, mean), max(high, mean), n)


def ratio(above: Sequence[float], below: Sequence[float]) -> Estimate:
    """The ratio of two sums over the same independent questions, with a normal interval (delta method) in [0, 1]."""
    n, one, other = len(above), np.array(above, dtype=float), np.array(below, dtype=float)
    found = float(one.sum() / other.sum())
    if n < 2:
        return Estimate(found, 0.0, 1.0, n)
    error = float(np.sqrt(((one - found * other) ** 2).sum() / (n * (n - 1))) / other.mean())
    return Estimate(found, max(0.0, found - Z * error), min(1.0, found + Z * error), n)


def known(value: float) -> Estimate:
    """A value that is known exactly, with an interval of width 0."""
    return Estimate(value, value, value, 0)


def share(successes: int, n: int) -> Estimate:
    """The share of successes in `n` independent trials, with Wilson's interval."""
    mean = successes / n
    return Estimate(mean, *wilson(mean, n), n)


def exact_upper(successes: int, n: int, confidence: float = 0.95) -> float:
    """The one-sided upper bound of a share by Clopper and Pearson: the largest share with which so few successes in `n`
    trials still have a probability of 1 - `confidence`; 1 when n is 0."""
    if successes >= n:
        return 1.0
    logs = [math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for k in range(successes + 1)]
    low, high = successes / n, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        terms = (math.exp(one + k * math.log(middle) + (n - k) * math.log1p(-middle)) for k, one in enumerate(logs))
        low, high = (middle, high) if middle < 1 and sum(terms) > 1 - confidence else (low, middle)
    return high


def difference(after: Estimate, before: Estimate) -> tuple[float, float, float]:
    """after - before with its 95 % interval (Newcombe's, from the intervals of both)."""
    delta = after.mean - before.mean
    low = delta - math.hypot(after.mean - after.low, before.high - before.mean)
    high = delta + math.hypot(after.high - after.mean, before.mean - before.low)
    return delta, low, high


def t_95(freedom: int) -> float:
    """Two-sided 95 % quantile of Student's t."""
    if freedom <= len(T):
        return T[freedom - 1]
    return Z + (Z**3 + Z) / (4 * freedom) + (5 * Z**5 + 16 * Z**3 + 3 * Z) / (96 * freedom**2)


def middle_95(drawn: Sequence[float] | np.ndarray) -> tuple[float, float]:
    """The percentile interval of resampled values."""
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)

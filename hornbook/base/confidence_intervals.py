"""How sure a measured share is: 95 % intervals that mind several samples of one question."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

Z = 1.959964  # standard normal quantile of 97.5 %


class Estimate(NamedTuple):
    """A mean with its 95 % interval; `n` counts questions, not samples."""

    mean: float
    low: float
    high: float
    n: int


def wilson(mean: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval for a share `mean` seen in `n` independent trials; (0, 1) when n is 0."""
    if n <= 0:
        return 0.0, 1.0
    centre = (mean + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * np.sqrt(max(0.0, mean * (1 - mean)) / n + Z * Z / (4 * n * n))
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))


def estimate(values: Sequence[Sequence[float]]) -> Estimate:
    """Mean share and its interval from the values (in [0, 1]) of each question's samples.

    Samples of one question resemble each other, so they are not as many independent trials. Wilson's interval is taken
    at the effective number of trials mean·(1 − mean) ÷ variance, the variance being that of a ratio estimate between
    questions; where nothing varies, each question counts once.
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
        trials = min(spread / variance, float(sizes.sum())) if variance > 0 and spread > 0 else float(n)
    low, high = wilson(mean, trials)
    return Estimate(mean, min(low, mean), max(high, mean), n)

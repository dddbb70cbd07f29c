"""Shares of successes among rollouts, with their intervals."""

import math
from typing import NamedTuple

Z = 1.959964  # 95 %


class Estimate(NamedTuple):
    """A share of successes with its 95 % interval (Wilson). `n` is 0 for a finished solution: its verdict is known."""

    p: float
    low: float
    high: float
    n: int


def known(success: bool) -> Estimate:
    p = float(success)
    return Estimate(p, p, p, 0)


def wilson(successes: int, n: int) -> Estimate:
    p = successes / n
    centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return Estimate(p, max(0.0, centre - half), min(1.0, centre + half), n)


def difference(after: Estimate, before: Estimate) -> tuple[float, float, float]:
    """after - before with its 95 % interval (Newcombe's, from the intervals of both)."""
    delta = after.p - before.p
    low = delta - math.hypot(after.p - after.low, before.high - before.p)
    high = delta + math.hypot(after.high - after.p, before.p - before.low)
    return delta, low, high

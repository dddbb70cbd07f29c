"""Fit the minimum of a loss curve, and its power law over the horizon."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

REACH = np.log(3)  # the parabola is fitted to points within this distance of the best, in the logarithm
FEWEST = 3


class Optimum(NamedTuple):
    """The minimum of a curve: position x, loss, and whether it lies between points on both sides."""

    x: float
    loss: float
    inside: bool


def optimum(x: Sequence[float] | np.ndarray, losses: Sequence[float] | np.ndarray) -> Optimum:
    """The vertex of the parabola fitted to the points near the lowest; `x` is a logarithm, losses may be nan.

    Where the parabola has no minimum, or there are fewer than three points, it is the lowest point itself.
    Raises ValueError when no loss is finite.
    """
    finite = np.isfinite(losses)
    if not finite.any():
        raise ValueError("no finite loss")
    order = np.argsort(np.asarray(x)[finite])
    xs, ys = np.asarray(x, float)[finite][order], np.asarray(losses, float)[finite][order]
    best = int(ys.argmin())
    here = Optimum(float(xs[best]), float(ys[best]), False)
    if len(xs) < FEWEST:
        return here
    first = min(max(best - 1, 0), len(xs) - FEWEST)  # the best point and its neighbours are always included
    near = abs(xs - xs[best]) <= REACH
    near[first : first + FEWEST] = True
    a, b, c = np.polyfit(xs[near] - xs[best], ys[near], 2)
    if a <= 0:
        return here
    vertex = -b / (2 * a)
    low, high = xs[near][0] - xs[best], xs[near][-1] - xs[best]
    held = float(np.clip(vertex, low, high))
    return Optimum(float(xs[best]) + held, float(a * held**2 + b * held + c), bool(low < vertex < high))


class Law(NamedTuple):
    """y = scale + exponent * log(horizon): a power law where y is a logarithm."""

    scale: float
    exponent: float

    def at(self, horizon: float) -> float:
        return float(self.scale + self.exponent * np.log(horizon))


def power_law(horizons: Sequence[float], y: Sequence[float]) -> Law:
    """The least-squares line through (log horizon, y); constant where there is only one horizon."""
    if len(horizons) == 1:
        return Law(float(y[0]), 0.0)
    exponent, scale = np.polyfit(np.log(horizons), y, 1)
    return Law(float(scale), float(exponent))


def seed_noise(values_CS: np.ndarray) -> tuple[float, int] | None:
    """Residual standard deviation of one run after condition and seed effects, with its degrees of freedom.

    Each row is a condition, each column a seed. A seed has the same data order and initial weights in all conditions,
    so its effect cancels when conditions are compared. Rows with nan are left out. None where there are too few runs.
    """
    whole_CS = values_CS[np.isfinite(values_CS).all(axis=1)]
    conditions, seeds = whole_CS.shape
    freedom = (conditions - 1) * (seeds - 1)
    if freedom < 1:
        return None
    rest = whole_CS - whole_CS.mean(1, keepdims=True) - whole_CS.mean(0, keepdims=True) + whole_CS.mean()
    return float(np.sqrt((rest**2).sum() / freedom)), freedom

"""Spearman's rank correlation of two searches, with an exact p and the noise between seeds."""

import math
from collections.abc import Sequence
from itertools import permutations
from typing import NamedTuple

import numpy as np

from hornbook.base.confidence_intervals import middle_95

EXACT_UP_TO = 8  # 40,320 permutations
RESAMPLES = 4000


class Correlation(NamedTuple):
    """Spearman's rho; its 95 % interval under the noise between seeds (None: unknown); and the one-sided p of a random
    ranking agreeing at least as well."""

    rho: float
    between: tuple[float, float] | None
    p: float


def spearman(x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> float:
    """Rank correlation with mean ranks for ties; 0 if all values of one side are equal.

    Raises ValueError for sequences of different length, or of fewer than two values.
    """
    if len(x) != len(y) or len(x) < 2:
        raise ValueError(f"{len(x)} and {len(y)} values: expected equally many, and at least two")
    a, b = _ranks(x) - (len(x) + 1) / 2, _ranks(y) - (len(y) + 1) / 2
    scale = math.sqrt(float((a * a).sum() * (b * b).sum()))
    return float(a @ b) / scale if scale else 0.0


def correlate(
    x: Sequence[float], y: Sequence[float], noise: tuple[float, float] | None, random: np.random.Generator
) -> Correlation:
    """How similarly two searches rank the same candidates; `noise` are the standard errors of the values of each."""
    rho = spearman(x, y)
    between = None
    if noise is not None:
        drawn = [
            spearman(x + random.normal(0, noise[0], len(x)), y + random.normal(0, noise[1], len(y)))
            for _ in range(RESAMPLES)
        ]
        between = middle_95(drawn)
    return Correlation(rho, between, permutation_p(x, y, random))


def permutation_p(x: Sequence[float], y: Sequence[float], random: np.random.Generator) -> float:
    """Share of permutations of `y` that agree with `x` at least as well: all for few values, else a sample."""
    a, b = _ranks(x), _ranks(y)
    observed = float(a @ b) - 1e-9
    if len(x) <= EXACT_UP_TO:
        orders = np.array(list(permutations(range(len(x)))))
        return float((b[orders] @ a >= observed).mean())
    as_good = sum(float(a @ random.permutation(b)) >= observed for _ in range(RESAMPLES))
    return (1 + as_good) / (1 + RESAMPLES)


def _ranks(values: Sequence[float] | np.ndarray) -> np.ndarray:
    """1 for the smallest; equal values share the mean of their ranks."""
    _, group, size = np.unique(np.asarray(values, float), return_inverse=True, return_counts=True)
    last = np.cumsum(size)
    means: np.ndarray = (last - (size - 1) / 2)[group]
    return means

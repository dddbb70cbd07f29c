"""Spearman's rank correlation of two searches, with an exact p and the noise between seeds."""

from collections.abc import Sequence
from itertools import permutations
from typing import NamedTuple

import numpy as np

from hornbook.base.agreement import ranks, spearman
from hornbook.base.confidence_intervals import middle_95

EXACT_UP_TO = 8  # 40,320 permutations
RESAMPLES = 4000


class Correlation(NamedTuple):
    """Spearman's rho; its 95 % interval under the noise between seeds (None: unknown); and the one-sided p of a random
    ranking agreeing at least as well."""

    rho: float
    between: tuple[float, float] | None
    p: float


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
    a, b = ranks(x), ranks(y)
    observed = float(a @ b) - 1e-9
    if len(x) <= EXACT_UP_TO:
        orders = np.array(list(permutations(range(len(x)))))
        return float((b[orders] @ a >= observed).mean())
    as_good = sum(float(a @ random.permutation(b)) >= observed for _ in range(RESAMPLES))
    return (1 + as_good) / (1 + RESAMPLES)

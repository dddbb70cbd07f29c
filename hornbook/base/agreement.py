"""How well two raters agree: rank correlation, kappa, and intervals by resampling whole clusters."""

import math
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from hornbook.base.confidence_intervals import Estimate, middle_95

Values = Sequence[float] | np.ndarray


def spearman(x: Values, y: Values) -> float:
    """Rank correlation with mean ranks for ties; 0 if all values of one side are equal.

    Raises ValueError for sequences of different length, or of fewer than two values.
    """
    if len(x) != len(y) or len(x) < 2:
        raise ValueError(f"{len(x)} and {len(y)} values: expected equally many, and at least two")
    a, b = ranks(x) - (len(x) + 1) / 2, ranks(y) - (len(y) + 1) / 2
    scale = math.sqrt(float((a * a).sum() * (b * b).sum()))
    return float(a @ b) / scale if scale else 0.0


def ranks(values: Values) -> np.ndarray:
    """1 for the smallest; equal values share the mean of their ranks."""
    _, group, size = np.unique(np.asarray(values, float), return_inverse=True, return_counts=True)
    last = np.cumsum(size)
    means: np.ndarray = (last - (size - 1) / 2)[group]
    return means


def quadratic_kappa(x: Values, y: Values) -> float:
    """Cohen's kappa with quadratic weights: 1 - mean squared difference ÷ that of independent raters with the same
    grades. 1 if both always give the same grade."""
    a, b = np.asarray(x, float), np.asarray(y, float)
    expected = a.var() + b.var() + (a.mean() - b.mean()) ** 2
    return float(1 - ((a - b) ** 2).mean() / expected) if expected else 1.0


def cohen_kappa(given: Sequence[str | None], gold: Sequence[str]) -> float:
    """Cohen's kappa of labels: agreement beyond chance; 0 for a rater who always says the same."""
    of_rater, of_gold = Counter(given), Counter[str | None](gold)
    agreed = sum(one == other for one, other in zip(given, gold, strict=True)) / len(gold)
    chance = sum(of_rater[name] * of_gold[name] for name in of_gold) / len(gold) ** 2
    return (agreed - chance) / (1 - chance) if chance < 1 else 1.0


def clustered(
    statistic: Callable[[np.ndarray], float], clusters: Sequence[str], resamples: int, random: np.random.Generator
) -> Estimate:
    """A statistic of items with its 95 % percentile interval, in which whole clusters (sites) are drawn.

    `statistic(indices)` computes it from the items with these indices; `n` of the result counts the clusters. With one
    cluster there is no interval: it is -1 to 1.
    """
    _, group = np.unique(np.asarray(clusters), return_inverse=True)
    members = np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group))[:-1])
    value = statistic(np.arange(len(clusters)))
    if len(members) < 2:
        return Estimate(value, -1.0, 1.0, len(members))
    drawn = []
    for _ in range(resamples):
        chosen = random.integers(len(members), size=len(members))
        drawn.append(statistic(np.concatenate([members[number] for number in chosen])))
    low, high = middle_95(drawn)
    return Estimate(value, min(low, value), max(high, value), len(members))

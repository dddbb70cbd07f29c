"""Metrics that are no shares: bits per byte and perplexities, with their 95 % intervals."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from hornbook.base.confidence_intervals import Estimate, t_95
from hornbook.evaluation.harness.records import AnsweredTask
from hornbook.evaluation.metrics import BENCHMARK

FIGURES: dict[str, Callable[[float], float]] = {  # from the mean log-likelihood of a byte, a word or a text
    "bits_per_byte": lambda mean: -mean / math.log(2),
    "byte_perplexity": lambda mean: math.exp(-mean),
    "word_perplexity": lambda mean: math.exp(-mean),
    "perplexity": lambda mean: math.exp(-mean),
}


def figures(answered: Iterable[AnsweredTask]) -> dict[str, Estimate]:
    """By the name of the score. Texts are the independent units; the interval is that of a ratio estimate of the mean
    log-likelihood (delta method), in the metric's own scale."""
    parts: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for task in answered:
        for name, record in task.records():
            for metric in set(record["metrics"]) & FIGURES.keys():
                parts.setdefault((name, metric), []).append(_part(record[metric]))
    return {
        f"{BENCHMARK}:{name} {metric}": _figure(FIGURES[metric], of) for (name, metric), of in sorted(parts.items())
    }


def _part(value: Any) -> tuple[float, float]:
    """A text's log-likelihood, and its bytes or words; 1 where the metric has no weights."""
    likelihood, weight = value if isinstance(value, list | tuple) else (value, 1.0)
    return float(likelihood), float(weight)


def _figure(of_mean: Callable[[float], float], parts: list[tuple[float, float]]) -> Estimate:
    likelihoods, weights = np.array(parts).T
    n, mean = len(parts), float(likelihoods.sum() / weights.sum())
    if n < 2:
        return Estimate(of_mean(mean), 0.0, float("inf"), n)
    error = float(np.sqrt(((likelihoods - mean * weights) ** 2).sum() / (n * (n - 1))) / weights.mean())
    half = t_95(n - 1) * error
    return Estimate(of_mean(mean), of_mean(mean + half), of_mean(mean - half), n)

"""Compare each allocation's figures with the baseline's, with the noise between seeds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hornbook.base.confidence_intervals import t_95
from hornbook.base.rng import rng
from hornbook.evaluation.metrics import REASONING
from hornbook.tuning.curve_fit import seed_noise
from hornbook.tuning.proxy_runs import RunResult, weighted_loss
from hornbook.tuning.rank_correlation import Correlation, correlate

LOSS = "loss"  # mean over the sources, by the baseline's shares; lower is better
ON = "loss on {}"


@dataclass(frozen=True)
class MetricComparison:
    """One figure of all allocations at one size and horizon.

    Attributes:
        means: by allocation, over the seeds. differences: from the baseline.
        half: half the 95 % interval of a difference; None with one seed. error: standard error of a mean.
    """

    size: str
    horizon: int
    figure: str
    means: dict[str, float]
    differences: dict[str, float]
    half: float | None
    error: float | None


@dataclass(frozen=True)
class Agreement:
    """How two cells of one figure rank the allocations."""

    figure: str
    what: str  # "horizons" or "sizes"
    between: tuple[str, str]
    at: str
    correlation: Correlation


def comparisons(results: Sequence[RunResult], allocations: Sequence[str], baseline: str) -> list[MetricComparison]:
    """A comparison for each size, horizon and figure; those with a diverged run are left out."""
    found = []
    for size, horizon in sorted({(result["size"], result["horizon"]) for result in results}):
        here = [result for result in results if (result["size"], result["horizon"]) == (size, horizon)]
        for figure in here[0]["figures"]:
            values_AS = np.array(
                [[r["figures"].get(figure, np.nan) for r in here if r["allocation"] == name] for name in allocations]
            )
            if np.isfinite(values_AS).all():
                found.append(_cell(size, horizon, figure, values_AS, allocations, baseline))
    return found


def _cell(
    size: str, horizon: int, figure: str, values_AS: np.ndarray, allocations: Sequence[str], baseline: str
) -> MetricComparison:
    means = dict(zip(allocations, values_AS.mean(axis=1).tolist(), strict=True))
    noise = seed_noise(values_AS)
    error = noise[0] / math.sqrt(values_AS.shape[1]) if noise else None
    half = t_95(noise[1]) * error * math.sqrt(2) if noise and error is not None else None
    differences = {name: mean - means[baseline] for name, mean in means.items()}
    return MetricComparison(size, horizon, figure, means, differences, half, error)


def agreements(found: Sequence[MetricComparison], seed: int) -> list[Agreement]:
    """Rank correlations between horizons of one size, and between sizes at one horizon, for each figure."""
    pairs = []
    for i, a in enumerate(found):
        for b in found[i + 1 :]:
            varies = len(set(a.means.values())) > 1 and len(set(b.means.values())) > 1
            if varies and a.figure == b.figure and (a.size == b.size or a.horizon == b.horizon):
                same_size = a.size == b.size
                ends = (f"{a.horizon:,}", f"{b.horizon:,}") if same_size else (a.size, b.size)
                noise = (a.error, b.error) if a.error is not None and b.error is not None else None
                random = rng(seed, "ranks", a.figure, a.size, b.size, a.horizon, b.horizon)
                correlation = correlate(list(a.means.values()), list(b.means.values()), noise, random)
                at = a.size if same_size else f"{a.horizon:,}"
                pairs.append(Agreement(a.figure, "horizons" if same_size else "sizes", ends, at, correlation))
    return sorted(pairs, key=lambda pair: (pair.figure != LOSS, pair.figure, pair.what))


def run_figures(
    losses: Mapping[str, float], scores: Mapping[str, float], shares: Mapping[str, float]
) -> dict[str, float]:
    """The figures of a run: the loss weighted by `shares`, the loss on each source, and the scores."""
    overall = {name: score for name, score in scores.items() if not name.startswith(f"{REASONING}:")}
    return {
        LOSS: weighted_loss(losses, shares),
        **{ON.format(source): loss for source, loss in losses.items()},
        **overall,
    }

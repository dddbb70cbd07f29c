"""Grid of short runs over learning rate and batch, extended where the best rate is at the edge."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from hornbook.tuning.settings import TuneSettings

Measure = Callable[[int, int, float, int], float]  # (horizon, batch_rows, rate, seed number) -> loss; nan: diverged


class GridCell(NamedTuple):
    """The runs of one horizon and batch: losses_RS of each rate (ascending) and seed, nan where a run diverged."""

    horizon: int
    batch_rows: int
    rates: list[float]
    losses_RS: np.ndarray


def run_grid(settings: TuneSettings, measure: Measure) -> list[GridCell]:
    """Run all cells, short horizons first, so that an aborted search still has results."""
    return [
        _cell(settings, horizon, batch_rows, measure)
        for horizon in sorted(settings.horizons)
        for batch_rows in sorted(settings.batch_rows)
    ]


def _cell(settings: TuneSettings, horizon: int, batch_rows: int, measure: Measure) -> GridCell:
    found: dict[float, list[float]] = {}
    rates_to_try = sorted(settings.rates)
    for _ in range(settings.extensions + 1):
        for rate in rates_to_try:
            found[rate] = [measure(horizon, batch_rows, rate, number) for number in range(settings.seeds)]
        rates_to_try = _beyond_the_edge(found)
        if not rates_to_try:
            break
    rates = sorted(found)
    return GridCell(horizon, batch_rows, rates, np.array([found[rate] for rate in rates]))


def _beyond_the_edge(found: dict[float, list[float]]) -> list[float]:
    """The next rate to try if the best one is the smallest or the largest; none otherwise."""
    rates = sorted(found)
    means = [float(np.mean(found[rate])) for rate in rates]
    if not np.isfinite(means).any():
        return [rounded(rates[0] ** 2 / rates[1])]
    best = int(np.nanargmin(means))
    if best == 0:
        return [rounded(rates[0] ** 2 / rates[1])]
    return [rounded(rates[-1] ** 2 / rates[-2])] if best == len(rates) - 1 else []


def rounded(rate: float) -> float:
    """Rounded to three digits, so that a rate is the same number in a name and in a recipe."""
    return float(f"{rate:.2e}")

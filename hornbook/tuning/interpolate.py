"""Extrapolate from short runs to the full one: optima, power laws over the horizon, and intervals (report §3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from hornbook.base.confidence_intervals import middle_95
from hornbook.base.rng import rng
from hornbook.tuning.curve_fit import Law, Optimum, optimum, power_law, seed_noise
from hornbook.tuning.lr_grid import GridCell, rounded

RESAMPLES = 500
Interval = tuple[float, float] | None  # None: noise is unknown (one seed), or an optimum is at the edge of its rates


@dataclass(frozen=True)
class Interpolation:
    """The estimated best rate and batch at the target horizon.

    Attributes:
        optima: of each cell, over the rate; `x` is the logarithm of the rate.
        optima_between: their 95 % intervals, as rates.
        rate, between: best rate (three digits) for the chosen batch at the target, and its 95 % interval.
        exponent, exponent_between: exponent of the best rate of that batch over the horizon.
        batch_rows: the batch, one of those tried; `batch_share` of the resamples choose it too.
        noise: standard deviation of one run's loss in nats; None with one seed.
    """

    optima: list[Optimum]
    optima_between: list[Interval]
    batch_rows: int
    batch_share: float | None
    rate: float
    between: Interval
    exponent: float
    exponent_between: Interval
    noise: float | None

    def rate_at(self, cells: Sequence[GridCell], horizon: int) -> float:
        """The best rate of the short runs of this horizon with the chosen batch."""
        for cell, best in zip(cells, self.optima, strict=True):
            if (cell.horizon, cell.batch_rows) == (horizon, self.batch_rows):
                return rounded(np.exp(best.x))
        raise ValueError(f"no runs of {horizon} tokens")


class _Best(NamedTuple):
    batch_rows: int
    laws: dict[int, Law]  # of the logarithm of the best rate, by batch


def interpolate(cells: Sequence[GridCell], target: int, seed: int) -> Interpolation:
    """The best rate and batch at `target` tokens.

    In each cell a parabola in log rate is fitted; for each batch a power law of its optimum over the horizon; the batch
    is chosen by the lowest losses in the same way. For intervals the losses are resampled with the noise between seeds
    and everything is fitted again. They do not cover errors of the power law itself.

    Raises ValueError when all runs of a cell diverged.
    """
    means = [cell.losses_RS.mean(axis=1) for cell in cells]
    optima = _optima(cells, means)
    best = _best(cells, optima, target)
    law = best.laws[best.batch_rows]
    noise = _pooled([seed_noise(cell.losses_RS) for cell in cells])
    if noise is None:
        unknown: list[Interval] = [None] * len(cells)
        return Interpolation(
            optima, unknown, best.batch_rows, None, rounded(np.exp(law.at(target))), None, law.exponent, None, None
        )
    random = rng(seed, "resamples")
    seeds = cells[0].losses_RS.shape[1]
    again = []
    for _ in range(RESAMPLES):
        drawn = [mean + random.normal(0, noise / np.sqrt(seeds), len(mean)) for mean in means]
        found = _optima(cells, drawn)
        again.append((found, _best(cells, found, target)))
    laws = [other.laws[best.batch_rows] for _, other in again]
    held = all(here.inside for cell, here in zip(cells, optima, strict=True) if cell.batch_rows == best.batch_rows)
    return Interpolation(
        optima,
        [
            middle_95([np.exp(found[i].x) for found, _ in again]) if here.inside else None
            for i, here in enumerate(optima)
        ],
        best.batch_rows,
        float(np.mean([other.batch_rows == best.batch_rows for _, other in again])),
        rounded(np.exp(law.at(target))),
        middle_95([np.exp(other.at(target)) for other in laws]) if held else None,
        law.exponent,
        middle_95([other.exponent for other in laws]) if held else None,
        noise,
    )


def _optima(cells: Sequence[GridCell], means: Sequence[np.ndarray]) -> list[Optimum]:
    return [optimum(np.log(cell.rates), losses) for cell, losses in zip(cells, means, strict=True)]


def _best(cells: Sequence[GridCell], optima: Sequence[Optimum], target: int) -> _Best:
    horizons = sorted({cell.horizon for cell in cells})
    batches = sorted({cell.batch_rows for cell in cells})
    at = {(cell.horizon, cell.batch_rows): found for cell, found in zip(cells, optima, strict=True)}
    laws = {batch: power_law(horizons, [at[horizon, batch].x for horizon in horizons]) for batch in batches}
    wanted = [optimum(np.log(batches), [at[horizon, batch].loss for batch in batches]).x for horizon in horizons]
    here = power_law(horizons, wanted).at(target)
    return _Best(min(batches, key=lambda batch: abs(np.log(batch) - here)), laws)


def _pooled(noises: Sequence[tuple[float, int] | None]) -> float | None:
    known = [noise for noise in noises if noise is not None]
    if not known:
        return None
    return float(np.sqrt(sum(sd**2 * freedom for sd, freedom in known) / sum(freedom for _, freedom in known)))


def fits_as_json(found: Interpolation, cells: Sequence[GridCell]) -> dict[str, Any]:
    """The fits as stored in tune.json."""
    return {
        "optima": [
            {
                "tokens": cell.horizon,
                "batch_rows": cell.batch_rows,
                "rate": float(np.exp(best.x)),
                "between": between,
                "loss": best.loss,
                "inside": best.inside,
            }
            for cell, best, between in zip(cells, found.optima, found.optima_between, strict=True)
        ],
        "exponent": found.exponent,
        "exponent_between": found.exponent_between,
        "batch_share": found.batch_share,
        "noise": found.noise,
    }

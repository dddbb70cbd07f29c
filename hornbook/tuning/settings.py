"""Settings of the two searches: `hornbook tune` and `hornbook mixture`."""

import re
from typing import Self

from pydantic import model_validator

from hornbook.base.settings import Settings, setting
from hornbook.evaluation.settings import EvaluationSettings
from hornbook.mixture.epochs import SUM_TOLERANCE
from hornbook.model.settings import ModelSettings
from hornbook.training.settings import RowsSettings

FEWEST_RATES = 3  # a parabola has three coefficients


class TuneSettings(Settings):
    """Rate, batch and warm-up from short runs (report §3: interpolated, then the warm-up is stress-tested)."""

    horizons: list[int] = setting(help="tokens of the short runs, two horizons or more")
    target: int | None = setting(None, "tokens of the full run; if not given, those of the mixture", ge=1)
    rates: list[float] = setting([1e-3, 2e-3, 4e-3, 8e-3], "peak learning rates to begin with, three or more")
    batch_rows: list[int] = setting([16, 32], "rows in a step to try")
    seeds: int = setting(2, "runs of each; from two on, the recommendation has an interval", ge=1)
    extensions: int = setting(2, "how often rates are added where the best one is at the edge", ge=0)
    warmups: list[int] = setting([1, 10], "warm-ups to stress, in steps; none for no stress test")
    doublings: int = setting(6, "how often the stress test doubles the rate", ge=1)
    instability: float = setting(
        0.5, "nats by which the training loss may climb, or end above the tuned run's, and still be stable", gt=0
    )
    margin: float = setting(2.0, "a warm-up is recommended if it stands so many times the recommended rate", ge=1)
    model: ModelSettings = setting(help="shape of the model", default_factory=ModelSettings)
    training: RowsSettings = setting(help="everything else about the runs", default_factory=RowsSettings)

    @model_validator(mode="after")
    def _a_search(self) -> Self:
        _several("horizons", self.horizons, 2, "to see how the optimum moves")
        _several("rates", self.rates, FEWEST_RATES, "for a parabola")
        _several("batch_rows", self.batch_rows, 1, "")
        if any(warmup < 1 for warmup in self.warmups):
            raise ValueError("warmups are counted in steps, from 1 on")
        _untouched(self.training, "learning_rate", "rates")
        _untouched(self.training, "batch_rows", "the batch_rows of the search")
        _untouched(self.training, "evaluate_every", "nothing: each run is measured at its end")
        return self

    def expected_runs(self) -> int:
        """Runs that are certain to be made."""
        grid = len(self.rates) * len(self.batch_rows) * self.seeds * len(self.horizons)
        return grid + len(self.warmups)

    def expected_tokens(self) -> int:
        """Tokens of the runs that are certain to be made: the grid without extensions, and one run per warm-up."""
        grid = len(self.rates) * len(self.batch_rows) * self.seeds * sum(self.horizons)
        return grid + len(self.warmups) * min(self.horizons)


class AblationSettings(Settings):
    """Proxy runs over allocations (report §3.2, table 4)."""

    horizons: list[int] = setting(help="tokens of the runs; from two on, rankings are compared between them")
    presets: list[str] = setting(
        ["final", "uniform", "S", "S+WR", "S+W"], "allocations of tables 4 and 5, scaled to the sources there are"
    )
    allocations: dict[str, dict[str, float]] = setting(
        default_factory=dict, help="allocations of your own: {NAME: {SOURCE: SHARE}}, shares summing to 1"
    )
    baseline: str = setting("final", "allocation that the others are compared with; its shares weight the loss")
    seeds: int = setting(2, "runs of each; from two on, differences can be told from noise", ge=1)
    models: dict[str, ModelSettings] = setting(
        default_factory=lambda: {"proxy": ModelSettings()}, help="shapes of the proxies, by name"
    )
    training: RowsSettings = setting(help="how each proxy is trained", default_factory=RowsSettings)
    evaluation: EvaluationSettings = setting(
        help="how each proxy is scored, if questions are given",
        default_factory=lambda: EvaluationSettings(style="plain"),
    )

    @model_validator(mode="after")
    def _a_comparison(self) -> Self:
        _several("horizons", self.horizons, 1, "")
        for name in [*self.allocations, *self.models]:
            if not re.fullmatch(r"[\w+.-]+", name):
                raise ValueError(f"'{name}' cannot name a run (letters, digits, + . _ and -)")
        for name, shares in self.allocations.items():
            if any(share < 0 for share in shares.values()):
                raise ValueError(f"allocations.{name}: shares must not be negative")
            if abs(sum(shares.values()) - 1) > SUM_TOLERANCE:
                raise ValueError(f"allocations.{name}: shares must sum to 1, they sum to {sum(shares.values()):g}")
        if not self.models:
            raise ValueError("models: expected at least one shape")
        _untouched(self.training, "evaluate_every", "nothing: each run is measured at its end")
        return self

    def expected_tokens(self) -> int:
        """Tokens that all runs train on, if no two presets coincide."""
        allocations = len({*self.presets, *self.allocations})
        return allocations * len(self.models) * self.seeds * sum(self.horizons)


def _several(name: str, values: list[int] | list[float], fewest: int, why: str) -> None:
    """Raise ValueError unless there are `fewest` different positive values."""
    if any(value <= 0 for value in values):
        raise ValueError(f"{name} must be above 0, got {min(values):g}")
    if len(set(values)) != len(values):
        raise ValueError(f"{name}: one value is given twice")
    if len(values) < fewest:
        raise ValueError(f"{name}: expected {fewest} or more{' ' + why if why else ''}, got {len(values)}")


def _untouched(training: RowsSettings, name: str, instead: str) -> None:
    if name in training.model_fields_set:
        raise ValueError(f"training.{name} is decided by {instead}; leave it out")

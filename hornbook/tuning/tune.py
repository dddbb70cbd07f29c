"""The stage `tune`, which chooses learning rate, batch and warm-up by short runs (report §3)."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from hornbook.base.charts import line_chart_file
from hornbook.base.errors import HornbookError
from hornbook.base.files import write_json, write_text
from hornbook.base.progress import answers
from hornbook.base.workspace import Workspace
from hornbook.mixture.packed_dataset import mixture_info
from hornbook.training.distributed import ranks
from hornbook.tuning.interpolate import Interpolation, fits_as_json, interpolate
from hornbook.tuning.lr_grid import GridCell, run_grid
from hornbook.tuning.mixture_views import check_validation, delete_views, prefix_view, shares_of
from hornbook.tuning.proxy_runs import ProxyRun, ProxyRunner, RunResult, weighted_loss
from hornbook.tuning.settings import TuneSettings
from hornbook.tuning.tables import grid_table, recipe_lines, stress_table
from hornbook.tuning.warmup_stress import (
    Stability,
    WarmupLimit,
    climb,
    judge_stability,
    recommend_warmup,
    smooth,
    stress_warmups,
)

FAR = 10  # times the longest horizon, beyond which a power law from short runs is unreliable


def tune(settings: TuneSettings, work: Workspace, *, tokens: Path, tokenizer: Path) -> None:
    """Train on the first rows of a mixture over a grid of rates and batches, fit, then stress-test the warm-up.

    Writes tune.json (runs, fits, limits, recommendation), recommended.yaml, chart.svg, and runs/NAME/ for each run.
    The loss is that of the validation rows, each source weighted by its share. A killed search continues.

    Raises HornbookError when the mixture is too short or has no validation rows, for a warm-up longer than a run, and
    when all runs of a cell diverged.
    """
    _check(settings, tokens)
    with ranks(settings.training.device) as processes:
        short = _ShortRuns(settings, work, tokens, ProxyRunner(work, tokenizer, processes, settings.expected_runs()))
        cells = run_grid(settings, short.loss)
        _check_some_finite(cells)
        found = interpolate(cells, _target(settings, tokens), work.seed)
        # start with the best rate of the short runs: at the long run's rate they may hardly learn, and look unstable
        tuned = found.rate_at(cells, min(settings.horizons))
        limits = stress_warmups(settings, tuned, lambda steps, rate: short.stand(steps, rate, found.batch_rows))
        if processes.first:
            _conclude(settings, work, tokens, cells, found, limits, short.runner.results)
            delete_views(work.path)
        processes.wait()


class _ShortRuns:
    """Short runs by rate, batch and warm-up, on the first rows of the mixture."""

    def __init__(self, settings: TuneSettings, work: Workspace, tokens: Path, runner: ProxyRunner) -> None:
        self.settings, self.work, self.tokens, self.runner = settings, work, tokens, runner
        self.shares = shares_of(tokens)

    def loss(self, horizon: int, batch_rows: int, rate: float, number: int) -> float:
        """Validation loss at the end, each source weighted by its share; nan if it diverged."""
        result = self._run(
            f"tokens-{horizon}-batch-{batch_rows}-rate-{rate:.3g}-seed-{number}", horizon, batch_rows, rate, number
        )
        return weighted_loss(result["losses"], self.shares)

    def stand(self, warmup: int, rate: float, batch_rows: int) -> tuple[Stability, float]:
        """Stability of a run of the shortest horizon with a warm-up of `warmup` steps, and its validation loss."""
        horizon = min(self.settings.horizons)
        name = f"stress-warmup-{warmup}-rate-{rate:.3g}"
        result = self._run(name, horizon, batch_rows, rate, 0, warmup)
        reference = self._reference(horizon, batch_rows)
        found = judge_stability(result["training_loss"], bool(result["diverged"]), reference, self.settings.instability)
        return found, weighted_loss(result["losses"], self.shares)

    def _reference(self, horizon: int, batch_rows: int) -> list[float]:
        """The training losses of the run of the grid on the same data with the lowest final loss."""
        here = (horizon, batch_rows, 0, None)
        losses: list[list[float]] = [
            result["training_loss"]
            for result in self.runner.results
            if tuple(result[name] for name in ("horizon", "batch_rows", "number", "warmup")) == here
            and not result["diverged"]
        ]
        return min(losses, key=lambda each: float(smooth(each)[-1]))

    def _run(
        self, name: str, horizon: int, batch_rows: int, rate: float, number: int, warmup: int | None = None
    ) -> RunResult:
        folder = self.work.path / "views" / f"{horizon}-{number}"
        if self.runner.ranks.first:
            prefix_view(self.tokens, horizon, self.work.seed, number, folder)
        self.runner.ranks.wait()
        changes: dict[str, Any] = {"learning_rate": rate, "batch_rows": batch_rows}
        if warmup is not None:
            changes["warmup_share"] = warmup / -(-mixture_info(folder)["rows"] // batch_rows)
        info = {"horizon": horizon, "batch_rows": batch_rows, "rate": rate, "warmup": warmup}
        training = self.settings.training.model_copy(update=changes)
        return self.runner.run(ProxyRun(name, folder, self.settings.model, training, number, tuple(info.items())))


def _check_some_finite(cells: list[GridCell]) -> None:
    for cell in cells:
        if not np.isfinite(cell.losses_RS.mean(axis=1)).any():
            raise HornbookError(
                f"{cell.horizon:,} tokens in batches of {cell.batch_rows}: every rate from {cell.rates[0]:g} to "
                f"{cell.rates[-1]:g} diverged; try lower ones"
            )


def _check(settings: TuneSettings, tokens: Path) -> None:
    check_validation(tokens)
    info = mixture_info(tokens)
    if max(settings.horizons) > info["tokens"]:
        raise HornbookError(f"horizons: {max(settings.horizons):,} tokens, but {tokens} has {info['tokens']:,}")
    rows = min(settings.horizons) * info["rows"] // info["tokens"]
    steps = rows // max(settings.batch_rows)
    if steps < 1 or max(settings.warmups, default=0) > steps:
        raise HornbookError(
            f"horizons: {min(settings.horizons):,} tokens are {steps} steps of {max(settings.batch_rows)} rows; "
            "expected more steps than the longest warm-up has"
        )


def _target(settings: TuneSettings, tokens: Path) -> int:
    return settings.target or int(mixture_info(tokens)["tokens"])


def _conclude(
    settings: TuneSettings,
    work: Workspace,
    tokens: Path,
    cells: list[GridCell],
    found: Interpolation,
    limits: list[WarmupLimit],
    results: list[RunResult],
) -> None:
    info, target = mixture_info(tokens), _target(settings, tokens)
    steps = max(1, round(target * info["rows"] / info["tokens"] / found.batch_rows))
    limit = recommend_warmup(limits, found.rate, settings.margin, 2 * (found.noise or 0.0))
    rate = min(found.rate, limit.largest or found.rate) if limit else found.rate
    share = min(1.0, limit.warmup / steps) if limit else settings.training.warmup_share
    advice = {
        "learning_rate": rate,
        "between": found.between,
        "batch_rows": found.batch_rows,
        "warmup_share": share,
        "warmup_steps": limit.warmup if limit else None,
        "target": target,
    }
    _warn(settings, work, target, found, limit, limits, rate)
    runs = [
        {**{k: v for k, v in result.items() if k != "training_loss"}, "climb": climb(result["training_loss"] or [0.0])}
        for result in results
    ]
    figures = {
        "recommendation": advice,
        **fits_as_json(found, cells),
        "limits": [limit._asdict() for limit in limits],
    }
    write_json(work.path / "tune.json", {**figures, "runs": runs})
    write_text(work.path / "recommended.yaml", recipe_lines(advice))
    write_text(work.path / "chart.svg", _chart(cells, found))
    work.note("tune", figures)
    work.count(records_out=len(results), tokens=sum(result["tokens"] for result in results))
    answers.print(grid_table(cells, found))
    if limits:
        answers.print(stress_table(limits))
    answers.print(recipe_lines(advice), end="")


def _chart(cells: list[GridCell], found: Interpolation) -> str:
    """Loss over rate: a line for each horizon and batch, a ring at its optimum; runs that diverged are left out."""
    lines = {
        f"{cell.horizon:,} tokens, batch {cell.batch_rows}": list(
            zip(cell.rates, map(float, cell.losses_RS.mean(axis=1)), strict=True)
        )
        for cell in cells
    }
    optima = [(math.exp(best.x), best.loss) for best in found.optima]
    return line_chart_file(lines, optima, "peak learning rate", "validation loss, nats")


def _warn(
    settings: TuneSettings,
    work: Workspace,
    target: int,
    found: Interpolation,
    limit: WarmupLimit | None,
    limits: list[WarmupLimit],
    rate: float,
) -> None:
    if not all(best.inside for best in found.optima):
        work.warn("in some cells the best rate is at the edge of those tried: give more rates, or more extensions")
    if target > FAR * max(settings.horizons):
        work.warn(
            f"the target is {target / max(settings.horizons):.0f} times the longest horizon: the fit is unreliable"
        )
    if found.noise is None:
        work.warn("one seed: the recommendation has no interval")
    if limits and limit is None:
        work.warn("no warm-up was stable at any rate tried: add longer ones")
    elif limit and (limit.largest or 0) < settings.margin * found.rate:
        work.warn(f"no warm-up is stable at {settings.margin:g} times the recommended rate: add longer ones")
    if rate < found.rate:
        work.warn(f"the interpolated rate {found.rate:.2e} is not stable; the largest stable one is recommended")

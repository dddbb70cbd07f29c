"""The stage `ablation`, which compares mixtures by proxy runs and tests how reliable the ranking is (report §3.2)."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_json, write_json
from hornbook.base.progress import answers
from hornbook.base.rng import derive
from hornbook.base.workspace import Workspace
from hornbook.evaluation.stage import evaluation
from hornbook.mixture.packed_dataset import mixture_info
from hornbook.mixture.stage import MANY_EPOCHS
from hornbook.training.distributed import ranks
from hornbook.tuning.mixture_comparison import agreements, comparisons, run_figures
from hornbook.tuning.mixture_presets import Shares, choose_allocations
from hornbook.tuning.mixture_views import allocation_view, check_validation, delete_views
from hornbook.tuning.proxy_runs import ProxyRun, ProxyRunner, RunResult, Score
from hornbook.tuning.settings import AblationSettings
from hornbook.tuning.tables import agreement_table, allocation_table, figure_table


def ablation(
    settings: AblationSettings, work: Workspace, *, tokens: Path, tokenizer: Path, questions: Sequence[Path] = ()
) -> None:
    """Train a proxy on each allocation of the sources in a mixture, at each size, horizon and seed, and compare.

    `tokens` is a mixture (`hornbook mixture`) of all sources; its own shares do not matter, and its validation rows are
    used here too. With `questions`, proxies are also scored on them and on the benchmarks of `evaluation`.
    Writes ablation.json (allocations, runs, cells, agreements) and runs/NAME/. A killed search continues.

    Raises HornbookError as `choose_allocations` does, and when the mixture has no validation rows.
    """
    check_validation(tokens)
    chosen, left_out = choose_allocations(settings, mixture_info(tokens)["token_files"])
    if left_out:
        work.warn(f"presets left out because their sources are missing or they equal another: {', '.join(left_out)}")
    score = _scorer(settings, list(questions)) if questions else None
    expected = len(settings.models) * len(settings.horizons) * len(chosen) * settings.seeds
    with ranks(settings.training.device) as processes:
        runner = ProxyRunner(work, tokenizer, processes, expected, score)
        results = [
            _run(settings, work, tokens, runner, size, horizon, name, shares, number)
            for size in settings.models
            for horizon in sorted(settings.horizons)
            for name, shares in chosen.items()
            for number in range(settings.seeds)
        ]
        if processes.first:
            _warn_of_epochs(settings, work, list(chosen))
            _conclude(settings, work, chosen, results)
            delete_views(work.path)
        processes.wait()


def _run(
    settings: AblationSettings,
    work: Workspace,
    tokens: Path,
    runner: ProxyRunner,
    size: str,
    horizon: int,
    name: str,
    shares: Shares,
    number: int,
) -> RunResult:
    folder = _view(work, name, horizon, number)
    if runner.ranks.first:
        allocation_view(tokens, shares, horizon, derive(work.seed, "rows", number), folder)
    runner.ranks.wait()
    info = {"size": size, "horizon": horizon, "allocation": name}
    proxy = ProxyRun(
        f"{size}-tokens-{horizon}-{name}-seed-{number}",
        folder,
        settings.models[size],
        settings.training,
        number,
        tuple(info.items()),
    )
    return runner.run(proxy)


def _scorer(settings: AblationSettings, questions: list[Path]) -> Score:
    def score(model: Path, work: Workspace) -> dict[str, float]:
        evaluation(settings.evaluation, work, model=model, questions=questions)
        return {row["name"]: row["mean"] for row in read_json(work.path / "scores.json")["scores"]}

    return score


def _conclude(settings: AblationSettings, work: Workspace, chosen: dict[str, Shares], results: list[RunResult]) -> None:
    shares = chosen[settings.baseline]
    runs = [{**result, "figures": run_figures(result["losses"], result["scores"], shares)} for result in results]
    found = comparisons(runs, list(chosen), settings.baseline)
    if not found:
        raise HornbookError("in every comparison a run diverged; lower training.learning_rate")
    ranked = agreements(found, work.seed)
    for name in [run["name"] for run in runs if run["diverged"]]:
        work.warn(f"{name} diverged; comparisons with it are left out")
    info = {
        "baseline": settings.baseline,
        "allocations": chosen,
        "cells": [asdict(cell) for cell in found],
        "agreements": [{**asdict(pair), "correlation": pair.correlation._asdict()} for pair in ranked],
    }
    write_json(work.path / "ablation.json", {**info, "runs": [_brief(run) for run in runs]})
    work.note("ablation", info)
    work.count(records_out=len(runs), tokens=sum(run["tokens"] for run in runs))
    answers.print(allocation_table(chosen))
    for figure in dict.fromkeys(cell.figure for cell in found):
        answers.print(figure_table(figure, [cell for cell in found if cell.figure == figure], list(chosen)))
    if ranked:
        answers.print(agreement_table(ranked))
    if settings.seeds < 2:
        work.warn("one seed: differences cannot be distinguished from noise")


def _warn_of_epochs(settings: AblationSettings, work: Workspace, names: list[str]) -> None:
    """Warn where a source is repeated more often than the report has tested."""
    for name in names:
        for source, row in mixture_info(_view(work, name, max(settings.horizons), 0))["sources"].items():
            if row["epochs"] > MANY_EPOCHS:
                work.warn(
                    f"{name}: source '{source}' is seen {row['epochs']:.0f} times; the report stays below 14 (table 5)"
                )


def _view(work: Workspace, name: str, horizon: int, number: int) -> Path:
    return work.path / "views" / f"{name}-{horizon}-{number}"


def _brief(run: RunResult) -> RunResult:
    return {name: value for name, value in run.items() if name not in ("training_loss", "losses", "scores")}

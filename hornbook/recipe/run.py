"""Run a recipe: every unfinished stage in order, then the summary and the report."""

import time
from contextlib import ExitStack
from pathlib import Path

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_json, write_text
from hornbook.base.progress import answers, console
from hornbook.base.workspace import is_first_process
from hornbook.recipe.artifacts import ArtifactStore, refuse_earlier
from hornbook.recipe.distributed import join_processes
from hornbook.recipe.live_page import live_page
from hornbook.recipe.recipe import Recipe, Stage
from hornbook.recipe.run_stage import execute
from hornbook.recipe.summary import summarise

REPORT = "report.html"


def run_recipe(recipe: Recipe, run: Path, watch: int | None = None) -> Path:
    """Run all stages of `recipe` in the folder `run`; returns the path of the report.

    It may be killed at any moment and called again: finished stages are found by their keys and not run again, the
    unfinished one continues from its work folder, and answered teacher calls are not repeated. Of several processes
    (torchrun) all train, and the first one does everything else. `watch` is a port of this machine on which the page
    can be seen while the run goes on.
    """
    recipe.check_files()
    refuse_earlier(run)
    store = ArtifactStore(run)
    with join_processes() as processes, store.lock(), ExitStack() as opened:
        if is_first_process():
            write_text(run / "recipe.yaml", recipe.text)
            if watch is not None:
                console.print(f"Page: {opened.enter_context(live_page(recipe, store, watch))}")
        for number, stage in enumerate(recipe.stages, 1):
            place = f"[dim]{number:2}/{len(recipe.stages)}[/dim] {stage.name:<20}"
            if processes.from_first(store.is_done(stage)):  # here the others wait for the previous stage
                console.print(f"{place} [dim]done before[/dim]")
            elif is_first_process() or stage.kind.together:
                console.print(f"{place} {stage.kind.does}")
                _run_stage(recipe, stage, store)
        return _conclude(recipe, store) if is_first_process() else run / REPORT


def _run_stage(recipe: Recipe, stage: Stage, store: ArtifactStore) -> None:
    started = time.monotonic()
    answered = _ledger_lines(store.ledger)
    try:
        work = execute(stage, store.inputs(recipe, stage), store.work_folder(stage), store.ledger)
    except HornbookError as error:
        explained = HornbookError(f"stage {stage.name}: {error}")
        explained.exit_code = error.exit_code
        raise explained from None
    if not is_first_process():
        return
    store.finish(stage)
    seconds = time.monotonic() - started
    store.add_timing(stage, seconds, _ledger_lines(store.ledger) - answered)
    counts = ", ".join(f"{name.replace('_', ' ')} {amount:,}" for name, amount in sorted(work.counts.items()))
    aside = sum(work.rejected.values())
    console.print(f"      [dim]{seconds:.0f} s; {counts}{f'; set aside {aside:,}' if aside else ''}[/dim]")


def _ledger_lines(ledger: Path) -> int:
    """The number of calls in the ledger, without parsing it."""
    return sum(file.read_bytes().count(b"\n") for file in ledger.glob("*.jsonl"))


def _conclude(recipe: Recipe, store: ArtifactStore) -> Path:
    from hornbook.report.page import write_report
    from hornbook.report.table import results_table

    summary = summarise(recipe, store)
    write_json(store.run / "summary.json", summary)
    page = write_report(store.run)
    answers.print(results_table(summary))
    answers.print(f"Report: {page}")
    if any("model" in stage.kind.makes for stage in recipe.stages):
        answers.print(f"Talk to the model: hornbook chat {store.run} (on a page: --page)", soft_wrap=True)
    return page

"""Run one stage: for a recipe (`execute`), or by itself on the user's files (`run_alone`)."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_json, write_json
from hornbook.base.lock import LOCK, locked
from hornbook.base.progress import answers, console
from hornbook.base.rng import derive
from hornbook.base.settings import Settings
from hornbook.base.stage import StageType
from hornbook.base.workspace import FAILED_CALLS, Workspace, is_first_process
from hornbook.recipe.inputs import external_key, is_there
from hornbook.recipe.recipe import Stage
from hornbook.report.preview import NAME as PREVIEW
from hornbook.report.preview import write_preview

LEDGER = "teacher"  # folder in a stage's output with the answered calls
NOTHING_MADE = {LEDGER, LOCK, PREVIEW, ".key", "book.json", "rejects.jsonl"}  # what a failed attempt may leave


def execute(stage: Stage, inputs: dict[str, Any], out: Path, ledger: Path) -> Workspace:
    """Run `stage` on `inputs`, writing to `out`, which may contain files of an earlier attempt.

    Raises the stage's exception; a HornbookError also says how many records were set aside, if any were. Writes
    stage.json (identity and statistics) as the last file, which marks the stage as complete.
    """
    work = Workspace(out, name=stage.name, seed=stage.seed, ledger=ledger)
    try:
        stage.kind.function(stage.settings, work, **inputs)
    except HornbookError as error:
        work.close()  # rejects.jsonl may explain the error
        if type(error) is HornbookError and work.rejected:
            aside = f"{work.rejected.total():,} records were set aside, see {out / 'rejects.jsonl'}"
            raise HornbookError(f"{error} ({aside})") from None
        raise
    work.close()
    if is_first_process():
        write_json(out / "stage.json", {"name": stage.name, "key": stage.key, **stage.identity(), **work.statistics()})
    return work


def run_alone(
    kind: StageType, settings: Settings, inputs: Mapping[str, Any], out: Path, seed: int, overwrite: bool
) -> None:
    """Run one stage on the user's files into `out`; a second call with the same arguments continues or does nothing.

    `inputs` has a path, a list of paths or None for each input. Raises HornbookError when `out` has other content.
    """
    sources = {name: _as_list(value) for name, value in inputs.items()}
    keys = {name: [external_key(_located(source)) for source in values] for name, values in sources.items()}
    stage = Stage(kind.name, kind, settings, sources, keys, derive(seed, kind.name))
    paths = _paths(kind, sources)
    if not is_first_process():
        if kind.together:
            _run_stage(stage, paths, out, overwrite)
        return
    _check(out, stage.key, overwrite)
    with locked(out):
        if overwrite or _key_in(out) != stage.key:
            _clear(out)
        (out / ".key").write_text(stage.key)
        _run_stage(stage, paths, out, overwrite)


def preview_alone(
    kind: StageType, settings: Settings, inputs: Mapping[str, Any], out: Path, seed: int, count: int
) -> None:
    """Write `out`/preview.html: `count` records of each kind of the run that `run_alone` makes of the same arguments,
    with all that was asked and checked. What is paid for it is in the run's ledger."""
    if kind.previews is None:
        raise HornbookError(f"{kind.command} has no preview")
    paths = _paths(kind, {name: _as_list(value) for name, value in inputs.items()})
    with locked(out):
        work = Workspace(out, name=kind.name, seed=derive(seed, kind.name), ledger=out / LEDGER)
        page = write_preview(out, kind.previews(settings, work, count, **paths))
    console.print(f"Written to {page}")


def _paths(kind: StageType, sources: Mapping[str, list[str]]) -> dict[str, Any]:
    """The inputs of a stage as its function takes them."""
    return {
        name: [Path(source) for source in values] if kind.inputs[name].many else Path(values[0])
        for name, values in sources.items()
        if values or kind.inputs[name].many
    }


def _run_stage(stage: Stage, paths: dict[str, Any], out: Path, overwrite: bool) -> None:
    """Run the stage, unless it is done, and print its results."""
    if not overwrite and (out / "stage.json").exists():
        failed = read_json(out / "stage.json").get("counts", {}).get(FAILED_CALLS, 0)
        if not failed:
            _show(stage.kind, out)
            console.print(f"{out}: done before (--overwrite runs it again)")
            return
        console.print(f"{out}: done before except for {failed:,} calls that failed; trying those again")
    work = execute(stage, paths, out, out / LEDGER)
    if not is_first_process():
        return
    for name, amount in sorted(work.counts.items()):
        console.print(f"  {name.replace('_', ' ')}: {amount:,}")
    for reason, amount in sorted(work.rejected.items()):
        console.print(f"  set aside: {amount:,} {reason}")
    _show(stage.kind, out)
    console.print(f"Written to {out}")
    if work.conclusion:
        console.print(work.conclusion)


def _show(kind: StageType, out: Path) -> None:
    """Print the stage's tables, if it has any."""
    if is_first_process() and kind.tables:
        for table in kind.tables(out):
            answers.print(table)


def _check(out: Path, key: str, overwrite: bool) -> None:
    """Raise HornbookError unless `out` is new, empty, started with the same settings and inputs, or to be overwritten.

    The files of an attempt that failed before it made anything do not count.
    """
    begun = _key_in(out)
    made = out.exists() and any(entry.name not in NOTHING_MADE for entry in out.iterdir())
    if made and begun != key and not (overwrite and begun):
        raise HornbookError(
            f"{out}: has other content (other settings, inputs or files); choose another --out, or pass --overwrite"
        )


def _clear(out: Path) -> None:
    """Remove everything in `out` except the ledger, whose answers are paid for and would be the same again."""
    for entry in out.iterdir():
        if entry.name in (LEDGER, LOCK, PREVIEW):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _key_in(out: Path) -> str:
    if (out / ".key").exists():
        return (out / ".key").read_text()
    return str(read_json(out / "stage.json").get("key")) if (out / "stage.json").exists() else ""


def _located(source: str) -> str:
    """An existing path unchanged; otherwise the name of a hub model, marked as one."""
    return source if is_there(source) else f"hf:{source}"


def _as_list(value: Any) -> list[str]:
    values = value if isinstance(value, tuple | list) else [] if value is None else [value]
    return [str(item) for item in values]

"""One stage by itself, on the user's files: what a command runs."""

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

LEDGER = "teacher"  # folder of a stage's output with the answered calls
NOTHING_MADE = {LEDGER, LOCK, ".key", "book.json", "rejects.jsonl"}  # what an attempt that failed may leave


def execute(stage: Stage, inputs: dict[str, Any], out: Path, ledger: Path) -> Workspace:
    """Run `stage` on `inputs`, writing to `out`, which may hold what an earlier attempt left.

    Raises what the stage raises; a HornbookError then says how many records were set aside before, if any were.
    Leaves stage.json (identity and book) as the last file: where it stands, the stage is complete.
    """
    work = Workspace(out, name=stage.name, seed=stage.seed, ledger=ledger)
    try:
        stage.kind.function(stage.settings, work, **inputs)
    except HornbookError as error:
        work.close()  # what was set aside may be why
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
    """Run one stage on the user's files, into `out`; a second call with the same arguments continues or is done.

    `inputs` has a path, a list of paths or None for each input. Raises HornbookError when `out` holds something else.
    """
    sources = {name: _as_list(value) for name, value in inputs.items()}
    keys = {name: [external_key(_located(source)) for source in values] for name, values in sources.items()}
    stage = Stage(kind.name, kind, settings, sources, keys, derive(seed, kind.name))
    paths = {
        name: [Path(source) for source in values] if kind.inputs[name].many else Path(values[0])
        for name, values in sources.items()
        if values or kind.inputs[name].many
    }
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


def _run_stage(stage: Stage, paths: dict[str, Any], out: Path, overwrite: bool) -> None:
    """Run the stage, unless it is done, and say what came of it."""
    if not overwrite and (out / "stage.json").exists():
        failed = read_json(out / "stage.json").get("counts", {}).get(FAILED_CALLS, 0)
        if not failed:
            _show(stage.kind, out)
            console.print(f"{out}: done before (--overwrite makes it anew)")
            return
        console.print(f"{out}: done before but for {failed:,} calls that failed; asking again")
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
    """Print what was asked for, where it is figures."""
    if is_first_process() and kind.tables:
        for table in kind.tables(out):
            answers.print(table)


def _check(out: Path, key: str, overwrite: bool) -> None:
    """Whether `out` may be ours: it is new, empty, or begun with the very same settings and inputs, or to be made anew.

    An attempt that failed before it made anything claims nothing. Raises HornbookError where `out` holds something
    else.
    """
    begun = _key_in(out)
    made = out.exists() and any(entry.name not in NOTHING_MADE for entry in out.iterdir())
    if made and begun != key and not (overwrite and begun):
        raise HornbookError(
            f"{out}: holds something else (other settings, inputs or files); choose another --out, or pass --overwrite"
        )


def _clear(out: Path) -> None:
    """Remove everything in `out` but the ledger: its answers are paid for, and made anew they would be the same."""
    for entry in out.iterdir():
        if entry.name in (LEDGER, LOCK):
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
    """A path as it is; the name of a hub model, where no such path exists, marked as one."""
    return source if is_there(source) else f"hf:{source}"


def _as_list(value: Any) -> list[str]:
    values = value if isinstance(value, tuple | list) else [] if value is None else [value]
    return [str(item) for item in values]

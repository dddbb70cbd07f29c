"""The run folder: finished artifacts by their keys, and work in progress.

RUN/artifacts/STAGE-KEY/   finished: the stage's files and stage.json
RUN/work/STAGE-KEY/        in progress; a killed run continues from there
RUN/teacher/               the ledger of all teacher calls
RUN/timings.jsonl          seconds per finished stage (not part of any artifact)
"""

import contextlib
import os
import shutil
from pathlib import Path
from typing import Any

import msgspec

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_json, sync
from hornbook.base.lock import locked
from hornbook.recipe.inputs import resolve
from hornbook.recipe.recipe import RENAMED, Recipe, Stage
from hornbook.recipe.stage_registry import STAGE_TYPES


class ArtifactStore:
    """The folders of a run's stages."""

    def __init__(self, run: Path) -> None:
        self.run = run

    @property
    def ledger(self) -> Path:
        return self.run / "teacher"

    def folder(self, stage: Stage) -> Path:
        return self.run / "artifacts" / f"{stage.name}-{stage.key}"

    def work_folder(self, stage: Stage) -> Path:
        return self.run / "work" / f"{stage.name}-{stage.key}"

    def is_done(self, stage: Stage) -> bool:
        return (self.folder(stage) / "stage.json").exists()

    def read(self, stage: Stage) -> dict[str, Any]:
        """The stage.json of a finished stage: its identity and its statistics."""
        content: dict[str, Any] = read_json(self.folder(stage) / "stage.json")
        return content

    def inputs(self, recipe: Recipe, stage: Stage) -> dict[str, Any]:
        """The keyword arguments for a stage's function: a path for each input, a list for one that takes several."""
        arguments: dict[str, Any] = {}
        stages = {other.name: other for other in recipe.stages}
        for name, sources in stage.inputs.items():
            paths = [self.folder(stages[s]) if s in stages else resolve(s) for s in sources]
            if stage.kind.inputs[name].many:
                arguments[name] = paths
            elif paths:
                arguments[name] = paths[0]
        return arguments

    def finish(self, stage: Stage) -> None:
        """Move a stage's work folder to the artifacts, atomically and durably."""
        work, final = self.work_folder(stage), self.folder(stage)
        for path in [*work.rglob("*"), work]:
            sync(path)
        final.parent.mkdir(parents=True, exist_ok=True)
        if final.exists():  # incomplete, without stage.json: from a partial copy or deletion
            shutil.rmtree(final)
        os.replace(work, final)
        sync(final.parent)

    def earlier(self, stage: Stage) -> list[dict[str, Any]]:
        """stage.json of all finished artifacts of the stage's name, newest first."""
        found = []
        for file in (self.run / "artifacts").glob(f"{stage.name}-*/stage.json"):
            with contextlib.suppress(HornbookError):
                content = read_json(file)
                if content.get("name") == stage.name:
                    found.append((file.stat().st_mtime, content))
        return [content for _, content in sorted(found, key=lambda pair: -pair[0])]

    def add_timing(self, stage: Stage, seconds: float, calls_asked: int) -> None:
        row = {"stage": stage.name, "key": stage.key, "seconds": round(seconds, 2), "calls_asked": calls_asked}
        with (self.run / "timings.jsonl").open("ab") as handle:
            handle.write(msgspec.json.encode(row) + b"\n")

    def timings(self) -> dict[str, dict[str, Any]]:
        """The last timing of each key."""
        path = self.run / "timings.jsonl"
        rows: dict[str, dict[str, Any]] = {}
        for line in path.read_bytes().splitlines() if path.exists() else []:
            with contextlib.suppress(msgspec.DecodeError):
                row = msgspec.json.decode(line)
                rows[row["key"]] = row
        return rows

    def lock(self) -> contextlib.AbstractContextManager[None]:
        """Lock the run folder for this process. Raises HornbookError, which names the other process."""
        return locked(self.run)


def refuse_earlier(run: Path) -> None:
    """Raise HornbookError if an earlier version made `run`: it has a stage of a kind that no longer exists."""
    for file in sorted((run / "artifacts").glob("*/stage.json")):
        kind = _kind_in(file)
        if kind and kind not in STAGE_TYPES:
            now = f", which is called '{RENAMED[kind]}' now" if kind in RENAMED else ""
            raise HornbookError(
                f"{run}: made by an earlier version ({file.parent.name} is of the kind '{kind}'{now}); "
                "run the recipe in a new folder with --run, or delete this one"
            )


def _kind_in(file: Path) -> str:
    """The kind in a stage.json; "" if it cannot be read."""
    with contextlib.suppress(HornbookError):
        return str(read_json(file).get("kind", ""))
    return ""

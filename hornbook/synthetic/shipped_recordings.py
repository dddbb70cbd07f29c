"""The recordings that come with the package: a folder each, with the ledger, the seeds and the settings of its run.

With `teacher.recorded` set to the name of one, its settings are the defaults, and its seeds those of a run that is
given none, so that the name alone shows what a strong teacher writes.
"""

from pathlib import Path
from typing import Any

import yaml

from hornbook.teacher.recorded import SHIPPED

SETTINGS = "settings.yaml"


def shipped_folder(teacher: Any) -> Path | None:
    """The folder of the recording that the setting `teacher` names; None if it names none of this package."""
    name = teacher.get("recorded") if isinstance(teacher, dict) else getattr(teacher, "recorded", "")
    folder = SHIPPED / str(name or "")
    return folder if name and (folder / SETTINGS).is_file() else None


def recorded_defaults(values: dict[str, Any]) -> dict[str, Any]:
    """The settings of a stage, with those of its recording where nothing is given."""
    folder = shipped_folder(values.get("teacher"))
    if folder is None:
        return values
    said: dict[str, Any] = yaml.safe_load((folder / SETTINGS).read_text("utf-8"))
    return said | values


def recorded_seeds(folder: Path) -> tuple[list[Path], list[Path]]:
    """The files of documents and of questions of a recording."""
    return [folder / "documents.jsonl"], [folder / "questions.jsonl"]

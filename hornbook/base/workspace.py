"""The output folder of a stage and its statistics: counts, rejected records, warnings, figures."""

import os
from collections import Counter
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec

from hornbook.base.files import write_json, write_text
from hornbook.base.progress import Bar, console, progress

FAILED_CALLS = "failed_calls"  # name of the count of calls that the teacher did not answer
REJECTS_KEPT = 1000  # rejected records listed by name; all of them are counted


def is_first_process() -> bool:
    """Whether this process writes; under torchrun only the one of rank 0 does."""
    return os.environ.get("RANK", "0") == "0"


class Workspace:
    """A stage's output folder and its statistics, for the recipe runner (a folder of the run) and commands (`--out`).

    `path` may hold files of an earlier attempt that was killed; a stage that can continue from them does. Its
    statistics must not depend on how often it was killed, so they are counted from the finished output.

    Attributes:
        path: folder for the stage's output.
        seed: seed of this stage; derive named ones with `base.seeds`.
        ledger: folder of the teacher ledger, shared by all stages of a run.
    """

    def __init__(self, path: Path, *, name: str = "", seed: int = 0, ledger: Path | None = None) -> None:
        self.path = Path(path)
        self.name = name or self.path.name
        self.seed = seed
        self.ledger = ledger or self.path / "teacher"
        self.counts: Counter[str] = Counter()
        self.rejected: Counter[str] = Counter()
        self.warnings: list[str] = []
        self.notes: dict[str, Any] = {}
        self.conclusion = ""
        self._rejects: list[dict[str, str]] = []
        self.path.mkdir(parents=True, exist_ok=True)

    def progress(self, label: str, total: float, unit: str = "", done: float = 0) -> AbstractContextManager[Bar]:
        """A progress bar; see `base.progress`. For everything that takes over two seconds."""
        return progress(f"{self.name}: {label}" if label else self.name, total, unit, done)

    def count(self, **amounts: int) -> None:
        """Add to the stage's counts: records_in, records_out, tokens, teacher_calls, or any other."""
        self.counts.update(amounts)

    def reject(self, where: str, reason: str) -> None:
        """Set a record aside: `where` names it (id, or file:line), `reason` says why. Counted by reason."""
        self.rejected[reason.split(":")[0]] += 1
        if len(self._rejects) < REJECTS_KEPT:
            self._rejects.append({"where": where, "reason": reason})

    def first_set_aside(self) -> str:
        """For the error when no record is left: "; the first of 3 set aside: file:2: reason", or ""."""
        if not self._rejects:
            return ""
        first, count = self._rejects[0], sum(self.rejected.values())
        return f"; the first of {count} set aside: {first['where']}: {first['reason']}"

    def warn(self, text: str) -> None:
        """A warning, shown now and in the report (report §9, failure signatures)."""
        if text not in self.warnings:
            self.warnings.append(text)
            console.print(f"  [yellow]warning[/yellow] {self.name}: {text}")

    def note(self, name: str, value: Any) -> None:
        """Keep a figure, a table or a curve (any JSON value) for summary.json and the report."""
        self.notes[name] = value

    def conclude(self, text: str) -> None:
        """Set the last line that the command prints; also kept as a note."""
        self.conclusion = text
        self.note("conclusion", text)

    def statistics(self) -> dict[str, Any]:
        """All counts, rejections, warnings and notes, in a stable order."""
        return {
            "counts": dict(sorted(self.counts.items())),
            "rejected": dict(sorted(self.rejected.items())),
            "warnings": self.warnings,
            "notes": self.notes,
        }

    def close(self) -> None:
        """Write `book.json` and, if records were set aside, `rejects.jsonl`. Under torchrun only rank 0 writes."""
        if not is_first_process():
            return
        write_json(self.path / "book.json", self.statistics())
        if self._rejects:
            rows = sorted(self._rejects, key=lambda row: (row["where"], row["reason"]))
            write_text(self.path / "rejects.jsonl", "".join(msgspec.json.encode(r).decode() + "\n" for r in rows))

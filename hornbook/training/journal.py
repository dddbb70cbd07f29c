"""Lines of JSON written as training goes; a resumed run takes back what came after its checkpoint."""

import os
from pathlib import Path
from typing import Any, Self

import msgspec


class Journal:
    """An append-only file of JSON lines with a `step` each. Use as a context manager.

    Args:
        path: the file; made if missing.
        upto: lines of later steps, and a line cut short by a kill, are removed on opening.
    """

    def __init__(self, path: Path, upto: int) -> None:
        kept = [row for row in read_journal(path) if row["step"] <= upto]
        self.rows = kept
        self._file = path.open("wb")
        for row in kept:
            self._file.write(msgspec.json.encode(row) + b"\n")

    def add(self, **row: Any) -> None:
        self.rows.append(row)
        self._file.write(msgspec.json.encode(row) + b"\n")
        self._file.flush()

    def sync(self) -> None:
        """Bring all lines to the disk, so that none is missing before a checkpoint."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def read_journal(path: Path) -> list[dict[str, Any]]:
    """The complete lines of a journal; none if there is no such file."""
    if not path.exists():
        return []
    return [msgspec.json.decode(line) for line in path.read_bytes().split(b"\n")[:-1]]

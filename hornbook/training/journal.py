"""Lines of JSON written as training goes; a resumed run takes back what came after its checkpoint."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import msgspec


class Journal:
    """An append-only file of JSON lines with a `step` each. Use as a context manager.

    Args:
        path: the file; made if missing.
        upto: lines of later steps, and a line cut short by a kill, are removed on opening.

    Attributes:
        last: the last line, if there is any.
    """

    def __init__(self, path: Path, upto: int) -> None:
        self.last: dict[str, Any] | None = None
        end = 0
        for line, row in _lines(path):
            if row["step"] > upto:
                break
            self.last, end = row, end + len(line)
        self._file = path.open("ab")
        self._file.truncate(end)  # what is kept is never written again, and so is never at risk

    def add(self, **row: Any) -> None:
        self.last = row
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
    return [row for _, row in _lines(path)]


def _lines(path: Path) -> Iterator[tuple[bytes, dict[str, Any]]]:
    if path.exists():
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield line, msgspec.json.decode(line)

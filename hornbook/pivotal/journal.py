"""What was sampled, on disk as soon as it was: one line per finished entry, only ever appended."""

import errno
import os
from pathlib import Path

import msgspec

from hornbook.base.errors import HornbookError
from hornbook.pivotal.outcomes import Outcome


class Entry(msgspec.Struct, array_like=True):
    key: str  # digest of the requests that were answered
    outcomes: list[Outcome]


class Journal:
    """Entries of an earlier attempt are replayed in order; where it ended (perhaps in a torn line), writing goes on.

    The first line is `identity`, which names model, questions and settings; a journal of another search is dropped.
    """

    def __init__(self, path: Path, identity: str) -> None:
        self.path = path
        header = msgspec.json.encode({"search": identity}) + b"\n"
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        if lines and not lines[-1].endswith(b"\n"):
            lines.pop()  # torn by a kill
        if not lines or lines[0] != header:
            path.write_bytes(header)
            lines = [header]
        self.waiting = lines[:0:-1]  # entries to replay, the next one last
        self.size = len(header)  # bytes of header and of entries that were replayed or written

    def replay(self, key: str) -> list[Outcome] | None:
        """The outcomes of the next entry if it answers `key`; else what follows is forgotten, and None."""
        if self.waiting:
            line = self.waiting.pop()
            entry = msgspec.json.decode(line, type=Entry)
            if entry.key == key:
                self.size += len(line)
                return entry.outcomes
            self.waiting.clear()
        return None

    def append(self, key: str, outcomes: list[Outcome]) -> None:
        """Write an entry through to the disk. Raises HornbookError when the disk is full."""
        line = msgspec.json.encode(Entry(key, outcomes)) + b"\n"
        try:
            with self.path.open("r+b") as file:
                file.truncate(self.size)  # drops a torn line
                file.seek(self.size)
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise HornbookError(
                    f"{self.path}: the disk is full; free some space and run again to continue"
                ) from None
            raise
        self.size += len(line)

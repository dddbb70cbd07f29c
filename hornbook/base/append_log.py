"""An append-only file of lines that survives crashes, for the ledger and the journals of long stages."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from hornbook.base.errors import disk_full_errors
from hornbook.base.platform import sync_data

BLOCK = 1 << 22  # bytes read at a time
SECONDS_BETWEEN_SYNCS = 5.0  # a killed process loses nothing; a power cut loses at most this much


class AppendLog:
    """Lines appended through one O_APPEND descriptor, each with a single write. Also a context manager.

    A process may be killed at any moment: at worst it leaves an incomplete last line, which `new_lines` omits. The next
    append ends that line with a newline and removes nothing, so several processes may append at the same time; each
    sees the others' lines through `new_lines`. A process that is the file's only user may `truncate` it instead.
    Raises HornbookError when the disk is full.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        self._seen = 0  # bytes given out by new_lines
        self._synced = time.monotonic()
        size = os.fstat(self._file).st_size
        self._torn = size > 0 and os.pread(self._file, 1, size - 1) != b"\n"

    def append(self, line: bytes) -> None:
        """Write one line (without its newline). When this returns, killing the process cannot lose it."""
        rest = memoryview((b"\n" if self._torn else b"") + line + b"\n")
        self._torn = True
        with disk_full_errors(self.path):
            while rest:
                rest = rest[os.write(self._file, rest) :]
        self._torn = False
        if time.monotonic() - self._synced > SECONDS_BETWEEN_SYNCS:
            self.sync()

    def new_lines(self) -> Iterator[tuple[int, bytes]]:
        """All complete lines since the last call, of this and other processes, each with its offset in bytes."""
        rest = b""
        while self._seen + len(rest) < os.fstat(self._file).st_size:
            rest += os.pread(self._file, BLOCK, self._seen + len(rest))
            *lines, rest = rest.split(b"\n")
            for line in lines:
                start, self._seen = self._seen, self._seen + len(line) + 1
                yield start, line

    def read(self, offset: int, length: int) -> bytes:
        return os.pread(self._file, length, offset)

    def truncate(self, size: int) -> None:
        """Keep the first `size` bytes, which must be whole lines."""
        os.ftruncate(self._file, size)
        self._seen, self._torn = min(self._seen, size), False

    def sync(self) -> None:
        """Flush all lines to the disk."""
        with disk_full_errors(self.path):
            sync_data(self._file)
        self._synced = time.monotonic()

    def close(self) -> None:
        try:
            self.sync()
        finally:
            os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


def read_lines(path: Path) -> list[bytes]:
    """The complete lines of a log, without their newlines; none if there is no such file."""
    return path.read_bytes().split(b"\n")[:-1] if path.exists() else []

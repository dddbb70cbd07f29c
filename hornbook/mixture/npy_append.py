"""Append to .npy files on disk instead of in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from hornbook.base.files import atomic

HEADER = 128  # bytes at the beginning of a `.npy` file of few dimensions
ROWS_AT_ONCE = 1 << 16  # rows of a table in a chunk


class GrowingArray:
    """A `.npy` file of 64-bit integers that is being written.

    Attributes:
        rows: written so far.
    """

    def __init__(self, file: BinaryIO, columns: int | None) -> None:
        self.rows = 0
        self._file, self._columns = file, columns
        self._write_header()

    def append(self, values: np.ndarray) -> None:
        """Add rows: numbers, or rows of `columns` numbers."""
        self._file.write(np.ascontiguousarray(values, "<i8").tobytes())
        self.rows += len(values)

    def finish(self) -> None:
        self._file.seek(0)
        self._write_header()  # as long as before: numpy pads the header so that the number of rows can grow

    def _write_header(self) -> None:
        shape = (self.rows,) if self._columns is None else (self.rows, self._columns)
        header = {"descr": "<i8", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, header)


@contextmanager
def growing_array(path: Path, columns: int | None = None) -> Iterator[GrowingArray]:
    """Write a `.npy` file in parts, a vector or a table of `columns`; it appears when the block ends."""
    with atomic(path) as temporary, temporary.open("wb") as file:
        array = GrowingArray(file, columns)
        yield array
        array.finish()


def open_array(path: Path) -> np.ndarray:
    """A memory-mapped `.npy` file; an empty one has only a header and is loaded instead."""
    return np.load(path, mmap_mode="r" if path.stat().st_size > HEADER else None)


def in_chunks(values: np.ndarray) -> Iterator[np.ndarray]:
    """A memory-mapped array in chunks of rows."""
    for start in range(0, len(values), ROWS_AT_ONCE):
        yield np.asarray(values[start : start + ROWS_AT_ONCE])

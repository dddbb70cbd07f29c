"""Records written in parts as they are made, and joined to one file at the end: memory holds one part at a time."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from hornbook.base.files import mappings_in, read_records, write_batches, write_records

T = TypeVar("T", bound=msgspec.Struct)
RECORDS_IN_PART = 500


class RecordParts(Generic[T]):
    """The parts of FOLDER/NAME.parquet: `FOLDER/NAME/part-00000.parquet` and so on.

    A killed process leaves its whole parts, which can be read as they are; the same records again give the same parts.
    """

    def __init__(self, path: Path, cls: type[T], size: int = RECORDS_IN_PART) -> None:
        """`path` is the file that there will be, `size` the number of records in a part."""
        self.path, self.cls, self.size = path, cls, size
        self.folder = path.with_suffix("")
        self.written = 0  # parts
        self._rest: list[T] = []
        self._mappings: set[str] = set()

    def add(self, record: T) -> None:
        self._rest.append(record)
        if len(self._rest) >= self.size:
            self._mappings |= mappings_in(self.cls, self._rest)
            write_records(self._part(self.written), self.cls, self._rest)
            self.written += 1
            self._rest = []

    def __iter__(self) -> Iterator[list[T]]:
        """The records so far, part by part."""
        for number in range(self.written):
            yield read_records(self._part(number), self.cls)
        if self._rest:
            yield self._rest

    def join(self, keep: Callable[[T], bool] = lambda record: True) -> int:
        """Write the whole file, with the records to `keep`, and remove the parts; returns how many records it has."""
        mappings = self._mappings | mappings_in(self.cls, self._rest)
        batches = ([record for record in part if keep(record)] for part in self)
        count = write_batches(self.path, self.cls, (batch for batch in batches if batch), mappings)
        shutil.rmtree(self.folder, ignore_errors=True)
        return count

    def _part(self, number: int) -> Path:
        return self.folder / f"part-{number:05d}.parquet"

"""An index of all documents of all sources, in memory-mapped tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hornbook.mixture.npy_append import ROWS_AT_ONCE, open_array


@dataclass(frozen=True)
class DocumentIndex:
    """Documents numbered source by source, in the order of the token files.

    Attributes:
        offsets: for each source, where its documents begin in the token file, and where the last one ends.
        first: index of each source's first document, and the total number of documents.
    """

    sources: list[str]
    offsets: list[np.ndarray]
    first: list[int]

    @classmethod
    def read(cls, folder: Path, sources: list[str]) -> "DocumentIndex":
        offsets = [open_array(folder / f"{source}.offsets.npy") for source in sources]
        first = np.cumsum([0, *(len(table) - 1 for table in offsets)]).tolist()
        return cls(sources, offsets, first)

    def of(self, source: str) -> Iterator[np.ndarray]:
        """Indices of a source's documents, in order and in chunks."""
        begin, end = self.first[self.sources.index(source) :][:2]
        for start in range(begin, end, ROWS_AT_ONCE):
            yield np.arange(start, min(start + ROWS_AT_ONCE, end))

    def lengths(self, documents_D: np.ndarray) -> np.ndarray:
        """Token counts of these documents, including the end-of-text token."""
        source_D, local_D = self._find(documents_D)
        lengths_D = np.empty(len(documents_D), np.int64)
        for source in np.unique(source_D):
            here_D, table = source_D == source, self.offsets[source]
            lengths_D[here_D] = table[local_D[here_D] + 1] - table[local_D[here_D]]
        return lengths_D

    def locate(self, pieces_P4: np.ndarray) -> np.ndarray:
        """From pieces (index, start, length, joined) to what a plan holds, which has the source and its document in
        place of the index: pieces_P5."""
        source_P, local_P = self._find(pieces_P4[:, 0])
        return np.column_stack([source_P, local_P, pieces_P4[:, 1:]])

    def _find(self, documents_D: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        source_D = np.searchsorted(self.first, documents_D, side="right") - 1
        return source_D, documents_D - np.array(self.first)[source_D]

"""From documents and shares to rows: what is in each row, and in which order the rows come (report §3.1-3.3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hornbook.base.seeds import rng
from hornbook.mixture.order import Stream, cut, shuffled
from hornbook.mixture.packing import pack
from hornbook.mixture.tokens import save_array

ROWS_PACKED_TOGETHER = 4096  # enough for a tight fit, few enough that every stretch of training has the same mixture


@dataclass(frozen=True)
class Part:
    """A part of the mixture with a share of its own: a source, or what is naturally long of all sources."""

    name: str
    share: float
    documents_D: np.ndarray  # indices into the catalogue
    weights_D: np.ndarray  # how often each is seen per epoch


@dataclass(frozen=True)
class Catalogue:
    """All documents of all sources under one index: source after source, in the order of the token files."""

    sources: list[str]
    lengths_D: np.ndarray  # tokens, the end-of-text token included
    first: list[int]  # index of each source's first document, and the number of documents

    @classmethod
    def read(cls, folder: Path, sources: list[str]) -> "Catalogue":
        lengths = [np.diff(np.load(folder / f"{source}.offsets.npy")) for source in sources]
        first = np.cumsum([0, *map(len, lengths)]).tolist()
        return cls(sources, np.concatenate(lengths), first)

    def of(self, source: str) -> np.ndarray:
        """Indices of a source's documents."""
        number = self.sources.index(source)
        return np.arange(self.first[number], self.first[number + 1])

    def locate(self, pieces_P3: np.ndarray) -> np.ndarray:
        """From pieces (index, start, length) to what a plan holds: pieces_P4 (source, its document, start, length)."""
        source_P = np.searchsorted(self.first, pieces_P3[:, 0], side="right") - 1
        document_P = pieces_P3[:, 0] - np.array(self.first)[source_P]
        return np.column_stack([source_P, document_P, pieces_P3[:, 1:]])


def plan_training(
    parts: list[Part], catalogue: Catalogue, tokens: int, context: int, seed: int
) -> Iterator[tuple[np.ndarray, list[list[int]]]]:
    """Windows of the training order, as (pieces_P3, rows of indices into them), each with the shares of the whole.

    A part's epochs follow each other, so a document comes again only when all others of its part have been seen.
    """
    streams = [
        Stream(shuffled(part.documents_D, part.weights_D, seed, part.name), catalogue.lengths_D, context)
        for part in parts
    ]
    windows = -(-tokens // (ROWS_PACKED_TOGETHER * context))
    for window in range(1, windows + 1):
        taken = [
            stream.take(until=part.share * tokens * window / windows)
            for part, stream in zip(parts, streams, strict=True)
        ]
        pieces_P3 = np.concatenate(taken)
        yield pieces_P3, pack_shuffled(pieces_P3, context, seed, window)


def plan_validation(documents_D: np.ndarray, catalogue: Catalogue, context: int) -> tuple[np.ndarray, list[list[int]]]:
    """Every document once. The order is the same for every seed, so that runs are measured on the same rows."""
    pieces_P3 = cut(documents_D, catalogue.lengths_D[documents_D], context)
    return pieces_P3, pack_shuffled(pieces_P3, context, 0, 0)


def pack_shuffled(pieces_P3: np.ndarray, context: int, seed: int, window: int) -> list[list[int]]:
    """Rows of pieces, packed tightly and then put in a random order."""
    rows = pack(pieces_P3[:, 2].tolist(), context)
    return [rows[index] for index in rng(seed, "rows", window).permutation(len(rows))]


def write_plan(
    folder: Path, split: str, windows: Iterator[tuple[np.ndarray, list[list[int]]]], catalogue: Catalogue
) -> tuple[int, int]:
    """Write `SPLIT.pieces.npy` and `SPLIT.offsets.npy`; returns the number of rows and of tokens."""
    pieces, sizes = [], []
    for pieces_P3, rows in windows:
        order = [piece for row in rows for piece in row]
        pieces.append(catalogue.locate(pieces_P3[order]))
        sizes += [len(row) for row in rows]
    pieces_P4 = np.concatenate(pieces)
    save_array(folder / f"{split}.pieces.npy", pieces_P4)
    save_array(folder / f"{split}.offsets.npy", np.cumsum([0, *sizes]))
    return len(sizes), int(pieces_P4[:, 3].sum())

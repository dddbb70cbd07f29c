"""Plan the rows of a mixture from documents and shares: the pieces of each row, and the order (report §3.1-3.3)."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hornbook.base.progress import Bar
from hornbook.base.rng import rng
from hornbook.mixture.document_index import DocumentIndex
from hornbook.mixture.npy_append import growing_array, in_chunks
from hornbook.mixture.packing import pack
from hornbook.mixture.sampling_order import MixturePart, PieceStream, cut_pieces

ROWS_PACKED_TOGETHER = 4096  # enough for a tight fit, few enough for every part of training to have the same shares
TOKENS_PACKED_TOGETHER = 1 << 22  # upper bound, so that memory does not grow with the context

Window = tuple[np.ndarray, list[list[int]]]  # pieces_P3, and rows of indices into them


def plan_training(
    parts: list[MixturePart], catalogue: DocumentIndex, tokens: int, context: int, seed: int
) -> Iterator[Window]:
    """Windows of the training order, each with the shares of the whole. Memory does not grow with the corpus.

    A part's epochs follow each other, so a document is repeated only after all others of its part.
    """
    streams = [PieceStream(part, catalogue.lengths, context, seed) for part in parts]
    windows = -(-tokens // min(ROWS_PACKED_TOGETHER * context, TOKENS_PACKED_TOGETHER))
    for window in range(1, windows + 1):
        taken = [
            stream.take(until=part.share * tokens * window / windows)
            for part, stream in zip(parts, streams, strict=True)
        ]
        pieces_P3 = np.concatenate(taken)
        yield pieces_P3, pack_shuffled(pieces_P3, context, seed, window)


def plan_validation(documents_D: np.ndarray, catalogue: DocumentIndex, context: int) -> Iterator[Window]:
    """Every document once. The order is the same for every seed, so that all runs are validated on the same rows."""
    for window, some_D in enumerate(in_chunks(documents_D)):
        pieces_P3 = cut_pieces(some_D, catalogue.lengths(some_D), context)
        yield pieces_P3, pack_shuffled(pieces_P3, context, 0, window)


def pack_shuffled(pieces_P3: np.ndarray, context: int, seed: int, window: int) -> list[list[int]]:
    """Rows of pieces, packed and then shuffled."""
    rows = pack(pieces_P3[:, 2].tolist(), context)
    return [rows[index] for index in rng(seed, "rows", window).permutation(len(rows))]


def write_plan(
    folder: Path, split: str, windows: Iterator[Window], catalogue: DocumentIndex, bar: Bar | None = None
) -> tuple[int, int]:
    """Write `SPLIT.pieces.npy` and `SPLIT.offsets.npy`, window by window; returns the numbers of rows and tokens."""
    tokens = 0
    with (
        growing_array(folder / f"{split}.offsets.npy") as offsets,
        growing_array(folder / f"{split}.pieces.npy", columns=4) as table,
    ):
        offsets.append(np.zeros(1))
        for pieces_P3, rows in windows:
            ends = table.rows + np.cumsum([len(row) for row in rows], dtype=np.int64)
            pieces_P4 = catalogue.locate(pieces_P3[np.fromiter((piece for row in rows for piece in row), np.int64)])
            table.append(pieces_P4)
            offsets.append(ends)
            here = int(pieces_P4[:, 3].sum())
            tokens += here
            if bar:
                bar.advance(here)
        return offsets.rows - 1, tokens

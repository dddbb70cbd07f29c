"""Plan the rows of a mixture from documents and shares: the pieces of each row, and the order (report §3.1-3.3)."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hornbook.base.progress import Bar
from hornbook.base.rng import rng
from hornbook.mixture.document_index import DocumentIndex
from hornbook.mixture.npy_append import growing_array, in_chunks
from hornbook.mixture.packed_dataset import PIECE_COLUMNS
from hornbook.mixture.packing import pack
from hornbook.mixture.sampling_order import MixturePart, PieceStream, cut_pieces

ROWS_PACKED_TOGETHER = 4096  # enough for a tight fit, few enough for every part of training to have the same shares
TOKENS_PACKED_TOGETHER = 1 << 22  # upper bound, so that memory does not grow with the context

Window = tuple[np.ndarray, list[list[int]]]  # pieces_P4 (document, start, length, joined), rows of indices into them


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
        laid = [
            join(pieces_P3, context) if part.joined else not_joined(pieces_P3)
            for part, pieces_P3 in zip(parts, taken, strict=True)
        ]
        pieces_P4 = np.concatenate(laid)
        yield pieces_P4, pack_shuffled(pieces_P4, context, seed, window)


def plan_validation(documents_D: np.ndarray, catalogue: DocumentIndex, context: int) -> Iterator[Window]:
    """Every document once. The order is the same for every seed, so that runs are measured on the same rows."""
    for window, some_D in enumerate(in_chunks(documents_D)):
        pieces_P4 = not_joined(cut_pieces(some_D, catalogue.lengths(some_D), context))
        yield pieces_P4, pack_shuffled(pieces_P4, context, 0, window)


def not_joined(pieces_P3: np.ndarray) -> np.ndarray:
    """pieces_P4: pieces that attend to nothing before them."""
    return np.column_stack([pieces_P3, np.zeros(len(pieces_P3), np.int64)])


def join(pieces_P3: np.ndarray, context: int) -> np.ndarray:
    """pieces_P4: all pieces as one text, cut at each `context` tokens; a piece is joined to the one before it unless it
    begins such a stretch."""
    ends_P = np.cumsum(pieces_P3[:, 2])
    total = int(ends_P[-1]) if len(ends_P) else 0
    begins_P = ends_P - pieces_P3[:, 2]
    cuts_C = np.union1d(begins_P, np.arange(0, total, context))
    piece_C = np.searchsorted(ends_P, cuts_C, side="right")
    starts_C = pieces_P3[piece_C, 1] + cuts_C - begins_P[piece_C]
    lengths_C = np.diff(cuts_C, append=total)
    return np.column_stack([pieces_P3[piece_C, 0], starts_C, lengths_C, cuts_C % context != 0])


def pack_shuffled(pieces_P4: np.ndarray, context: int, seed: int, window: int) -> list[list[int]]:
    """Rows of pieces, packed tightly and then put in a random order. Pieces that are joined stay together."""
    first_U = np.flatnonzero(pieces_P4[:, 3] == 0)
    if not len(first_U):
        return []
    lengths_U = np.add.reduceat(pieces_P4[:, 2], first_U)
    bounds = [*first_U.tolist(), len(pieces_P4)]
    rows = pack(lengths_U.tolist(), context)
    return [
        [piece for unit in rows[index] for piece in range(bounds[unit], bounds[unit + 1])]
        for index in rng(seed, "rows", window).permutation(len(rows))
    ]


def write_plan(
    folder: Path, split: str, windows: Iterator[Window], catalogue: DocumentIndex, bar: Bar | None = None
) -> tuple[int, int]:
    """Write `SPLIT.pieces.npy` and `SPLIT.offsets.npy`, window by window; returns the numbers of rows and tokens."""
    tokens = 0
    with (
        growing_array(folder / f"{split}.offsets.npy") as offsets,
        growing_array(folder / f"{split}.pieces.npy", columns=PIECE_COLUMNS) as table,
    ):
        offsets.append(np.zeros(1))
        for pieces_P4, rows in windows:
            ends = table.rows + np.cumsum([len(row) for row in rows], dtype=np.int64)
            located_P5 = catalogue.locate(pieces_P4[np.fromiter((piece for row in rows for piece in row), np.int64)])
            table.append(located_P5)
            offsets.append(ends)
            here = int(located_P5[:, 3].sum())
            tokens += here
            if bar:
                bar.advance(here)
        return offsets.rows - 1, tokens

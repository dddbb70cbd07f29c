"""Read a mixture: random access to rows in memory-mapped files.

An artifact holds, per source, `tokens/SOURCE.bin` (the documents' tokens, one after the other, each with its
end-of-text token), `tokens/SOURCE.offsets.npy` (where each document begins) and `tokens/SOURCE.ids.parquet`; and per
split `rows/SPLIT.pieces.npy` (source, document, start, length of each piece, and 1 if it is joined to the one
before it as if both were one document) and `rows/SPLIT.offsets.npy` (where in
that table each row begins).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_json
from hornbook.mixture.npy_append import open_array

IDS_A_GROUP = 1 << 16  # ids in a row group of `tokens/SOURCE.ids.parquet`
PIECE_COLUMNS = 5
VALIDATION = "validation-{}"  # the split that holds the validation documents of a source


class PackedBatch(NamedTuple):
    """B rows of T = context tokens, as numpy int64.

    `documents_BT` numbers what attends to itself alone within each row 0, 1, 2 ..., -1 is padding; `positions_BT`
    begins at 0 with each.
    """

    tokens_BT: np.ndarray
    positions_BT: np.ndarray
    documents_BT: np.ndarray


class Piece(NamedTuple):
    """A part of a document in a row; `start` counts tokens from the document's beginning."""

    source: str
    document: str  # id of the Document or Sample
    start: int
    length: int


class Rows:
    """The rows of one split. Their order is the training order: step k of batch size B is rows k*B to (k+1)*B.

    Attributes:
        context: tokens per row, including padding.
        sources: names of the sources.
        vocab_size: all ids are below this.
    """

    def __init__(self, artifact: Path, split: str) -> None:
        self.artifact = Path(artifact)
        self.about: dict[str, Any] = mixture_info(self.artifact)
        self.context: int = self.about["context"]
        self.vocab_size: int = self.about["vocab_size"]
        self.sources: list[str] = self.about["token_files"]
        plan = self.artifact / "rows" / f"{split}.pieces.npy"
        if not plan.exists():
            raise HornbookError(f"{self.artifact}: the mixture has no split '{split}'")
        self._pieces = open_array(plan)
        if self._pieces.shape[1] != PIECE_COLUMNS:
            raise HornbookError(f"{self.artifact}: a mixture of an earlier version of Hornbook; make it again")
        self._offsets = open_array(plan.with_name(f"{split}.offsets.npy"))
        self._tokens: dict[int, np.ndarray] = {}
        self._starts: dict[int, np.ndarray] = {}
        self._names: dict[tuple[int, int], pa.ChunkedArray] = {}  # the last ids that were read

    @classmethod
    def open(cls, artifact: Path, split: str = "train") -> Self:
        """Open `split` ("train", or "validation-SOURCE") of a mixture's folder.

        Raises HornbookError when there is no mixture, or it has no such split.
        """
        return cls(artifact, split)

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def batch(self, indices: Sequence[int]) -> PackedBatch:
        """The rows with these indices, in this order. The cost does not depend on the indices.

        Raises IndexError for an index outside 0 ... len - 1.
        """
        shape = (len(indices), self.context)
        tokens_BT = np.full(shape, self.about["pad_id"], np.int64)
        positions_BT = np.zeros(shape, np.int64)
        documents_BT = np.full(shape, -1, np.int64)
        for b, row in enumerate(indices):
            at, number, position = 0, -1, 0
            for source, document, start, length, joined in self._plan(row):
                if not joined:
                    number, position = number + 1, 0
                here = slice(at, at + length)
                begin = self._offset(source)[document] + start
                tokens_BT[b, here] = self._source(source)[begin : begin + length]
                positions_BT[b, here] = np.arange(position, position + length)
                documents_BT[b, here] = number
                at, position = at + length, position + length
        return PackedBatch(tokens_BT, positions_BT, documents_BT)

    def pieces(self, row: int) -> list[Piece]:
        """The pieces of a row with the ids of their records (for lineage; reads the ids from disk)."""
        return [
            Piece(self.sources[source], self._id(source, document), start, length)
            for source, document, start, length, _ in self._plan(row)
        ]

    def long_documents(self, longer_than: int, most: int) -> dict[str, np.ndarray]:
        """The first `most` documents of more than `longer_than` tokens, by id: as many tokens as a row holds."""
        first_P = np.flatnonzero((self._pieces[:, 2] == 0) & (self._pieces[:, 3] > longer_than))[:most]
        found = {}
        for source, document, _, length, _ in self._pieces[first_P].tolist():
            begin = self._offset(source)[document]
            found[self._id(source, document)] = np.asarray(self._source(source)[begin : begin + length], np.int64)
        return found

    def _plan(self, row: int) -> list[list[int]]:
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} of {len(self)}")
        return self._pieces[self._offsets[row] : self._offsets[row + 1]].tolist()

    def _source(self, source: int) -> np.ndarray:
        if source not in self._tokens:
            file = self.artifact / "tokens" / f"{self.sources[source]}.bin"
            self._tokens[source] = np.memmap(file, dtype=self.about["dtype"], mode="r")
        return self._tokens[source]

    def _offset(self, source: int) -> np.ndarray:
        if source not in self._starts:
            file = self.artifact / "tokens" / f"{self.sources[source]}.offsets.npy"
            self._starts[source] = open_array(file)
        return self._starts[source]

    def _id(self, source: int, document: int) -> str:
        group, index = divmod(document, IDS_A_GROUP)
        if (source, group) not in self._names:
            file = self.artifact / "tokens" / f"{self.sources[source]}.ids.parquet"
            self._names = {(source, group): pq.ParquetFile(file).read_row_group(group)["id"]}
        return str(self._names[source, group][index].as_py())


def mixture_info(artifact: Path) -> dict[str, Any]:
    """The contents of `mixture.json`. Raises HornbookError when `artifact` is not a mixture."""
    return read_json(Path(artifact) / "mixture.json")


def validation_rows(artifact: Path) -> dict[str, Rows]:
    """The validation rows of each source that has some, by source."""
    splits = {source: VALIDATION.format(source) for source in mixture_info(artifact)["token_files"]}
    has = {source: split for source, split in splits.items() if (artifact / "rows" / f"{split}.pieces.npy").exists()}
    return {source: Rows.open(artifact, split) for source, split in has.items()}

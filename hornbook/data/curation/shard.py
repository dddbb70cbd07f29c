"""The files of a shard: a few thousand documents, and what the steps know of them."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from hornbook.base.records import Document

FOLDER = "shards"


class RejectedDocument(Document, kw_only=True):
    """A document that was set aside, whole, so that it can be put back. `reason` is "reason: details"; `twin` is the id
    of the kept copy, or of the benchmark item that it contains, `similarity` to it between 0 and 1. `spans` are the
    ranges of characters, [start, end], that the benchmark item has too."""

    reason: str
    twin: str = ""
    similarity: float = 0.0
    spans: list[list[int]] = []


def rejected(
    document: Document,
    reason: str,
    twin: str = "",
    similarity: float = 0.0,
    spans: Sequence[tuple[int, int]] = (),
) -> RejectedDocument:
    """A whole document with the reason why it is set aside."""
    fields = msgspec.structs.asdict(document)
    return RejectedDocument(**fields, reason=reason, twin=twin, similarity=similarity, spans=list(map(list, spans)))


class TwinRow(msgspec.Struct):
    """A document of a shard (its row) that is a copy: id and origin of the kept one, and their similarity."""

    row: int
    twin: str
    origin: str
    similarity: float


class CutLine(msgspec.Struct):
    """A line that was cut out, and in how many documents."""

    text: str
    documents: int


class ReadEnd(msgspec.Struct):
    """Where the reading of a shard ended: `items` results of input `part`, both from 0. `last`: there is no more."""

    part: int
    items: int
    last: bool = False
    set_aside: list[tuple[str, str]] = []  # what could not be read: (where, reason)


class FilterCounts(msgspec.Struct):
    """Documents found by source, documents left, and the filters' counts: note → what → number."""

    found: dict[str, int]
    kept: int
    notes: dict[str, dict[str, int]] = {}


class CompareCounts(msgspec.Struct):
    """Documents of a shard that are left, and what was cut out of how many."""

    kept: int = 0
    cut_documents: int = 0
    cut_characters: int = 0


class ShardFiles(NamedTuple):
    """The files of a shard by name, in its folder. `*_counts` are written last by the step that they count."""

    folder: Path

    def reading(self) -> ReadEnd:
        return msgspec.json.decode(self.read_end.read_bytes(), type=ReadEnd)

    def filter_figures(self) -> FilterCounts:
        return msgspec.json.decode(self.filter_counts.read_bytes(), type=FilterCounts)

    def compared_figures(self) -> CompareCounts:
        return msgspec.json.decode(self.compare_counts.read_bytes(), type=CompareCounts)

    @property
    def input(self) -> Path:
        return self.folder / "input.parquet"

    @property
    def read_end(self) -> Path:
        return self.folder / "read.json"

    @property
    def filtered(self) -> Path:
        return self.folder / "filtered.parquet"

    @property
    def filtered_out(self) -> Path:
        return self.folder / "filtered_out.parquet"

    @property
    def signatures(self) -> Path:
        """Array of shape (bands, documents): see `filters.duplicates`."""
        return self.folder / "signatures.npy"

    @property
    def figures(self) -> Path:
        """Arrays of figures of each document: see `sign_documents`."""
        return self.folder / "figures.npz"

    @property
    def lines(self) -> Path:
        """The hashes of lines and the rows of the documents that have them."""
        return self.folder / "lines.npz"

    @property
    def sample(self) -> Path:
        return self.folder / "sample.parquet"

    @property
    def filter_counts(self) -> Path:
        return self.folder / "filtered.json"

    @property
    def twins(self) -> Path:
        return self.folder / "twins.parquet"

    @property
    def compared(self) -> Path:
        return self.folder / "compared.parquet"

    @property
    def compared_out(self) -> Path:
        return self.folder / "compared_out.parquet"

    @property
    def cut_lines(self) -> Path:
        return self.folder / "cut_lines.parquet"

    @property
    def common(self) -> Path:
        """In how many documents each 13-gram of benchmarks is."""
        return self.folder / "common.npz"

    @property
    def suspects(self) -> Path:
        """Rows of `compared` that contain benchmark items, unless what they contain is common in the corpus."""
        return self.folder / "suspects.npy"

    @property
    def compare_counts(self) -> Path:
        return self.folder / "compared.json"


def shard_files(folder: Path, number: int) -> ShardFiles:
    return ShardFiles(folder / f"{number:06d}")


def remove_shards(folder: Path) -> None:
    """Remove all shards at once: a kill in between leaves none or all of them."""
    old = folder.with_name(f"{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
        shutil.rmtree(old, ignore_errors=True)

"""What can be said of the documents of all shards together: copies, repeated lines, and a sample for statistics."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from hornbook.base.files import atomic, read_records, write_json, write_records
from hornbook.base.workspace import Workspace
from hornbook.data.classifier.model import Classifier
from hornbook.data.classifier.selection import (
    THRESHOLDS,
    Graded,
    Selection,
    histogram,
    read_selection,
    thresholds,
    topics_of,
)
from hornbook.data.curation.compare_shard import LINES, SAMPLE
from hornbook.data.curation.duplicates import Twins, find_twins
from hornbook.data.curation.repeated_lines import count_lines
from hornbook.data.curation.shard import ShardFiles, TwinRow
from hornbook.data.curation.sign_documents import load_arrays, load_copies
from hornbook.data.filters.duplicates import BANDS
from hornbook.data.filters.outliers import SampleText, join_samples
from hornbook.data.settings import CurateSettings

LINES_AT_ONCE = 1 << 25


def compare_documents(shards: Sequence[ShardFiles], settings: CurateSettings, work: Workspace) -> None:
    """Write the twins of each shard, and beside the shards the repeated lines and the sample. What an earlier attempt
    has written is not done again."""
    folder = shards[0].folder.parent
    if (folder / SAMPLE).exists():
        return
    copies, starts, band = load_copies(shards)
    with work.progress("comparing documents", BANDS, "bands") as bar:
        twins = find_twins(copies, band, settings.near_duplicate, bar)
    _write_twins(shards, starts, twins)
    kept_N = np.ones(starts[-1], bool)
    kept_N[twins.copies] = False
    if settings.classifier:
        write_json(folder / THRESHOLDS, _selection(shards, starts, kept_N, settings))
    repeated = np.empty(0, np.uint64)
    if settings.repeated_lines:
        hashes = _Lines(shards, starts, kept_N)
        repeated = count_lines(hashes, settings.repeated_lines, hashes.count() // LINES_AT_ONCE + 1)
    with atomic(folder / LINES) as temporary, temporary.open("wb") as file:
        np.save(file, repeated)
    samples = join_samples(one for shard in shards for one in read_records(shard.sample, SampleText))
    write_records(folder / SAMPLE, SampleText, samples)


def _selection(
    shards: Sequence[ShardFiles], starts: list[int], kept_N: NDArray[np.bool_], settings: CurateSettings
) -> Selection:
    """The thresholds, and the topics of all documents that are no copies."""
    counts, topics = histogram([]), Counter[str]()
    for shard, start in zip(shards, starts, strict=False):
        graded = [row for number, row in enumerate(read_records(shard.filtered, Graded)) if kept_N[start + number]]
        counts += histogram(graded)
        topics.update(topics_of(graded))
    if settings.thresholds:
        least = read_selection(settings.thresholds).thresholds
    else:
        shares = {"stem": settings.keep_share, "others": settings.keep_share_others}
        least = thresholds(counts, shares, Classifier.load(settings.classifier).facts["thresholds"])
    return Selection(least, dict(topics.most_common()))


class _Named(msgspec.Struct):
    """The names of a document."""

    id: str
    origin: str


class _Lines:
    """The hashes of the lines of all documents that are no copies, shard by shard."""

    def __init__(self, shards: Sequence[ShardFiles], starts: list[int], kept_N: NDArray[np.bool_]) -> None:
        self.shards, self.starts, self.kept_N = shards, starts, kept_N

    def __iter__(self) -> Iterator[NDArray[np.uint64]]:
        for shard, start in zip(self.shards, self.starts, strict=False):
            arrays = load_arrays(shard.lines, "lines", "documents")
            yield arrays["lines"][self.kept_N[arrays["documents"] + start]]

    def count(self) -> int:
        return sum(len(hashes) for hashes in self)


def _write_twins(shards: Sequence[ShardFiles], starts: list[int], twins: Twins) -> None:
    """Write the copies in each shard, with the names of what is kept instead."""
    names: dict[int, tuple[str, str]] = {}
    wanted = np.unique(twins.kept)
    for shard, start, end in zip(shards, starts, starts[1:], strict=False):
        rows = wanted[np.searchsorted(wanted, start) : np.searchsorted(wanted, end)] - start
        if len(rows):
            named = read_records(shard.filtered, _Named)
            names |= {start + row: (named[row].id, named[row].origin) for row in rows.tolist()}
    found: list[list[TwinRow]] = [[] for _ in shards]
    for copy, kept, similarity in zip(*(column.tolist() for column in twins), strict=True):
        number = bisect_right(starts, copy) - 1
        found[number].append(TwinRow(copy - starts[number], *names[kept], round(similarity, 4)))
    for shard, copies in zip(shards, found, strict=True):
        write_records(shard.twins, TwinRow, copies)

"""Thresholds from the share to keep, measured over a corpus: one for each path of topics (report §2.3).

Each batch of graded documents gives a histogram; the sum of all of them gives the thresholds. `thresholds.json` is an
artifact: the same thresholds can be applied to another corpus.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from rich.table import Table

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_json
from hornbook.base.records import Document
from hornbook.data.classifier.topics import PATHS, TOPICS, path_of

BINS = 1000  # of scores in [0, 1]
FEWEST = 100  # documents of a path; with fewer its threshold is the classifier's, measured on its labels
THRESHOLDS = "thresholds.json"


class Graded(msgspec.Struct):
    """What is needed of a document that a classifier has graded."""

    kind: str
    quality: float
    topic: str


class Selection(msgspec.Struct):
    """The least score on each path, and how many documents each topic had before."""

    thresholds: dict[str, float]
    topics: dict[str, int] = {}

    def poor(self, document: Document) -> str:
        """Why a document is not good enough; "" if it is, or if it is source code, which is not graded."""
        path = path_of(document.topic)
        least = self.thresholds[path]
        if document.kind == "code" or _bin(document.quality) >= round(least * BINS):
            return ""
        return f"low quality: {document.quality:.3f} below {least:.3f} ({path})"


def read_selection(path: str | Path) -> Selection:
    """The thresholds that an earlier `curate` measured. Raises HornbookError if the file has none."""
    file = Path(path).expanduser()
    file = file / THRESHOLDS if file.is_dir() else file
    try:
        found = msgspec.json.decode(file.read_bytes(), type=Selection)
    except (OSError, msgspec.DecodeError) as error:
        raise HornbookError(f"thresholds: {path}: expected {THRESHOLDS} of an earlier curate ({error})") from None
    missing = [name for name in PATHS if name not in found.thresholds]
    if missing:
        raise HornbookError(f"thresholds: {path}: none for the path {missing[0]}")
    return found


def histogram(documents: Iterable[Graded | Document]) -> np.ndarray:
    """[paths, BINS + 1] numbers of documents, by path and by score, source code excepted."""
    counts = np.zeros((len(PATHS), BINS + 1), np.int64)
    for document in documents:
        if document.kind != "code":
            counts[PATHS.index(path_of(document.topic)), _bin(document.quality)] += 1
    return counts


def thresholds(
    counts: np.ndarray, shares: Mapping[str, float], of_labels: Mapping[str, Mapping[str, float]]
) -> dict[str, float]:
    """The least score on each path: that with which the share of documents kept is nearest to the one wanted. `counts`
    is a sum of histograms, `of_labels` the classifier's table for paths with few documents."""
    found = {}
    for path, row in zip(PATHS, counts, strict=True):
        table = of_labels.get(path, {})
        nearest = min(table, key=lambda share: abs(float(share) - shares[path]), default="")
        measured = row.sum() >= FEWEST or not nearest or shares[path] >= 1
        found[path] = threshold(row, shares[path]) if measured else table[nearest]
    return found


def threshold(counts: np.ndarray, share: float) -> float:
    """The least score, from the numbers of documents by score. 0 if there are none, or all are to be kept."""
    total = counts.sum()
    if not total or share >= 1:
        return 0.0
    kept = np.append(counts[::-1].cumsum()[::-1], 0) / total  # from each score on
    return (BINS + 1 - int(np.abs(kept - share)[::-1].argmin())) / BINS  # the highest of equally near ones


def topic_balance(before: Mapping[str, int], after: Mapping[str, int]) -> list[dict[str, Any]]:
    """For each topic that occurs: documents before and after the selection, and their shares."""
    totals = [max(1, sum(counts.values())) for counts in (before, after)]
    return [
        {
            "topic": topic,
            "path": path_of(topic),
            "before": before[topic],
            "after": after.get(topic, 0),
            "share_before": round(before[topic] / totals[0], 4),
            "share_after": round(after.get(topic, 0) / totals[1], 4),
        }
        for topic in TOPICS
        if before.get(topic)
    ]


def topic_tables(out: Path) -> Iterator[Table]:
    """The table of topics before and after, of a finished `curate` with a classifier; none without."""
    notes = read_json(out / "book.json")["notes"]
    if "topics" not in notes:
        return
    table = Table(title="Topics of prose, before and after the choice by quality")
    for name in ("topic", "path", "before", "after", "share before", "share after"):
        table.add_column(name, justify="left" if name in ("topic", "path") else "right")
    for row in notes["topics"]:
        counts = [f"{row['before']:,}", f"{row['after']:,}"]
        table.add_row(row["topic"], row["path"], *counts, f"{row['share_before']:.1%}", f"{row['share_after']:.1%}")
    yield table


def topics_of(documents: Sequence[Graded | Document]) -> Counter[str]:
    """Documents of each topic, source code excepted."""
    return Counter(document.topic for document in documents if document.topic and document.kind != "code")


def _bin(score: float) -> int:
    return int(min(1.0, max(0.0, score)) * BINS + 1e-6)

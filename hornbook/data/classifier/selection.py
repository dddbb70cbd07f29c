"""A threshold from the share to keep, measured over a corpus: one for each path of topics (report §2.3).

Each batch of scored documents gives a histogram; the sum of all of them gives the thresholds.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from hornbook.base.records import Document
from hornbook.data.classifier.topics import PATHS, TOPICS, path_of

BINS = 1000  # of scores in [0, 1]


def histogram(documents: Iterable[Document]) -> np.ndarray:
    """[paths, BINS + 1] numbers of documents, by path and by score; without a topic a document is not scored."""
    counts = np.zeros((len(PATHS), BINS + 1), np.int64)
    for document in documents:
        if document.topic:
            counts[PATHS.index(path_of(document.topic)), _bin(document.quality)] += 1
    return counts


def thresholds(histograms: Iterable[np.ndarray], shares: Mapping[str, float]) -> dict[str, float]:
    """The least score on each path: that with which the share of documents kept is nearest to the one wanted."""
    counts = sum(histograms, np.zeros((len(PATHS), BINS + 1), np.int64))
    return {path: threshold(counts[number], shares[path]) for number, path in enumerate(PATHS)}


def threshold(counts: np.ndarray, share: float) -> float:
    """The least score, from the numbers of documents by score. 0 if there are none, or all are to be kept."""
    total = counts.sum()
    if not total or share >= 1:
        return 0.0
    kept = np.append(counts[::-1].cumsum()[::-1], 0) / total  # from each score on
    return int(np.abs(kept - share).argmin()) / BINS


def poor(document: Document, least: Mapping[str, float]) -> str:
    """Why a scored document is not good enough; "" if it is."""
    path = path_of(document.topic)
    if _bin(document.quality) >= round(least[path] * BINS):
        return ""
    return f"low quality: {document.quality:.3f} below {least[path]:.3f} ({path})"


def topic_balance(before: Mapping[str, int], after: Mapping[str, int]) -> list[dict[str, Any]]:
    """For each topic that occurs: documents before and after, and their shares."""
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


def topics_of(documents: Sequence[Document]) -> Counter[str]:
    return Counter(document.topic for document in documents if document.topic)


def _bin(score: float) -> int:
    return int(min(1.0, max(0.0, score)) * BINS + 1e-6)

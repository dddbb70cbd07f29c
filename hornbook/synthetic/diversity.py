"""Diversity of a kind's records; low diversity is the report's first failure signature of synthetic data (§9)."""

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from hornbook.base.records import Document
from hornbook.base.workspace import Workspace
from hornbook.data.filters.duplicates import drop_exact_duplicates, drop_near_duplicates
from hornbook.synthetic.passage_scores import complexity, key_terms
from hornbook.synthetic.settings import DiversitySettings
from hornbook.synthetic.words import STEM, ngrams, stems, words

WINDOW = 1000  # words; the share of distinct n-grams falls with length, so it is measured per window
LEAST_RECORDS = 8  # kinds with fewer are measured, but not warned about
PARTS = 5  # parts of a kind's records, in order, to see whether diversity falls


def measure(
    texts: Sequence[str],
    near_duplicates: int,
    seeds: Sequence[str] = (),
    grades: Sequence[float] = (),
    records: int | None = None,
) -> dict[str, Any]:
    """Figures of one kind's texts, made from the texts `seeds`, with `grades` in [0, 1] if the kind has them. Where the
    texts are a sample, `records` is the number of all.

    {"records", "near_duplicate_rate", "distinct_1" to "distinct_3", "compression", "coverage": share of the seeds' key
    terms that occur in the texts, "words", "complexity" (1 to 5) and "grade": {"mean", "low", "high"} (10th and
    90th percentile), "distinct_2_by_part": [first fifth .. last fifth]}.
    """
    tokens = words(" ".join(texts))
    raw = " ".join(texts).encode()
    parts = [texts[len(texts) * part // PARTS : len(texts) * (part + 1) // PARTS] for part in range(PARTS)]
    records = len(texts) if records is None else records
    return {
        "records": records,
        "near_duplicate_rate": round(near_duplicates / max(1, records), 4),
        **{f"distinct_{n}": distinct_share(tokens, n) for n in (1, 2, 3)},
        "compression": round(len(raw) / max(1, len(zlib.compress(raw, 9))), 4),
        "coverage": coverage(texts, seeds),
        "words": mean_and_range([len(words(text)) for text in texts]),
        "complexity": mean_and_range([complexity(text) for text in texts]),
        "grade": mean_and_range(grades),
        "distinct_2_by_part": [distinct_share(words(" ".join(part)), 2) for part in parts]
        if len(texts) >= PARTS
        else [],
    }


def mean_and_range(values: Sequence[float]) -> dict[str, float]:
    low, high = np.percentile(values or [0], [10, 90]).tolist()
    return {"mean": round(float(np.mean(values or [0])), 3), "low": round(low, 3), "high": round(high, 3)}


def coverage(texts: Sequence[str], seeds: Sequence[str]) -> float:
    """Share of the key terms of all seeds whose stems occur in the texts: how much of the topics is used."""
    terms = {term[:STEM] for seed in seeds for term in key_terms(seed)}
    said = set().union(*(stems(text) for text in texts))
    return round(len(terms & said) / len(terms), 4) if terms else 0.0


def repeating(texts: Sequence[str], threshold: float) -> float:
    """Share of the texts that are duplicates or near-duplicates (by Jaccard similarity) of earlier ones."""
    return near_duplicates(texts, threshold) / len(texts) if texts else 0.0


def near_duplicates(texts: Sequence[str], threshold: float) -> int:
    """The number of texts that are duplicates or near-duplicates of earlier ones."""
    documents = [
        Document(id=str(number), text=text, source="", origin=str(number)) for number, text in enumerate(texts)
    ]
    dropped: list[str] = []

    def drop(document: Document, reason: str) -> None:
        dropped.append(document.id)

    drop_near_duplicates(drop_exact_duplicates(documents, drop), threshold, drop)
    return len(dropped)


def distinct_share(tokens: Sequence[str], n: int) -> float:
    """Mean share of distinct n-grams over windows of a thousand words; the rest joins the last window."""
    starts = range(0, max(1, len(tokens) // WINDOW) * WINDOW, WINDOW)
    ends = [start + WINDOW for start in starts[:-1]] + [len(tokens)]
    shares = []
    for start, end in zip(starts, ends, strict=True):
        grams = ngrams(tokens[start:end], n)
        shares.append(len(set(grams)) / len(grams) if grams else 0.0)
    return round(sum(shares) / len(shares), 4)


def warn_of_sameness(kind: str, figures: dict[str, Any], limits: DiversitySettings, work: Workspace) -> None:
    """Warn for each figure of a kind that is beyond its limit."""
    if figures["records"] < LEAST_RECORDS:
        return
    if figures["near_duplicate_rate"] > limits.max_near_duplicates:
        work.warn(f"{kind}: the records lose diversity: {figures['near_duplicate_rate']:.0%} are near-duplicates")
    if figures["distinct_2"] < limits.min_distinct:
        work.warn(
            f"{kind}: the records lose diversity: only {figures['distinct_2']:.0%} of the word pairs are distinct"
        )
    parts = figures["distinct_2_by_part"]
    if parts and parts[-1] < limits.min_last_part * parts[0]:
        work.warn(
            f"{kind}: diversity falls: in the last fifth {parts[-1]:.0%} of the word pairs are distinct, "
            f"in the first {parts[0]:.0%}"
        )
    if figures["compression"] > limits.max_compression:
        work.warn(f"{kind}: the records lose diversity: their text compresses {figures['compression']:.1f} times")

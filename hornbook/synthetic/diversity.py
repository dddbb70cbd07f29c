"""How diverse is what a kind made? Sameness is the report's first sign that synthetic data will teach little (§9)."""

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from hornbook.base.workspace import Workspace
from hornbook.synthetic.settings import DiversitySettings
from hornbook.synthetic.words import ngrams, words

WINDOW = 1000  # words; distinct n-grams become fewer with length, so they are counted per window
PARTS = 5  # of a kind's records, in order: does diversity fall as more is made?


def measure(texts: Sequence[str], near_duplicates: int) -> dict[str, Any]:
    """Figures of one kind's texts: {"records", "near_duplicate_rate", "distinct_1" to "distinct_3", "compression",
    "words": {"mean", "low", "high"} (10th and 90th percentile), "distinct_2_by_part": [first fifth .. last fifth]}.
    """
    tokens = words(" ".join(texts))
    lengths = np.array([len(words(text)) for text in texts] or [0])
    raw = " ".join(texts).encode()
    parts = [texts[len(texts) * part // PARTS : len(texts) * (part + 1) // PARTS] for part in range(PARTS)]
    low, high = np.percentile(lengths, [10, 90]).tolist()
    return {
        "records": len(texts),
        "near_duplicate_rate": round(near_duplicates / max(1, len(texts)), 4),
        **{f"distinct_{n}": distinct(tokens, n) for n in (1, 2, 3)},
        "compression": round(len(raw) / max(1, len(zlib.compress(raw, 9))), 4),
        "words": {"mean": round(float(lengths.mean()), 1), "low": round(low, 1), "high": round(high, 1)},
        "distinct_2_by_part": [distinct(words(" ".join(part)), 2) for part in parts] if len(texts) >= PARTS else [],
    }


def distinct(tokens: Sequence[str], n: int) -> float:
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
    if figures["records"] < limits.least_records:
        return
    if figures["near_duplicate_rate"] > limits.max_near_duplicates:
        work.warn(f"{kind}: the records lose diversity: {figures['near_duplicate_rate']:.0%} are near-duplicates")
    if figures["distinct_2"] < limits.min_distinct:
        work.warn(
            f"{kind}: the records lose diversity: only {figures['distinct_2']:.0%} of the word pairs are distinct"
        )
    if figures["compression"] > limits.max_compression:
        work.warn(f"{kind}: the records lose diversity: their text compresses {figures['compression']:.1f} times")

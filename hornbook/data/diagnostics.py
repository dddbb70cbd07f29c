"""Diagnostics of organic data: the report's failure signature is badly filtered text (report §9)."""

from collections import Counter
from collections.abc import Mapping

from hornbook.base.records import Document
from hornbook.base.workspace import Workspace

MOST_REJECTED = 0.6  # of all documents, for quality or corruption
LEAST_REJECTED = 0.002  # of at least MANY documents: a filter that finds nothing is suspect
MANY = 1000
MOST_CONTAMINATED = 0.02
MOST_OF_ONE_ORIGIN = 0.6  # of a source's characters
MOST_DUPLICATES = 0.5
LEAST_MEAN_QUALITY = 0.6


def check_health(
    found: list[Document], kept: list[Document], reasons: Mapping[str, Counter[str]], work: Workspace
) -> None:
    """Warn if the filters dropped unusually much or little, or if the rest is of low quality or from few origins."""
    total = len(found)
    dropped = {reason: sum(row.values()) / total for reason, row in reasons.items()}
    poor = sum(share for reason, share in dropped.items() if reason in ("low quality", "compression", "n-grams"))
    same = dropped.get("exact duplicate", 0) + dropped.get("near duplicate", 0)
    contaminated = dropped.get("contaminated", 0)
    if poor > MOST_REJECTED:
        work.warn(f"{poor:.0%} of the documents are of low quality or corrupt: look at the sources")
    if total >= MANY and poor < LEAST_REJECTED:
        work.warn(f"the quality filters dropped only {poor:.2%} of {total} documents: are the thresholds too low?")
    if same > MOST_DUPLICATES:
        work.warn(f"{same:.0%} of the documents are duplicates: the sources overlap")
    if contaminated > MOST_CONTAMINATED:
        work.warn(f"{contaminated:.1%} of the documents contain benchmark questions: scores on them would mislead")
    mean = sum(document.quality for document in kept) / len(kept)
    if mean < LEAST_MEAN_QUALITY:
        work.warn(f"mean quality of what was kept is only {mean:.2f}")
    for source, (origin, share) in sorted(_largest_origins(kept).items()):
        if share > MOST_OF_ONE_ORIGIN:
            work.warn(f"{share:.0%} of the {source} text comes from one origin, {origin}")


def _largest_origins(kept: list[Document]) -> dict[str, tuple[str, float]]:
    """Source → the package, file or folder that contributes most of its characters, and its share."""
    chars: dict[str, Counter[str]] = {}
    for document in kept:
        chars.setdefault(document.source, Counter())[_top(document.origin)] += len(document.text)
    return {
        source: (max(sorted(row), key=row.__getitem__), max(row.values()) / sum(row.values()))
        for source, row in chars.items()
    }


def _top(origin: str) -> str:
    """`numpy` of `numpy.linalg:norm`, `essays` of `essays/of-studies.txt`."""
    for mark in ("/", ":", "#", "."):
        origin = origin.split(mark)[0]
    return origin

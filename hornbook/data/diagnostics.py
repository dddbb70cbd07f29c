"""Diagnostics of organic data: the report's failure signature is badly filtered text (report §9)."""

from hornbook.base.workspace import Workspace
from hornbook.data.curation.corpus_counts import CorpusCounts

MOST_REJECTED = 0.6  # of all documents, for quality or corruption
LEAST_REJECTED = 0.002  # of at least MANY documents: a filter that finds nothing is suspect
MANY = 1000
MOST_CONTAMINATED = 0.02
MOST_OF_ONE_ORIGIN = 0.6  # of a source's characters
MOST_DUPLICATES = 0.5
LEAST_MEAN_QUALITY = 0.6


def check_health(counts: CorpusCounts, work: Workspace, *, by_rules: bool = True) -> None:
    """Warn if the filters dropped unusually much or little, or if the rest is of low quality or from few origins.

    What is of low quality only counts `by_rules`: a classifier drops the share that it is told to.
    """
    total = counts.found.total()
    dropped = {reason: row.total() / total for reason, row in counts.reasons.items()}
    unwanted = ("low quality", "compression", "n-grams") if by_rules else ("compression", "n-grams")
    poor = sum(share for reason, share in dropped.items() if reason in unwanted)
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
    if by_rules and counts.mean_quality < LEAST_MEAN_QUALITY:
        work.warn(f"mean quality of what was kept is only {counts.mean_quality:.2f}")
    for source, row in sorted(counts.origins.items()):
        origin = max(sorted(row), key=row.__getitem__)
        share = row[origin] / row.total()
        if share > MOST_OF_ONE_ORIGIN:
            work.warn(f"{share:.0%} of the {source} text comes from one origin, {origin}")

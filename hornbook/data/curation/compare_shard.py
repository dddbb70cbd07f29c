"""The second pass over a shard: what the comparison of all documents found is applied to its documents."""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hornbook.base.files import atomic, read_records, write_json, write_records
from hornbook.base.records import Document
from hornbook.data.classifier.selection import THRESHOLDS, Selection, read_selection
from hornbook.data.common_grams import CommonGrams
from hornbook.data.curation.repeated_lines import cut_lines
from hornbook.data.curation.shard import (
    CompareCounts,
    CutLine,
    RejectedDocument,
    TwinRow,
    rejected,
    shard_files,
)
from hornbook.data.decontaminator import CLEAN, Decontaminator
from hornbook.data.filters.outliers import Outliers, SampleText
from hornbook.data.settings import CurateSettings

SAMPLE, LINES, BENCHMARKS = "sample.parquet", "repeated_lines.npy", "benchmarks"  # in the folder of all shards
EXACT, NEAR = "exact duplicate", "near duplicate"


def compare_shard(folder: Path, number: int, settings: str) -> None:
    """Set aside copies and outliers, cut repeated lines, and note which documents may contain benchmark items."""
    files = shard_files(folder, number)
    if files.compare_counts.exists():
        return
    chosen, outliers, repeated, decontaminator, selection = load_tools(folder, settings)
    twins = {twin.row: twin for twin in read_records(files.twins, TwinRow)}
    kept: list[Document] = []
    out: list[RejectedDocument] = []
    counts, lines = CompareCounts(), Counter[str]()
    for row, document in enumerate(read_records(files.filtered, Document)):
        twin = twins.get(row)
        if twin and (reason := _copy_reason(twin)).partition(":")[0] not in chosen.put_back:
            out.append(rejected(document, reason, twin.twin, twin.similarity))
            continue
        length = len(document.text)
        cut = cut_lines(document, repeated)
        lines.update(cut.keys())
        counts.cut_documents += bool(cut)
        counts.cut_characters += length - len(document.text)
        reasons = _reasons(document, bool(cut), chosen, outliers, selection)
        reason = next((one for one in reasons if one and one.partition(":")[0] not in chosen.put_back), "")
        if reason:
            out.append(rejected(document, reason))
        else:
            kept.append(document)
    counts.kept = len(kept)
    suspects, common = _suspects([document.text for document in kept], decontaminator)
    write_records(files.compared, Document, kept)
    write_records(files.compared_out, RejectedDocument, out)
    write_records(files.cut_lines, CutLine, [CutLine(text, count) for text, count in sorted(lines.items())])
    common.save(files.common)
    with atomic(files.suspects) as temporary, temporary.open("wb") as file:
        np.save(file, np.array(suspects, np.int64))
    write_json(files.compare_counts, counts)


@lru_cache(maxsize=1)
def load_tools(
    folder: Path, settings: str
) -> tuple[CurateSettings, Outliers, NDArray[np.uint64], Decontaminator | None, Selection | None]:
    """What is loaded once for all shards of a process."""
    chosen = CurateSettings.model_validate_json(settings)
    return (
        chosen,
        Outliers(read_records(folder / SAMPLE, SampleText)),
        np.load(folder / LINES),
        Decontaminator.load(folder / BENCHMARKS) if chosen.against else None,
        read_selection(folder / THRESHOLDS) if chosen.classifier else None,
    )


def _copy_reason(twin: TwinRow) -> str:
    if twin.similarity == 1:
        return f"{EXACT}: of {twin.origin}"
    return f"{NEAR}: of {twin.origin}, similarity {twin.similarity:.2f}"


def _reasons(
    document: Document, is_cut: bool, settings: CurateSettings, outliers: Outliers, selection: Selection | None
) -> Iterator[str]:
    """Why the document is set aside: each filter's reason, "" where it finds none."""
    if is_cut and len(document.text) < settings.min_chars:
        yield f"repeated lines: {len(document.text)} characters without them"
    yield outliers.reason(document)
    if selection:
        yield selection.poor(document)


def _suspects(texts: list[str], decontaminator: Decontaminator | None) -> tuple[list[int], CommonGrams]:
    """The rows of texts that are not clean, and the 13-grams of benchmarks in all texts. A text that has any is not
    clean before the common ones are allowed, so only these are counted."""
    if decontaminator is None:
        return [], CommonGrams()
    verdicts = decontaminator.verdicts(texts)
    suspects = [row for row, verdict in enumerate(verdicts) if verdict.label != CLEAN]
    common = decontaminator.count_common([texts[row] for row in suspects])
    common.documents = len(texts)
    return suspects, common

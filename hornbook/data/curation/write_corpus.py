"""The last step: the shards are joined to documents.parquet and rejected.parquet, without what is contaminated."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np

from hornbook.base.files import read_records, write_batches
from hornbook.base.records import Document
from hornbook.base.workspace import Workspace
from hornbook.data.curation.corpus_counts import CorpusCounts
from hornbook.data.curation.shard import CutLine, RejectedDocument, ShardFiles, rejected
from hornbook.data.decontaminate import ContaminationVerdict, count_verdicts, open_decontaminator, unwanted_labels
from hornbook.data.settings import CurateSettings

DOCUMENTS, REJECTED = "documents.parquet", "rejected.parquet"
SHOWN_LINES = 20

Verdicts = dict[int, dict[int, ContaminationVerdict]]  # shard → row → verdict


def write_corpus(shards: Sequence[ShardFiles], settings: CurateSettings, work: Workspace, counts: CorpusCounts) -> None:
    """Write both files, a shard at a time, and count what is in them."""
    verdicts = _verdicts(shards, settings, work)
    unwanted = unwanted_labels(settings) if "contaminated" not in settings.put_back else set()
    mappings = {"metadata"}
    with work.progress("writing", 2 * len(shards), "shards") as bar:

        def kept() -> Iterator[list[Document]]:
            for number, shard in enumerate(shards):
                documents = read_records(shard.compared, Document)
                found = verdicts.get(number, {})
                good = [
                    document
                    for row, document in enumerate(documents)
                    if row not in found or found[row].label not in unwanted
                ]
                for document in good:
                    counts.keep(document)
                if good:
                    yield good
                bar.advance()

        def out() -> Iterator[list[RejectedDocument]]:
            for number, shard in enumerate(shards):
                found = verdicts.get(number, {})
                documents = read_records(shard.compared, Document) if found else []
                contaminated = [
                    rejected(documents[row], verdict.reason(), verdict.item, round(verdict.ratio, 4))
                    for row, verdict in found.items()
                    if verdict.label in unwanted
                ]
                dropped = [
                    *read_records(shard.filtered_out, RejectedDocument),
                    *read_records(shard.compared_out, RejectedDocument),
                    *contaminated,
                ]
                for document in dropped:
                    work.reject(document.origin, document.reason)
                    counts.drop(document)
                if dropped:
                    yield dropped
                bar.advance()

        write_batches(work.path / REJECTED, RejectedDocument, out(), mappings)
        write_batches(work.path / DOCUMENTS, Document, kept(), mappings)
    work.note("repeated_lines", _cut(shards))


def _verdicts(shards: Sequence[ShardFiles], settings: CurateSettings, work: Workspace) -> Verdicts:
    """Verdicts on the suspects, with an allow-list of what is common in the corpus. Every document that has a known
    13-gram is a suspect, so these are enough to find what is common."""
    if not settings.benchmarks:
        return {}
    rows = [np.load(shard.suspects).tolist() for shard in shards]
    decontaminator = open_decontaminator(settings, _texts(shards, rows))
    verdicts = {
        number: dict(zip(rows[number], decontaminator.verdicts(texts), strict=True))
        for number, texts in enumerate(_texts(shards, rows))
        if texts
    }
    work.note("contamination", count_verdicts(chain.from_iterable(found.values() for found in verdicts.values())))
    return verdicts


def _texts(shards: Sequence[ShardFiles], rows: Sequence[Sequence[int]]) -> Iterator[list[str]]:
    """The texts of the suspects of each shard."""
    for shard, wanted in zip(shards, rows, strict=True):
        documents = read_records(shard.compared, Document) if wanted else []
        yield [documents[row].text for row in wanted]


def _cut(shards: Sequence[ShardFiles]) -> dict[str, Any]:
    """What was cut out of all documents, and the lines that were most often."""
    lines: Counter[str] = Counter()
    totals: defaultdict[str, int] = defaultdict(int)
    for shard in shards:
        counts = shard.compared_figures()
        totals["documents"] += counts.cut_documents
        totals["characters"] += counts.cut_characters
        for line in read_records(shard.cut_lines, CutLine):
            lines[line.text] += line.documents
    most = sorted(lines.items(), key=lambda item: (-item[1], item[0]))[:SHOWN_LINES]
    return {"lines": len(lines), **totals, "examples": [{"text": text[:200], "documents": n} for text, n in most]}

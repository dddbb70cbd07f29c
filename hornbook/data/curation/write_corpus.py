"""The last step: the shards are joined to documents.parquet and rejected.parquet, without what is contaminated."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from hornbook.base.files import read_records, write_batches
from hornbook.base.records import Document
from hornbook.base.workspace import Workspace
from hornbook.data.common_grams import CommonGrams
from hornbook.data.contamination_page import ContaminationPage
from hornbook.data.curation.corpus_counts import CorpusCounts
from hornbook.data.curation.corpus_examples import CorpusExamples
from hornbook.data.curation.corpus_page import write_corpus_page
from hornbook.data.curation.shard import CutLine, RejectedDocument, ShardFiles, rejected
from hornbook.data.decontaminate import allow_common, note_contamination, unwanted_labels
from hornbook.data.decontaminator import ContaminationVerdict, Decontaminator
from hornbook.data.settings import CurateSettings

DOCUMENTS, REJECTED = "documents.parquet", "rejected.parquet"
SHOWN_LINES = 20

Verdicts = dict[int, dict[int, ContaminationVerdict]]  # shard → row → verdict


def write_corpus(
    shards: Sequence[ShardFiles],
    settings: CurateSettings,
    work: Workspace,
    counts: CorpusCounts,
    decontaminator: Decontaminator | None,
) -> None:
    """Write both files, a shard at a time, count what is in them, and show examples on a page."""
    examples = CorpusExamples()
    verdicts = _verdicts(shards, settings, work, decontaminator) if decontaminator else {}
    unwanted = unwanted_labels(settings) - {*settings.put_back}
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
                    examples.keep(document)
                if good:
                    yield good
                bar.advance()

        def out() -> Iterator[list[RejectedDocument]]:
            for number, shard in enumerate(shards):
                found = verdicts.get(number, {})
                documents = read_records(shard.compared, Document) if found else []
                contaminated = [
                    rejected(documents[row], verdict.reason(), verdict.item, round(verdict.ratio, 4), verdict.spans)
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
                    examples.drop(document)
                if dropped:
                    yield dropped
                bar.advance()

        write_batches(work.path / REJECTED, RejectedDocument, out(), mappings)
        write_batches(work.path / DOCUMENTS, Document, kept(), mappings)
    work.note("repeated_lines", _cut(shards))
    write_corpus_page(work.path, counts, examples)


def _verdicts(
    shards: Sequence[ShardFiles], settings: CurateSettings, work: Workspace, decontaminator: Decontaminator
) -> Verdicts:
    """Verdicts on the suspects, with an allow-list of what is common in the corpus. Writes a page that shows them."""
    common = CommonGrams()
    for shard in shards:
        common.merge(CommonGrams.load(shard.common))
    if settings.common_share:
        allow_common(decontaminator, common, settings)
    verdicts: Verdicts = {}
    page = ContaminationPage(decontaminator, common.documents)
    with work.progress("decontaminating", len(shards), "shards") as bar:
        for number, shard in enumerate(shards):
            rows = np.load(shard.suspects).tolist()
            documents = read_records(shard.compared, Document) if rows else []
            texts = [documents[row].text for row in rows]
            found = decontaminator.verdicts(texts)
            page.add([documents[row].origin for row in rows], texts, found)
            verdicts[number] = dict(zip(rows, found, strict=True))
            bar.advance()
    page.write(work.path)
    every = [verdict for found in verdicts.values() for verdict in found.values()]
    note_contamination(work, settings, decontaminator, every)
    return verdicts


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

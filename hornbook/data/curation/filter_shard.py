"""The first pass over a shard: the filters of single documents, and what later steps need to compare documents."""

from collections import Counter
from functools import lru_cache
from pathlib import Path

import numpy as np

from hornbook.base.files import atomic, read_records, write_json, write_records
from hornbook.base.records import Document
from hornbook.data.curation.repeated_lines import line_hashes
from hornbook.data.curation.shard import FilterCounts, RejectedDocument, ShardFiles, rejected, shard_files
from hornbook.data.curation.sign_documents import sign_documents
from hornbook.data.document_filters import DocumentFilters
from hornbook.data.extract.chapters import chapters
from hornbook.data.filters.clean import clean_text
from hornbook.data.filters.outliers import SampleText, sample_documents
from hornbook.data.settings import CurateSettings


def filter_shard(folder: Path, number: int, settings: str) -> None:
    """Judge the documents of a shard that has been read, each by itself. `settings` are CurateSettings as JSON."""
    files = shard_files(folder, number)
    if files.filter_counts.exists():
        return
    filters = load_filters(settings)
    found = read_records(files.input, Document)
    counts = FilterCounts(found=Counter(document.source for document in found), kept=0)
    kept: list[Document] = []
    out: list[RejectedDocument] = []
    documents = _cut_to_length(found, filters.settings.max_chars)
    for document, reason in zip(documents, _reasons(documents, filters), strict=True):
        if reason:
            out.append(rejected(document, reason))
        else:
            kept.append(document)
    counts.kept = len(kept)
    counts.notes = {name: dict(sorted(counter.items())) for name, counter in filters.counts.items()}
    write_records(files.filtered, Document, kept)
    write_records(files.filtered_out, RejectedDocument, out)
    _write_lines_and_sample(files, kept, sign_documents(files, kept))
    write_json(files.filter_counts, counts)
    files.input.unlink()


@lru_cache(maxsize=1)
def load_filters(settings: str) -> DocumentFilters:
    """Models and tables are loaded once for all shards of a process."""
    return DocumentFilters(CurateSettings.model_validate_json(settings))


def _cut_to_length(found: list[Document], max_chars: int) -> list[Document]:
    """The documents with clean texts; one that is too long is cut into chapters, code excepted."""
    for document in found:
        document.text = clean_text(document.text)
    return [piece for document in found for piece in chapters(document, max_chars)]


def _reasons(documents: list[Document], filters: DocumentFilters) -> list[str]:
    """The reason to set each document aside, "" for those to keep. What is put back goes through the filters too."""
    put_back = filters.settings.put_back
    reasons = [_wrong_length(document, filters.settings) for document in documents]
    reasons = ["" if reason.partition(":")[0] in put_back else reason for reason in reasons]
    left = [number for number, reason in enumerate(reasons) if not reason]
    for number, reason in zip(left, filters.judge([documents[number] for number in left]), strict=True):
        reasons[number] = reason
    return reasons


def _wrong_length(document: Document, settings: CurateSettings) -> str:
    if len(document.text) < settings.min_chars:
        return f"too short: {len(document.text)} characters"
    return f"too long: {len(document.text)} characters" if len(document.text) > settings.max_chars else ""


def _write_lines_and_sample(files: ShardFiles, documents: list[Document], keys: list[bytes]) -> None:
    """Write what the statistics of all documents are made from: hashes of their lines, and a sample of texts."""
    lines = [sorted(line_hashes(document)) for document in documents]
    with atomic(files.lines) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            lines=np.array([line for some in lines for line in some], np.uint64),
            documents=np.repeat(np.arange(len(lines), dtype=np.uint32), [len(some) for some in lines]),
        )
    write_records(files.sample, SampleText, sample_documents(documents, [key.hex() for key in keys]))

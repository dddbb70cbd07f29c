"""The stage that turns raw documents into clean ones (report §2.3): gather, filter, decontaminate, report."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_records
from hornbook.base.records import Document
from hornbook.base.workspace import Workspace
from hornbook.data.decontaminate import note_contamination, open_decontaminator, unwanted_labels
from hornbook.data.diagnostics import check_health
from hornbook.data.extract.chapters import chapters
from hornbook.data.filters.clean import clean_text
from hornbook.data.filters.corrupt import drop_bad_characters, drop_outliers
from hornbook.data.filters.duplicates import drop_exact_duplicates, drop_near_duplicates
from hornbook.data.filters.language import drop_other_languages
from hornbook.data.filters.quality import quality
from hornbook.data.readers.documents import SOURCES
from hornbook.data.readers.load import stream_records
from hornbook.data.settings import CurateSettings
from hornbook.data.sources.packages import PackageLimits, package_documents
from hornbook.data.sources.wikipedia import wikipedia_documents

HISTOGRAM_BINS = 10


def curate(settings: CurateSettings, work: Workspace, *, documents: Sequence[Path] = ()) -> None:
    """Write documents.parquet: the documents of the user's files and of installed packages that pass every filter.

    `documents` are files or folders (.txt .md .rst .html, source code, .jsonl and .parquet with a "text"). Records
    every rejected document with its reason, and counts per source, language and benchmark; warns of an unhealthy mix.
    Raises HornbookError for missing files or packages, and when nothing is left.
    """
    if settings.prose_source not in SOURCES:
        raise HornbookError(f"prose_source: expected one of {', '.join(SOURCES)}, got '{settings.prose_source}'")
    if not settings.packages and not settings.wikipedia and not documents:
        raise HornbookError("curate: no input; name folders or files (documents) or installed packages (packages)")
    rejections = RejectionLog(work)
    found = _gather(settings, work, documents)
    kept = _filter(found, settings, work, rejections)
    kept = _decontaminated(kept, settings, work, rejections)
    if not kept:
        raise HornbookError(f"curate: none of {len(found)} documents is left; see {work.path / 'rejects.jsonl'}")
    kept.sort(key=lambda document: (document.source, document.origin, document.id))
    write_records(work.path / "documents.parquet", Document, kept)
    _book(found, kept, rejections, work)
    check_health(found, kept, rejections.reasons, work)


class RejectionLog:
    """Records what the filters drop. `reasons`: first words of the reason → source → number of documents."""

    def __init__(self, work: Workspace) -> None:
        self.work = work
        self.reasons: dict[str, Counter[str]] = defaultdict(Counter)

    def drop(self, document: Document, reason: str) -> None:
        self.work.reject(document.origin, reason)
        self.reasons[reason.split(":")[0]][document.source] += 1


def _gather(settings: CurateSettings, work: Workspace, paths: Sequence[Path]) -> list[Document]:
    limits = PackageLimits(settings.package_chars, settings.min_chars, settings.max_chars, settings.page_chars)
    found: list[Document] = []
    with work.progress("reading", len(paths) + len(settings.packages) + len(settings.wikipedia), "sources") as bar:
        for path in paths:
            found.extend(
                stream_records(
                    path, "documents", work.reject, columns=settings.columns, prose_source=settings.prose_source
                )
            )
            bar.advance()
        for package in dict.fromkeys(settings.packages):
            found.extend(package_documents(package, limits, work.seed))
            bar.advance()
        for language in dict.fromkeys(settings.wikipedia):
            found.extend(wikipedia_documents(language))
            bar.advance()
    if not found:
        raise HornbookError(f"curate: the sources hold no readable document{work.first_set_aside()}")
    return found


def _filter(
    found: list[Document], settings: CurateSettings, work: Workspace, rejections: RejectionLog
) -> list[Document]:
    """Run the cheap filters first. (The quality filter comes after near-duplicates, so that the first copy is kept.)"""
    drop = rejections.drop
    with work.progress("filtering", 7, "filters") as bar:
        kept = list(_right_length(found, settings, rejections))
        bar.advance()
        kept = drop_bad_characters(kept, drop)
        bar.advance()
        kept = drop_exact_duplicates(kept, drop)
        bar.advance()
        kept = drop_other_languages(kept, settings.languages, settings.min_language_score, drop)
        bar.advance()
        kept = drop_outliers(kept, drop)
        bar.advance()
        kept = drop_near_duplicates(kept, settings.near_duplicate, drop)
        bar.advance()
        kept = list(_good_enough(kept, settings, rejections))
        bar.advance()
    return kept


def _right_length(found: list[Document], settings: CurateSettings, rejections: RejectionLog) -> Iterator[Document]:
    for document in _chapters(found, settings.max_chars):
        if len(document.text) < settings.min_chars:
            rejections.drop(document, f"too short: {len(document.text)} characters")
        elif len(document.text) > settings.max_chars:
            rejections.drop(document, f"too long: {len(document.text)} characters")
        else:
            yield document


def _chapters(found: list[Document], max_chars: int) -> Iterator[Document]:
    """The documents with clean texts; one that is too long is cut into chapters, code excepted."""
    for document in found:
        document.text = clean_text(document.text)
        yield from chapters(document, max_chars)


def _good_enough(documents: list[Document], settings: CurateSettings, rejections: RejectionLog) -> Iterator[Document]:
    for document in documents:
        document.quality = round(quality(document), 4)
        if document.quality < settings.min_quality:
            rejections.drop(document, f"low quality: {document.quality:.2f}")
        else:
            yield document


def _decontaminated(
    documents: list[Document], settings: CurateSettings, work: Workspace, rejections: RejectionLog
) -> list[Document]:
    if not settings.against:
        return documents
    texts = [document.text for document in documents]
    with work.progress("comparing with benchmarks", 2) as bar:
        decontaminator = open_decontaminator(settings, [texts])
        bar.advance()
        verdicts = decontaminator.verdicts(texts)
        bar.advance()
    note_contamination(work, settings, decontaminator, verdicts)
    unwanted = unwanted_labels(settings)
    kept = []
    for document, verdict in zip(documents, verdicts, strict=True):
        if verdict.label in unwanted:
            rejections.drop(document, verdict.reason())
        else:
            kept.append(document)
    return kept


def _book(found: list[Document], kept: list[Document], rejections: RejectionLog, work: Workspace) -> None:
    """Record the counts, and the notes that the report is made from."""
    work.count(records_in=len(found), records_out=len(kept), characters=sum(len(document.text) for document in kept))
    work.note("sources", {source: _source_row(source, found, kept) for source in SOURCES})
    work.note(
        "rejected_by_source", {reason: dict(sorted(row.items())) for reason, row in sorted(rejections.reasons.items())}
    )
    work.note("languages", dict(Counter(document.language for document in kept).most_common()))


def _source_row(source: str, found: list[Document], kept: list[Document]) -> dict[str, object]:
    mine = [document for document in kept if document.source == source]
    histogram = [0] * HISTOGRAM_BINS
    for document in mine:
        histogram[min(HISTOGRAM_BINS - 1, int(document.quality * HISTOGRAM_BINS))] += 1
    return {
        "found": sum(document.source == source for document in found),
        "documents": len(mine),
        "characters": sum(len(document.text) for document in mine),
        "mean_quality": round(sum(document.quality for document in mine) / max(1, len(mine)), 4),
        "quality_histogram": histogram,  # ten bins from 0 to 1
        "long_documents": sum(len(document.text) >= 8_000 for document in mine),
        "kinds": dict(sorted(Counter(document.kind for document in mine).items())),
    }

"""The stage `extract`: a user's files of any format → documents.parquet, with counts and a page of samples (§2.3).

Results are written to a journal in the order of the files; documents.parquet is made from it at the end. A killed run
leaves the journal, and the next one goes on where it ends.
"""

from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
import xxhash
from rich.table import Table

from hornbook.base.append_log import AppendLog
from hornbook.base.errors import HornbookError
from hornbook.base.files import read_json, write_batches
from hornbook.base.records import Document
from hornbook.base.rng import derive
from hornbook.base.workspace import Workspace
from hornbook.data.extract.sample_page import SAMPLES, Sample, write_sample_page
from hornbook.data.extract.worker_pool import Limits
from hornbook.data.readers.documents import SOURCES
from hornbook.data.readers.load import document_reader, document_sources, with_unique_ids
from hornbook.data.readers.sources import Source
from hornbook.data.readers.texts import Read, read_document_files
from hornbook.data.settings import ExtractSettings

DOCUMENTS_AT_ONCE = 500
SMALLEST_REPOSITORY = 2  # files; with fewer, equal ones are copies of a file, which `curate` drops
ROWS = "rows"  # what documents of files of records count as, which have no format


def extract_files(settings: ExtractSettings, work: Workspace, *, files: Sequence[Path]) -> None:
    """Write documents.parquet with every document in `files`, and samples.html with some beside their sources.

    What is no document is set aside with its reason: unreadable, no text, generated, minified, vendored or data-like
    code, copies of whole repositories. Raises HornbookError when nothing is left.
    """
    if settings.prose_source not in SOURCES:
        raise HornbookError(f"prose_source: expected one of {', '.join(SOURCES)}, got '{settings.prose_source}'")
    journal = work.path / "journal.jsonl"
    sources = document_sources(files)
    _fill(journal, sources, settings, work)
    copies = _repeated_repositories(journal)
    reads = (read for read in _journal(journal) if not _set_aside(read, copies, work))
    counts = _Counts(work.seed)
    count = write_batches(work.path / "documents.parquet", Document, _batches(reads, counts), {"metadata"})
    if not count:
        (work.path / "documents.parquet").unlink()
        raise HornbookError(f"extract: the files hold no readable document{work.first_set_aside()}")
    work.count(files=len(sources), documents=count, characters=sum(counts.characters.values()))
    work.note("formats", counts.table())
    write_sample_page(work.path, counts.samples, sources)
    journal.unlink()


def format_tables(out: Path) -> Iterator[Table]:
    """The number of documents and characters of each format, for a finished folder."""
    table = Table("format", box=None, pad_edge=False)
    for name in ("documents", "characters"):
        table.add_column(name, justify="right")
    for name, row in read_json(out / "stage.json")["notes"]["formats"].items():
        table.add_row(name, f"{row['documents']:,}", f"{row['characters']:,}")
    yield table


def _fill(journal: Path, sources: list[Source], settings: ExtractSettings, work: Workspace) -> None:
    """Extend the journal to all results. What an earlier attempt has written is kept."""
    with AppendLog(journal) as log:
        done, end = 0, 0
        for offset, line in log.new_lines():
            done, end = done + 1, offset + len(line) + 1
        log.truncate(end)
        reads = read_document_files(
            sources,
            document_reader(settings.columns, settings.prose_source),
            settings.prose_source,
            limits=Limits(settings.seconds, settings.memory_mb),
            workers=settings.workers,
            skip=done,
            isolate_all=True,
        )
        with work.progress("extracting", len(sources), "files") as bar:
            for _, group in groupby(reads, key=_file_of):
                for number, read in enumerate(group):
                    log.append(msgspec.json.encode(read))
                    bar.advance(not number, f"{done:,} results")
                    done += 1


def _file_of(read: Read) -> str:
    return read.where.partition("!")[0].rpartition(":")[0] or read.where


def _journal(path: Path) -> Iterator[Read]:
    decode = msgspec.json.Decoder(Read).decode
    with path.open("rb") as lines:
        for line in lines:
            yield decode(line)


def _repeated_repositories(journal: Path) -> dict[str, str]:
    """Repositories with the same set of files as an earlier one, and which that is."""
    files: dict[str, set[str]] = defaultdict(set)
    for read in _journal(journal):
        if read.document and (repository := read.document.metadata.get("repository")):
            files[repository].add(xxhash.xxh3_128_hexdigest(read.document.text.encode("utf-8", "surrogatepass")))
    first: dict[frozenset[str], str] = {}
    copies: dict[str, str] = {}
    for repository, hashes in files.items():
        original = first.setdefault(frozenset(hashes), repository)
        if original != repository and len(hashes) >= SMALLEST_REPOSITORY:
            copies[repository] = original
    return copies


def _set_aside(read: Read, copies: dict[str, str], work: Workspace) -> bool:
    """Whether a result is no document to keep; its reason is recorded."""
    repository = read.document.metadata.get("repository", "") if read.document else ""
    reason = f"duplicate repository: the same files as {copies[repository]}" if repository in copies else read.reason
    if reason:
        work.reject(read.where, reason)
    if "pip install" in reason:
        work.warn(reason)
    return bool(reason)


class _Counts:
    """What has been written, by format; the programming language stands for the format of code.

    `samples` are SAMPLES random documents of each format, drawn by `seed`; rows of records are not drawn.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.documents: Counter[str] = Counter()
        self.characters: Counter[str] = Counter()
        self.samples: dict[str, list[Sample]] = defaultdict(list)

    def add(self, where: str, document: Document) -> None:
        name = document.metadata.get("format", ROWS)
        name = document.language if name == "code" else name
        self.documents[name] += 1
        self.characters[name] += len(document.text)
        if name != ROWS:
            insort(self.samples[name], Sample(derive(self.seed, document.id), where, document.id))
            del self.samples[name][SAMPLES:]

    def table(self) -> dict[str, Any]:
        return {
            name: {"documents": count, "characters": self.characters[name]}
            for name, count in sorted(self.documents.items())
        }


def _batches(reads: Iterator[Read], counts: _Counts) -> Iterator[list[Document]]:
    batch: list[Document] = []
    for where, document in with_unique_ids((read.where, read.document) for read in reads if read.document):
        counts.add(where, document)
        batch.append(document)
        if len(batch) == DOCUMENTS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch

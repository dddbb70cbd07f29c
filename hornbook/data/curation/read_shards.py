"""A user's files and installed packages → numbered shards of documents, as the stage `curate` reads them."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby, islice
from pathlib import Path

from hornbook.base.files import write_json, write_records
from hornbook.base.records import Document
from hornbook.data.curation.shard import ReadEnd, shard_files
from hornbook.data.readers.load import document_reader, document_sources
from hornbook.data.readers.sources import Source
from hornbook.data.readers.texts import Read, read_document_files
from hornbook.data.settings import CurateSettings
from hornbook.data.sources.packages import PackageLimits, package_documents
from hornbook.data.sources.wikipedia import wikipedia_documents

SHARD_CHARS = 16 << 20  # characters of the documents of a shard
SHARD_ITEMS = 50_000  # documents and rows that cannot be read

Part = Callable[[int], Iterator[Read]]  # an input, without so many of its first results


def read_shards(folder: Path, settings: CurateSettings, seed: int, paths: Sequence[Path]) -> Iterator[int]:
    """Write the documents to shards in `folder`; yields the number of each as soon as it is there.

    The shards of an earlier attempt come first, and the reading goes on where they end. Raises HornbookError for
    missing files and packages.
    """
    number, start = 0, ReadEnd(0, 0)
    while (files := shard_files(folder, number)).read_end.exists():
        start = files.reading()
        yield number
        number += 1
    if start.last:
        return
    for documents, end in _divided(_parts(settings, seed, paths), start):
        files = shard_files(folder, number)
        write_records(files.input, Document, documents)
        write_json(files.read_end, end)
        yield number
        number += 1


def _divided(parts: Sequence[Part], start: ReadEnd) -> Iterator[tuple[list[Document], ReadEnd]]:
    """The documents of each shard, from `start` on, and where it ends."""
    end = ReadEnd(start.part, start.items)
    documents: list[Document] = []
    chars = items = 0
    for part in range(start.part, len(parts)):
        for read in parts[part](end.items):
            end.items += 1
            items += 1
            if read.document is None:
                end.set_aside.append((read.where, read.reason))
            else:
                documents.append(read.document)
                chars += len(read.document.text)
            if chars >= SHARD_CHARS or items >= SHARD_ITEMS:
                yield documents, end
                documents, chars, items = [], 0, 0
                end = ReadEnd(part, end.items)
        end.part, end.items = part + 1, 0
    end.last = True
    yield documents, end


def _parts(settings: CurateSettings, seed: int, paths: Sequence[Path]) -> list[Part]:
    """Each file of rows is a part, so that a later attempt need not read it again; so are all other files between two
    of these, each package, and each Wikipedia."""
    read = partial(
        read_document_files,
        read_records=document_reader(settings.columns, settings.prose_source),
        prose_source=settings.prose_source,
        workers=settings.workers,
    )
    limits = PackageLimits(settings.package_chars, settings.min_chars, settings.max_chars, settings.page_chars)
    parts: list[Part] = []
    sources = document_sources(paths) if paths else []
    for _, group in groupby(enumerate(sources), key=lambda numbered: _apart(*numbered)):
        parts.append(partial(_skip_files, read, [source for _, source in group]))
    for package in dict.fromkeys(settings.packages):
        parts.append(partial(_skip_documents, partial(package_documents, package, limits, seed)))
    for language in dict.fromkeys(settings.wikipedia):
        parts.append(partial(_skip_documents, partial(wikipedia_documents, language)))
    return parts


def _apart(number: int, source: Source) -> int:
    """The number of a file of rows, -1 for any other."""
    return number if source.hub or source.path.suffix in (".parquet", ".jsonl") else -1


def _skip_files(read: Callable[..., Iterator[Read]], sources: list[Source], skip: int) -> Iterator[Read]:
    return read(sources, skip=skip)


def _skip_documents(documents: Callable[[], Iterator[Document]], skip: int) -> Iterator[Read]:
    return (Read(document.origin, document) for document in islice(documents(), skip, None))

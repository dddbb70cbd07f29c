"""A user's files → documents: those of every format through `data.extract`, files of records through their readers."""

import re
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from hornbook.base.errors import one_line
from hornbook.base.files import Reject
from hornbook.base.records import Document
from hornbook.data.extract.containers import Member, SetAside, folder_repositories, open_regular, read_members
from hornbook.data.extract.detect import SUFFIXES, TEXTS, detect_format
from hornbook.data.extract.document import ExtractedDocument, NotExtractable
from hornbook.data.extract.languages import language_of
from hornbook.data.extract.worker_pool import LIMITS, Limits, extract_in_order
from hornbook.data.readers.documents import new_document
from hornbook.data.readers.formats import inner_suffix, shown
from hornbook.data.readers.sources import RECORD_SUFFIXES, Source

ROWS = re.compile(rb'[\s\xef\xbb\xbf\xff\xfe\x00]*[\[{][\s\x00]*(\{|"[^"\n]{1,100}"[\s\x00]*:)')  # JSON lines or array
COLUMNAR = (b"PAR1", b"ARROW1")
HERE_BYTES = 4 << 20  # longer texts are left to the workers

ReadRecords = Callable[[Source, Reject], Iterable[tuple[str, Document]]]


class Read(NamedTuple):
    """A document, or the reason why something is not one. `where` is its file, with the place inside."""

    where: str
    document: Document | None
    reason: str = ""


def read_document_files(
    sources: Iterable[Source],
    read_records: ReadRecords,
    prose_source: str,
    *,
    limits: Limits = LIMITS,
    workers: int = 0,
    skip: int = 0,
    isolate_all: bool = False,
) -> Iterator[Read]:
    """All documents in the files, in order, without the first `skip` of what would be given.

    `read_records` reads a file of rows (JSON lines, Parquet ...). `prose_source` is the source (table 5) of what is not
    code. Limits and workers are those of `extract_in_order`; short texts are extracted in this process, which saves the
    start of another, unless `isolate_all` is set.
    """
    items = islice(_items(sources, read_records), skip, None)
    for item, result in extract_in_order(items, limits, workers, here=_nothing if isolate_all else _is_short_text):
        if not isinstance(item, Member):
            yield result
        elif result.document is None:
            yield Read(_where(item), None, result.reason)
        else:
            yield Read(_where(item), as_document(item.name, result.document, prose_source))


def as_document(origin: str, extracted: ExtractedDocument, prose_source: str) -> Document:
    """The record of an extracted document."""
    form = extracted.metadata.get("format", "")
    source, kind = ("code", "code") if form == "code" else (prose_source, "page" if form == "html" else "prose")
    document = new_document(extracted.text, origin, source, kind, extracted.language)
    document.metadata = extracted.metadata
    return document


def is_rows(name: str, head: bytes) -> bool:
    """Whether a file is rows of records rather than a document: by its first bytes or its suffix; where that is
    unknown, JSON is taken for rows."""
    suffix = inner_suffix(Path(name))
    if head.startswith(COLUMNAR) or suffix in RECORD_SUFFIXES:
        return True
    return suffix not in SUFFIXES and not language_of(name) and bool(ROWS.match(head))


def _items(sources: Iterable[Source], read_records: ReadRecords) -> Iterator[Member | Read]:
    repositories = lru_cache(maxsize=64)(folder_repositories)
    for source in sources:
        if source.hub or is_rows(source.path.name, _head(source.path)):
            yield from _rows(source, shown(source.path), read_records)
            continue
        for found in read_members(source.path, source.name, source.root, repositories(source.root)):
            if isinstance(found, SetAside):
                yield Read(shown(source.path) + found.where.removeprefix(source.name), None, found.reason)
            elif is_rows(found.name, found.data[:512]):
                yield from _rows_inside(found, read_records)
            else:
                yield found


def _rows(source: Source, where: str, read_records: ReadRecords) -> Iterator[Read]:
    """The rows of a file of records. `where` is what the file is called in reasons."""
    set_aside: list[Read] = []
    any_rows = False

    def note(place: str, reason: str) -> None:
        set_aside.append(Read(where + place.removeprefix(shown(source.path)), None, reason))

    try:
        for place, document in read_records(source, note):
            any_rows = True
            yield from set_aside
            set_aside.clear()
            yield Read(where + place.removeprefix(shown(source.path)), document)
    except (OSError, ValueError, RecursionError) as error:  # a file that vanishes or changes while it is read
        note(shown(source.path), f"unreadable file: {one_line(error)}")
    if not any_rows and not set_aside:
        note(shown(source.path), "no rows: the file holds no record")
    yield from set_aside


def _rows_inside(member: Member, read_records: ReadRecords) -> Iterator[Read]:
    """The rows of a file in an archive, which is unpacked for its reader."""
    with tempfile.TemporaryDirectory(prefix="hornbook-") as folder:
        suffix = inner_suffix(Path(member.name))
        path = Path(folder, "rows" + (suffix if suffix in RECORD_SUFFIXES else ""))  # the whole name may be too long
        path.write_bytes(member.data)
        yield from _rows(Source(path, member.name, path.parent), _where(member), read_records)


def _head(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read(512)
    except OSError:
        return b""  # which is reported when its members are read


def _where(member: Member) -> str:
    inside = (*member.place.inside, *([member.url] if member.url else []))
    return "!".join([shown(member.place.path), *inside])


def _nothing(member: Member) -> bool:
    return False


def _is_short_text(member: Member) -> bool:
    """Whether a document is of a format whose extraction is quick and safe: linear, without foreign libraries."""
    if len(member.data) > HERE_BYTES or member.data.startswith(b"PK"):
        return False
    try:
        return detect_format(member.data, member.url or member.name, member.mime) in TEXTS
    except NotExtractable:
        return True


def find_members(sources: Iterable[Source], wheres: Collection[str]) -> dict[str, Member]:
    """The sources of documents by the place that their `Read` names; those of rows are not among them."""
    found: dict[str, Member] = {}
    for source in sources:
        path = shown(source.path)
        wanted = {where for where in wheres if where == path or where.startswith(f"{path}!")}
        if wanted:
            for member in read_members(source.path, source.name, source.root, folder_repositories(source.root)):
                if isinstance(member, Member) and _where(member) in wanted:
                    found[_where(member)] = member
                    if wanted <= {*found}:
                        break
    return found

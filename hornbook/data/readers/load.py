"""`hornbook.load_records`: read chats, preference pairs, questions or documents from a user's files.

>>> hornbook.load_records("ultrachat/*.parquet", "chats")[0].messages
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.files import Reject, arrow_schema, as_records, mapping_columns
from hornbook.base.progress import console, progress
from hornbook.base.records import Document, Label, Pair, Question, Record, Sample, make_id
from hornbook.base.settings import nearest
from hornbook.data.readers.chats import join_trees, read_chat, read_sample
from hornbook.data.readers.columns import parse_columns, rename_columns
from hornbook.data.readers.documents import read_document
from hornbook.data.readers.fields import Row
from hornbook.data.readers.formats import ROWS_AT_ONCE, Located, read_rows, shown
from hornbook.data.readers.hub import read_hub
from hornbook.data.readers.labels import read_label
from hornbook.data.readers.pairs import read_pair
from hornbook.data.readers.questions import read_question
from hornbook.data.readers.rated import join_rated
from hornbook.data.readers.sources import RECORD_SUFFIXES, Source, find_sources
from hornbook.data.readers.texts import is_rows, read_document_files

RecordKind = Literal["chats", "pairs", "questions", "documents", "samples", "labels"]
Paths = str | Path | Sequence[str | Path]
Joined = Callable[[Iterable[Located], Reject], Iterable[Located]]


class Reading(NamedTuple):
    """How a kind of records is read: its record type, the reader of a row, and a function that joins related rows."""

    record: type[Record]
    read: Callable[[Row], Record]
    join: Joined


def _apart(rows: Iterable[Located], reject: Reject) -> Iterable[Located]:
    return rows


KINDS: dict[str, Reading] = {
    "chats": Reading(Sample, read_chat, join_trees),
    "samples": Reading(Sample, read_sample, join_trees),  # chats, and Sample records of plain text
    "pairs": Reading(Pair, read_pair, join_rated),
    "questions": Reading(Question, read_question, _apart),
    "documents": Reading(Document, lambda row: read_document(row, ""), _apart),
    "labels": Reading(Label, read_label, _apart),
}


class SetAside(NamedTuple):
    """A row that could not be read: "file:line" and the reason."""

    where: str
    reason: str


class Records(list[Any]):
    """The records in order; `set_aside` are the rows that could not be read."""

    def __init__(self, records: Iterable[Any], set_aside: list[SetAside]) -> None:
        super().__init__(records)
        self.set_aside = set_aside


def load_records(
    paths: Paths, kind: RecordKind, *, columns: Sequence[str] = (), reject: Reject | None = None
) -> Records:
    """Read files, folders, patterns (`data/*.jsonl`) and data sets of a hub (`hub:NAME[:CONFIG[:SPLIT]]`).

    Args:
        kind: "chats" gives records with `messages`; "pairs" with `prompt`, `chosen` and `rejected`, each a text or a
            list of messages (or, in a stage's files, with token ids); "questions" with `question`, `answer`, `choices`
            and `tests`; "documents" with `text`; "labels" with grades and a topic.
        columns: other names of columns, "ours=theirs".
        reject: called with (where, reason) for every row that cannot be read; by default one warning counts them.

    A missing id is made from the content; a repeated id gets a suffix. The rows that could not be read are in
    `set_aside` of the result.
    Raises HornbookError for an unknown kind, a path that does not exist, and when no record is left, with the first
    reason.
    """
    set_aside: list[SetAside] = []

    def note(where: str, reason: str) -> None:
        set_aside.append(SetAside(where, reason))
        if reject:
            reject(where, reason)

    found: list[Any] = []
    located = with_unique_ids(read_located(paths, kind, note, columns=columns))
    with progress(f"reading {kind}", count_rows(paths, kind), "rows") as bar:
        while several := list(islice(located, ROWS_AT_ONCE)):
            found += [record for _, record in several]
            bar.advance(len(several))
    records = Records(found, set_aside)
    if not records:
        listed = ", ".join(shown(path) for path in _listed(paths))
        first = f"{set_aside[0].where}: {set_aside[0].reason}" if set_aside else f"{listed}: no {kind} in it"
        more = f" (and {len(set_aside) - 1} more rows that cannot be read)" if len(set_aside) > 1 else ""
        raise HornbookError(first + more)
    if set_aside and not reject:
        where, reason = set_aside[0]
        console.print(f"  [yellow]warning[/yellow] {len(set_aside)} rows set aside, the first {where}: {reason}")
    return records


def stream_records(
    paths: Paths, kind: RecordKind, reject: Reject, *, columns: Sequence[str] = (), prose_source: str = "web"
) -> Iterator[Any]:
    """As `load_records`, one record at a time: memory does not grow with the files, and ids may repeat.

    `prose_source` is the source of documents that name none. Raises HornbookError as `load_records`, except when there
    are no records.
    """
    located = read_located(paths, kind, reject, columns=columns, prose_source=prose_source)
    yield from (record for _, record in located)


def read_located(
    paths: Paths, kind: RecordKind, reject: Reject, *, columns: Sequence[str] = (), prose_source: str = "web"
) -> Iterator[tuple[str, Any]]:
    """As `stream_records`, as (place "file:line", record)."""
    if kind not in KINDS:
        raise HornbookError(f"kind '{kind}': unknown{nearest(kind, ['chats', 'pairs', 'questions', 'documents'])}")
    reading = KINDS[kind]
    parse_columns(columns)
    if kind == "documents":
        sources, reader = document_sources(_listed(paths)), document_reader(columns, prose_source)
        for where, document, reason in read_document_files(sources, reader, prose_source):
            if document is None:
                reject(where, reason)
            else:
                yield where, document
        return
    for source in find_sources(_listed(paths), reading.record.__name__):
        yield from _records(source, kind, reject, columns, prose_source)


def document_sources(paths: Sequence[str | Path]) -> list[Source]:
    """The files in which documents are looked for: all but hidden ones. Raises HornbookError as `find_sources`."""
    return find_sources(paths, Document.__name__, None)


def document_reader(columns: Sequence[str], prose_source: str) -> Callable[[Source, Reject], Iterator[tuple[str, Any]]]:
    """A function that reads the documents in a file of rows, as (place, Document)."""
    parse_columns(columns)
    return lambda source, reject: _records(source, "documents", reject, columns, prose_source)


def _records(
    source: Source, kind: RecordKind, reject: Reject, columns: Sequence[str], prose_source: str
) -> Iterator[tuple[str, Any]]:
    record = KINDS[kind].record
    if kind not in ("questions", "chats") and not columns and _is_own(source, record):
        yield from _own(source.path, record, reject)
    else:
        rows = read_hub(source.hub) if source.hub else read_rows(source.path, reject)
        yield from _read(rows, kind, source, reject, columns, prose_source)


def count_rows(paths: Paths, kind: RecordKind) -> int:
    """The approximate number of rows: Parquet's row count, else the number of lines; 0 for compressed files."""
    if kind not in KINDS:
        return 0
    suffixes = None if kind == "documents" else RECORD_SUFFIXES
    sources = find_sources(_listed(paths), KINDS[kind].record.__name__, suffixes)
    return sum(_count(source) for source in sources if not source.hub)


def _count(source: Source) -> int:
    try:
        if not is_rows(source.path.name, b""):
            return 1
        if source.path.suffix.lower() == ".parquet":
            return int(pq.ParquetFile(source.path).metadata.num_rows)
        with source.path.open("rb") as lines:
            return sum(1 for _ in lines) if source.path.suffix.lower() in RECORD_SUFFIXES else 0
    except (pa.ArrowException, OSError):
        return 0


def _read(
    rows: Iterable[Located], kind: str, source: Source, reject: Reject, columns: Sequence[str], prose_source: str
) -> Iterator[tuple[str, Record]]:
    reading = KINDS[kind]
    for where, row in reading.join(_renamed(rows, columns, reject), reject):
        try:
            if kind == "documents":
                yield where, read_document(row, f"{source.name}:{where.rpartition(':')[2]}", prose_source)
            else:
                yield where, reading.read(row)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
            # an unexpected row must not stop the reading of the others
            reason = str(error) if type(error) is ValueError else f"not of a known form: {one_line(error)}"
            reject(where, f"unreadable {reason}" if reason.partition(":")[0] in row else reason)


def _renamed(rows: Iterable[Located], columns: Sequence[str], reject: Reject) -> Iterator[Located]:
    for where, row in rows:
        try:
            yield Located(where, rename_columns(row, columns))
        except ValueError as error:
            reject(where, str(error))


def _is_own(source: Source, record: type[Record]) -> bool:
    """Whether a file was written by a stage: Parquet with all columns of the record type; mappings may be missing."""
    if source.hub or source.path.suffix != ".parquet":
        return False
    try:
        return {*arrow_schema(record).names} - mapping_columns(record) <= {*pq.read_schema(source.path).names}
    except (pa.ArrowException, OSError):
        return False


def _own(path: Path, record: type[Record], reject: Reject) -> Iterator[tuple[str, Record]]:
    """The records of a file that a stage wrote, read without guessing, which is fast."""
    done = 0
    try:
        file = pq.ParquetFile(path, pre_buffer=False)  # else all that was read stays in memory
        columns = [name for name in arrow_schema(record).names if name in file.schema_arrow.names]
        for batch in file.iter_batches(ROWS_AT_ONCE, columns=columns):
            rows = batch.to_pylist()
            try:
                found = as_records(rows, record)
                yield from ((f"{shown(path)}:{number}", one) for number, one in enumerate(found, done + 1))
            except msgspec.ValidationError as error:
                reject(f"{shown(path)}:{done + 1}", f"{len(rows)} rows are not {record.__name__} records: {error}")
            done += len(rows)
    except (pa.ArrowException, OSError) as error:
        reject(shown(path), f"unreadable file: {one_line(error)}")


def with_unique_ids(located: Iterable[tuple[str, Record]]) -> Iterator[tuple[str, Any]]:
    """The records with unique ids: a record whose id has occurred before gets an id with a suffix."""
    seen: dict[str, int] = {}
    for where, record in located:
        times = seen.get(record.id, 0)
        seen[record.id] = times + 1
        if times:
            marked = make_id("record", record.id, str(times))
            record = msgspec.structs.replace(record, id=f"{record.id}-{marked[-8:]}")
        yield where, record


def _listed(paths: Paths) -> list[str | Path]:
    return [paths] if isinstance(paths, str | Path) else list(paths)

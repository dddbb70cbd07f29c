"""A file → its rows: JSON lines, JSON arrays, CSV, Parquet or Arrow, plain or compressed, detected by content.

What cannot be read goes to `reject` as ("file:line", reason), and reading continues after it.
"""

import csv
import io
import json
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from hornbook.base.errors import one_line
from hornbook.base.files import Reject
from hornbook.data.extract.compression import DAMAGE, MAGIC, Budget, compression, decompressing
from hornbook.data.extract.document import NotExtractable
from hornbook.data.readers.fields import Row


class Located(NamedTuple):
    """A row and its place: "file:line", for Parquet "file:row number"."""

    where: str
    row: Row


TABLES = {".csv": ",", ".tsv": "\t"}
COMPRESSED_SUFFIXES = {".gz", ".bz2", ".xz", ".zst", ".zstd", ".lz4"}
ROWS_AT_ONCE = 1024
WRAPPERS = ("data", "rows", "examples", "records", "items", "instances", "questions", "train", "test")
# fields of a row that may have such a list besides (of examples, for instance)
FIELDS = {"text", "content", "messages", "conversations", "conversation", "prompt", "question", "problem"}
FIELDS |= {"instruction", "query", "input", "chosen", "completion", "title"}
MOST_IN_LINE = 64 << 20  # bytes; a longer line is set aside


def shown(path: Path | str) -> str:
    """A path as printable text: bytes that are not UTF-8 become U+FFFD."""
    return os.fsencode(path).decode("utf-8", "replace")


def inner_suffix(path: Path) -> str:
    """The lower-case suffix of the format: the one before .gz, .zst and the like."""
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    if len(suffixes) == 2 and suffixes[1] in COMPRESSED_SUFFIXES:
        return suffixes[0]
    return suffixes[-1] if suffixes else ""


def looks_readable(path: Path) -> bool:
    """Whether a file with an unknown suffix begins like a file of rows."""
    with path.open("rb") as file:
        head = file.read(64)
    binary = head.startswith((b"PAR1", b"ARROW1", *MAGIC))
    return binary or head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\xff\xfe\x00")[:1] in (b"{", b"[")


def read_rows(path: Path, reject: Reject) -> Iterator[Located]:
    """All rows of a file, in order. NaN and infinite numbers are read as null."""
    name = shown(path)
    try:
        with path.open("rb") as file:
            head = file.read(8)
            file.seek(0)
            if head.startswith(b"PAR1"):
                yield from _parquet(path, name, reject)
            elif head.startswith(b"ARROW1") or inner_suffix(path) == ".arrow":
                yield from _arrow(path, name, head)
            elif head.startswith(b"PK\x03\x04"):
                reject(name, "a zip archive (or a workbook): unpack it, or save it as CSV")
            elif inner_suffix(path) == ".parquet" and head.lstrip()[:1] not in (b"{", b"["):
                reject(name, "unreadable file: it is not Parquet")
            else:
                yield from _text(_opened(file, head), inner_suffix(path), name, reject)
    except NotExtractable as reason:  # a decompression bomb
        reject(name, str(reason))
    except DAMAGE as error:
        reject(name, f"unreadable file: {one_line(error)}")


def _opened(file: IO[bytes], head: bytes) -> Any:
    """The bytes of a file, decompressed."""
    kind = compression(head)
    return decompressing(file, kind, Budget(os.fstat(file.fileno()).st_size)) if kind else file


def _text(raw: Any, suffix: str, name: str, reject: Reject) -> Iterator[Located]:
    encoding = _encoding(raw.peek(4)[:4])
    if suffix in TABLES:
        text = io.TextIOWrapper(raw, encoding, errors="surrogateescape", newline="")
        yield from _table(text, TABLES[suffix], name, reject)
        return
    if encoding == "utf-8-sig":
        raw.read(3)
    elif encoding != "utf-8":
        raw = _Transcoded(io.TextIOWrapper(raw, encoding, errors="replace", newline=""))
    yield from _json(raw, name, reject)


def _encoding(head: bytes) -> str:
    """UTF-8 (with or without byte-order mark), UTF-16 or UTF-32, by the mark or by the zero bytes of ASCII letters."""
    if head.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return "utf-32"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if head.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    zeros = [byte == 0 for byte in head]
    return {(False, True): "utf-16-le", (True, False): "utf-16-be"}.get(tuple(zeros[:2]), "utf-8")  # type: ignore


class _Transcoded:
    """Text of another encoding, as lines of UTF-8."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.text = text

    def readline(self, most: int) -> bytes:
        return self.text.readline(most).encode("utf-8", "replace")


def _lines(stream: Any) -> Iterator[bytes]:
    """The lines; one that is too long comes in several parts, of which only the last ends with a line end."""
    while line := stream.readline(MOST_IN_LINE):
        yield line


def _json(stream: Any, name: str, reject: Reject) -> Iterator[Located]:
    """JSON lines; or, if the first value does not end on its line, values that span lines (such as an array)."""
    number = 0
    lines = _lines(stream)
    for line in lines:
        for part in line.rstrip(b"\r\n").split(b"\r"):  # a single carriage return may end a line
            number += 1
            part = part.strip().rstrip(b",")
            if not part:
                continue
            if len(line) >= MOST_IN_LINE and part[:1] != b"[":
                _skip_line(line, lines)
                reject(f"{name}:{number}", f"corrupt line: longer than {MOST_IN_LINE >> 20} MB")
                break
            if number == 1 and _spans_lines(part):
                rest = b"".join([line, *lines])
                yield from _values(rest, name, reject)
                return
            try:
                row = decode_json(part)
            except (ValueError, RecursionError) as error:
                reject(f"{name}:{number}", f"corrupt line: {one_line(error)}")
                continue
            if isinstance(row, list) and number == 1:
                yield from _values(b"".join([line, *lines]), name, reject)
                return
            yield from _rows_of(row, f"{name}:{number}", reject)


def _skip_line(part: bytes, parts: Iterator[bytes]) -> None:
    """Read the other parts of a line that is too long."""
    while part and not part.endswith(b"\n"):
        part = next(parts, b"")


def _spans_lines(first: bytes) -> bool:
    """Whether the value on the first line continues on the next."""
    if first[:1] not in b"[{":
        return False
    try:
        decode_json(first)
        return False
    except (ValueError, RecursionError):
        return first[:1] == b"[" or first in (b"{",) or first.endswith((b"{", b"[", b","))


def decode_json(text: bytes) -> Any:
    """The value of a JSON text. NaN and Infinity, which Python writes, become null; lone surrogates become U+FFFD.

    Raises ValueError for anything else that is not JSON or not UTF-8.
    """
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _mended(json.loads(text.decode("utf-8"), parse_constant=lambda _: None))


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return [_mended(item) for item in value] if isinstance(value, list) else value


def _values(text: bytes, name: str, reject: Reject) -> Iterator[Located]:
    """Values one after another, or in an array. After a corrupt one, reading continues at the next."""
    try:
        whole = text.decode("utf-8")
    except UnicodeDecodeError as error:
        line = 1 + text.count(b"\n", 0, error.start)
        reject(f"{name}:{line}", f"corrupt line: {one_line(error)}")
        whole = text.decode("utf-8", "replace")
    decoder = json.JSONDecoder(parse_constant=lambda _: None)
    skipped = re.compile(r"[\s,\[\]]*")
    place, line, counted = 0, 1, 0
    indent: str | None = None
    while (start := skipped.match(whole, place).end()) < len(whole):  # type: ignore[union-attr]
        line += whole.count("\n", counted, start)
        counted = start
        if indent is None:
            indent = whole[whole.rfind("\n", 0, start) + 1 : start]
        try:
            row, place = decoder.raw_decode(whole, start)
        except (ValueError, RecursionError) as error:
            reject(f"{name}:{line}", f"corrupt value: {one_line(error)}")
            following = (
                re.compile(rf"\n{re.escape(indent)}\{{").search(whole, start + 1) if not indent.strip() else None
            )
            if following is None:
                return
            place = following.start()
            continue
        yield from _rows_of(_mended(row), f"{name}:{line}", reject)


def _rows_of(value: Any, where: str, reject: Reject) -> Iterator[Located]:
    """A row, the rows of a list inside an object, or the rows of columns as pandas writes them."""
    if not isinstance(value, dict):
        reject(where, f"corrupt line: expected an object, got {type(value).__name__}")
        return
    lists = [key for key in WRAPPERS if _is_rows(value.get(key))]
    if len(lists) == 1 and not FIELDS & {*value}:
        for number, row in enumerate(value[lists[0]], 1):
            inner = row.get("row")
            yield Located(f"{where}:{number}", inner if isinstance(inner, dict) and "row_idx" in row else row)
    elif (
        value
        and all(isinstance(column, dict) and {*column} == {*_first(value)} for column in value.values())
        and (_first(value) and all(key.isdigit() for key in _first(value)))
    ):
        for number, key in enumerate(_first(value), 1):
            yield Located(f"{where}:{number}", {name: column[key] for name, column in value.items()})
    else:
        yield Located(where, value)


def _first(value: Row) -> Any:
    return next(iter(value.values()))


def _is_rows(value: Any) -> bool:
    """Whether a value is a list of rows, not of turns."""
    return (
        isinstance(value, list)
        and len(value) > 0
        and all(isinstance(row, dict) and not {"role", "from"} & {*row} for row in value)
    )


def _table(text: io.TextIOWrapper, delimiter: str, name: str, reject: Reject) -> Iterator[Located]:
    csv.field_size_limit(2**31 - 1)
    first = text.readline().removeprefix("\ufeff")
    if delimiter == "," and first.count(";") > first.count(","):
        delimiter = ";"  # spreadsheets use it in locales with a decimal comma
    begin = 1

    def lines() -> Iterator[str]:
        yield first
        yield from text

    reader = csv.reader(lines(), delimiter=delimiter)
    header: list[str] = []
    while True:
        begin = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reject(f"{name}:{begin}", f"corrupt line: {one_line(error)}")
            continue
        if not cells:
            continue
        if not header:
            header = [cell.strip() for cell in cells]
        elif len(cells) != len(header):
            reject(f"{name}:{begin}", f"corrupt line: {len(cells)} cells, the header has {len(header)}")
        elif any("\udc80" <= letter <= "\udcff" for cell in cells for letter in cell):
            reject(f"{name}:{begin}", "corrupt line: not UTF-8 text")
        else:
            yield Located(f"{name}:{begin}", {key: cell or None for key, cell in zip(header, cells, strict=True)})


def _parquet(path: Path, name: str, reject: Reject) -> Iterator[Located]:
    number = 0
    for batch in pq.ParquetFile(path, pre_buffer=False).iter_batches(ROWS_AT_ONCE):
        try:
            rows = batch.to_pylist()
        except (ValueError, OverflowError, UnicodeDecodeError) as error:
            reject(f"{name}:{number + 1}", f"{batch.num_rows} rows cannot be read: {one_line(error)}")
            rows = [None] * batch.num_rows
        for row in rows:
            number += 1
            if row is not None:
                yield Located(f"{name}:{number}", plain_values(row))


def _arrow(path: Path, name: str, head: bytes) -> Iterator[Located]:
    with pa.memory_map(str(path)) as source:
        table = (pa.ipc.open_file if head.startswith(b"ARROW1") else pa.ipc.open_stream)(source).read_all()
        for start in range(0, table.num_rows, ROWS_AT_ONCE):
            for number, row in enumerate(table.slice(start, ROWS_AT_ONCE).to_pylist(), start + 1):
                yield Located(f"{name}:{number}", plain_values(row))


def plain_values(row: Row) -> Row:
    """The row with JSON values: bytes become text, decimals and dates their string form."""
    return {key: _plain(value) for key, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float | list | dict):
        return value
    return str(value)

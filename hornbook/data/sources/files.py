"""A user's files and folders → documents. What cannot be read is set aside with its name and line, never fatal."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.files import Reject, read_records
from hornbook.base.records import Document
from hornbook.data.sources.markup import clean_markdown, html_to_text
from hornbook.data.sources.new import new_document

PROSE = {".txt", ".md", ".rst"}
PAGES = {".html", ".htm", ".xhtml"}
LINES = {".jsonl", ".ndjson"}
CODE = {
    ".py": "python",
    ".js": "javascript",
    ".ts": "typescript",
    ".c": "c",
    ".h": "c",
    ".cc": "c++",
    ".cpp": "c++",
    ".hpp": "c++",
    ".java": "java",
    ".go": "go",
    ".rs": "rust",
    ".rb": "ruby",
    ".php": "php",
    ".cs": "c#",
    ".swift": "swift",
    ".kt": "kotlin",
    ".scala": "scala",
    ".sh": "bash",
    ".sql": "sql",
    ".r": "r",
    ".jl": "julia",
    ".lua": "lua",
    ".hs": "haskell",
}
READABLE = {*PROSE, *PAGES, *LINES, *CODE, ".parquet"}
SOURCES = ("web", "code", "acquired")  # the organic rows of table 5


def file_documents(path: Path, prose_source: str, reject: Reject) -> Iterator[Document]:
    """Documents of a file or of all readable files below a folder, in the order of their names.

    Text and HTML become `prose_source` unless a record names its own source. A folder that another stage left is
    read as its documents.parquet. Raises HornbookError when `path` is missing or cannot hold documents.
    """
    if not path.exists():
        raise HornbookError(f"{path}: no such file or folder (documents)")
    if path.is_file():
        if path.suffix.lower() not in READABLE:
            raise HornbookError(f"{path}: cannot be read as documents; expected {', '.join(sorted(READABLE))}")
        yield from _one_file(path, path.name, prose_source, reject)
    elif (path / "documents.parquet").exists():
        yield from read_records(path, Document)
    else:
        files = sorted(file for file in path.rglob("*") if file.is_file() and file.suffix.lower() in READABLE)
        if not files:
            raise HornbookError(f"{path}: no readable files in this folder; expected {', '.join(sorted(READABLE))}")
        for file in files:
            name = (Path(path.name) / file.relative_to(path)).as_posix()
            yield from _one_file(file, name, prose_source, reject)


def _one_file(file: Path, name: str, prose_source: str, reject: Reject) -> Iterator[Document]:
    try:
        if file.suffix.lower() == ".parquet":
            yield from _parquet(file, name, prose_source, reject)
        elif file.suffix.lower() in LINES:
            yield from _json_lines(file, name, prose_source, reject)
        else:
            yield _text_file(file, name, prose_source)
    except UnicodeDecodeError:
        reject(str(file), "corrupt file: not UTF-8 text")
    except (OSError, pa.ArrowException) as error:
        reject(str(file), f"unreadable file: {one_line(error)}")


def _text_file(file: Path, name: str, prose_source: str) -> Document:
    text = file.read_text(encoding="utf-8-sig")
    suffix = file.suffix.lower()
    if suffix in CODE:
        return new_document(text, name, "code", "code", CODE[suffix])
    if suffix in PAGES:
        return new_document(html_to_text(text), name, prose_source, "page")
    return new_document(text if suffix == ".txt" else clean_markdown(text), name, prose_source, "prose")


def _json_lines(file: Path, name: str, prose_source: str, reject: Reject) -> Iterator[Document]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = msgspec.json.decode(line, type=dict[str, Any])
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                reject(f"{file}:{number}", f"corrupt line: {one_line(error)}")
                continue
            document = _from_row(row, f"{name}:{number}", prose_source)
            if document:
                yield document
            else:
                reject(f"{file}:{number}", 'corrupt line: no "text"')


def _parquet(file: Path, name: str, prose_source: str, reject: Reject) -> Iterator[Document]:
    source = pq.ParquetFile(file)
    if "text" not in source.schema_arrow.names:
        reject(str(file), 'unreadable file: no "text" column')
        return
    wanted = [
        column for column in ("text", "source", "origin", "kind", "language") if column in source.schema_arrow.names
    ]
    number = 0
    for batch in source.iter_batches(columns=wanted):
        for row in batch.to_pylist():
            number += 1
            document = _from_row(row, f"{name}:{number}", prose_source)
            if document:
                yield document
            else:
                reject(f"{file}:{number}", 'corrupt row: no "text"')


def _from_row(row: dict[str, Any], name: str, prose_source: str) -> Document | None:
    """A document from a row with a text, and perhaps its own source, origin, kind and language."""
    text = row.get("text")
    if not isinstance(text, str) or not text.strip():
        return None
    given = {key: row[key] for key in ("origin", "kind", "language") if isinstance(row.get(key), str) and row[key]}
    source = row.get("source") if row.get("source") in SOURCES else prose_source
    kind = given.get("kind", "code" if source == "code" else "prose")
    return new_document(text, given.get("origin", name), str(source), kind, given.get("language", ""))

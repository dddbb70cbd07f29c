"""Files of records of any type and form: read the text of each record, write the file with a part of its records."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from hornbook.base.errors import HornbookError
from hornbook.base.files import FILE_NAMES, Reject, atomic
from hornbook.data.readers.formats import inner_suffix, read_rows
from hornbook.data.readers.sources import RECORD_SUFFIXES

TEXT_FIELDS = ("text", "messages", "question", "prompt", "choices", "solution", "answer", "content", "completion")


class RecordFile(NamedTuple):
    """The rows of a file that have a text; `places` are their line numbers (row numbers in Parquet), from 1."""

    path: Path
    places: list[int]
    names: list[str]
    texts: list[str]


def find_record_files(paths: Sequence[Path]) -> list[Path]:
    """The given files, and the files of records in the given stage folders. Raises HornbookError for anything else."""
    found: list[Path] = []
    for path in map(Path, paths):
        inside = [path / name for name in FILE_NAMES.values() if (path / name).exists()]
        if not path.exists():
            raise HornbookError(f"{path}: no such file; expected records (.parquet or .jsonl)")
        if path.is_dir() and not inside:
            raise HornbookError(f"{path}: no records in this folder; expected one of {', '.join(FILE_NAMES.values())}")
        if path.is_file() and inner_suffix(path) not in RECORD_SUFFIXES:
            raise HornbookError(f"{path}: expected a file of records: {', '.join(RECORD_SUFFIXES)}")
        found.extend(inside or [path])
    for path in found:
        name = kept_name(path)
        if sum(kept_name(other) == name for other in found) > 1:
            raise HornbookError(f"{path}: two outputs would be called {name}, and one would overwrite the other")
    return found


def read_record_file(path: Path, reject: Reject) -> RecordFile:
    """The rows with text; corrupt lines and rows without text go to `reject`."""
    file = RecordFile(path, [], [], [])
    for where, row in read_rows(path, reject):
        text = record_text(row)
        if text:
            file.places.append(_place(where))
            file.names.append(str(row.get("id") or where))
            file.texts.append(text)
        else:
            reject(str(row.get("id") or where), "no text: it has no field that can be compared")
    return file


def record_rows(path: Path, reject: Reject) -> list[dict[str, Any]]:
    """All rows of a file, as they are."""
    return [located.row for located in read_rows(path, reject)]


def write_kept(file: RecordFile, keep: Sequence[bool], folder: Path) -> Path:
    """Write the rows to keep, under the same name in `folder`: Parquet and plain JSON lines unchanged, other formats as
    JSON lines."""
    wanted = {place for place, kept in zip(file.places, keep, strict=True) if kept}
    suffix, name = inner_suffix(file.path), kept_name(file.path)
    with atomic(folder / name) as temporary:
        if suffix == ".parquet":
            table = pq.read_table(file.path)
            keep_row = [place in wanted for place in range(1, table.num_rows + 1)]
            pq.write_table(table.filter(pa.array(keep_row, pa.bool_())), temporary, compression="zstd")
        elif name == file.path.name:
            lines = file.path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
            kept = [line.rstrip(b"\r") + b"\n" for place, line in enumerate(lines, 1) if place in wanted]
            temporary.write_bytes(b"".join(kept))
        else:
            rows = [row for where, row in read_rows(file.path, lambda *_: None) if _place(where) in wanted]
            temporary.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    return folder / name


def kept_name(path: Path) -> str:
    """The name of the file with the kept rows."""
    suffix = inner_suffix(path)
    if suffix == path.suffix.lower() and suffix in (".parquet", ".jsonl", ".ndjson"):
        return path.name
    ending = len(path.suffix) + (len(suffix) if suffix != path.suffix.lower() else 0)
    return f"{path.name[:-ending]}.jsonl"


def _place(where: str) -> int:
    return int(where.rpartition(":")[2])


def record_text(row: dict[str, Any]) -> str:
    """Everything in a record that a model would read: text, messages, question, choices, solution, answer; if it has
    none of these fields (ShareGPT), all texts in it."""
    known = "\n".join(filter(None, (_flatten(row[field]) for field in TEXT_FIELDS if field in row)))
    return known or _flatten(list(row.values()))


def _flatten(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, dict):
        value = [value["content"]] if "content" in value else list(value.values())
    return "\n".join(filter(None, map(_flatten, value))) if isinstance(value, list) else ""

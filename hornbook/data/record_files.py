"""A file of records of any type (.parquet or .jsonl): the text of each, and the same file with only some of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.files import FILE_NAMES, Reject, atomic

TEXT_FIELDS = ("text", "messages", "question", "prompt", "choices", "solution", "answer", "content", "completion")


class RecordFile(NamedTuple):
    """`rows` is an Arrow table or the lines of a JSONL file; `names` and `texts` go with the rows."""

    path: Path
    rows: pa.Table | list[bytes]
    names: list[str]
    texts: list[str]


def find_record_files(paths: Sequence[Path]) -> list[Path]:
    """The files named, and those that stages left in the folders named. Raises HornbookError for anything else."""
    found: list[Path] = []
    for path in map(Path, paths):
        inside = [path / name for name in FILE_NAMES.values() if (path / name).exists()]
        if not path.exists():
            raise HornbookError(f"{path}: no such file; expected records (.parquet or .jsonl)")
        if path.is_dir() and not inside:
            raise HornbookError(f"{path}: no records in this folder; expected one of {', '.join(FILE_NAMES.values())}")
        if path.is_file() and path.suffix not in (".parquet", ".jsonl", ".ndjson"):
            raise HornbookError(f"{path}: expected a .parquet or .jsonl file of records")
        found.extend(inside or [path])
    for path in found:
        if sum(other.name == path.name for other in found) > 1:
            raise HornbookError(f"{path}: two inputs are called {path.name}; their outputs would overwrite each other")
    return found


def read_record_file(path: Path, reject: Reject) -> RecordFile:
    """Rows with some text; corrupt lines and rows without text are handed to `reject`."""
    return _read_parquet(path, reject) if path.suffix == ".parquet" else _read_lines(path, reject)


def write_kept(file: RecordFile, keep: Sequence[bool], folder: Path) -> Path:
    """The rows to keep, in the same format and under the same name in `folder`."""
    target = folder / file.path.name
    with atomic(target) as temporary:
        if isinstance(file.rows, pa.Table):
            pq.write_table(file.rows.filter(pa.array(list(keep), pa.bool_())), temporary, compression="zstd")
        else:
            kept = [line for line, wanted in zip(file.rows, keep, strict=True) if wanted]
            temporary.write_bytes(b"".join(line.rstrip(b"\r\n") + b"\n" for line in kept))
    return target


def text_of(row: dict[str, Any]) -> str:
    """Everything in a record that a model would read: text, messages, question, choices, solution, answer."""
    return "\n".join(filter(None, (_flatten(row[field]) for field in TEXT_FIELDS if field in row)))


def _flatten(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(filter(None, map(_flatten, value)))
    return _flatten(value.get("content")) if isinstance(value, dict) else ""


def _read_parquet(path: Path, reject: Reject) -> RecordFile:
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise HornbookError(f"{path}: not a readable Parquet file ({one_line(error)})") from None
    wanted = [name for name in table.column_names if name in ("id", *TEXT_FIELDS)]
    rows = table.select(wanted).to_pylist()
    texts = [text_of(row) for row in rows]
    names = [str(row.get("id") or f"{path}:{number}") for number, row in enumerate(rows, 1)]
    for name, text in zip(names, texts, strict=True):
        if not text:
            reject(name, "no text: none of its fields can be compared")
    places = np.flatnonzero([bool(text) for text in texts])
    return RecordFile(path, table.take(places), [names[place] for place in places], [texts[place] for place in places])


def _read_lines(path: Path, reject: Reject) -> RecordFile:
    file = RecordFile(path, [], [], [])
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = msgspec.json.decode(line, type=dict[str, Any])
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                reject(f"{path}:{number}", f"corrupt line: {one_line(error)}")
                continue
            text = text_of(row)
            if text:
                file.rows.append(line)
                file.names.append(str(row.get("id") or f"{path}:{number}"))
                file.texts.append(text)
            else:
                reject(f"{path}:{number}", "no text: none of its fields can be compared")
    return file

"""The lineage of a record: the documents and teacher calls that it was made from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from hornbook.base.errors import HornbookError


@dataclass
class LineageRecord:
    """A record of a run: the stage that holds it, its type (the file's name) and its columns."""

    stage: str
    file: str
    row: dict[str, Any]


def find_record(folders: Sequence[Path], record: str) -> LineageRecord:
    """The record whose id is `record` or begins with it, in runs or in the output folders of single stages.

    Raises HornbookError when no record in them, or more than one id, matches.
    """
    matches: dict[str, LineageRecord] = {}
    where = ", ".join(map(str, folders))
    if not any((folder / "artifacts").is_dir() or (folder / "stage.json").exists() for folder in folders):
        raise HornbookError(f"{where}: neither a run (no artifacts/ in it) nor a stage's output (no stage.json)")
    for folder in folders:
        for file in _record_files(folder):
            condition = ds.field("id") == record if len(record) > 24 else _starts_with(record)
            for row in ds.dataset(file).to_table(filter=condition).to_pylist():
                matches.setdefault(
                    row["id"], LineageRecord(_stage_of(folder, file), str(file.relative_to(folder)), row)
                )
    if not matches:
        raise HornbookError(f"{where}: no record with the id {record}; ids are in the column `id` of Parquet files")
    if len(matches) > 1:
        some = ", ".join(sorted(matches)[:3])
        raise HornbookError(f"{where}: {len(matches)} records begin with {record} ({some} ...); give more of the id")
    return next(iter(matches.values()))


def _starts_with(prefix: str) -> Any:
    import pyarrow.compute as pc

    return pc.starts_with(ds.field("id"), pattern=prefix)


def _record_files(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        raise HornbookError(f"{folder}: no such folder")
    root = folder / "artifacts" if (folder / "artifacts").is_dir() else folder
    for file in sorted(root.rglob("*.parquet")):
        if {"id", "parents", "calls"} <= set(pq.read_schema(file).names):
            yield file


def _stage_of(folder: Path, file: Path) -> str:
    artifact = file.relative_to(folder).parts
    return artifact[1].rpartition("-")[0] if artifact[0] == "artifacts" else folder.resolve().name


def read_calls(folders: Sequence[Path], keys: list[str]) -> list[dict[str, Any]]:
    """The ledger's entries of these calls, in order; missing ones are left out."""
    wanted, found = set(keys), {}
    for file in [file for folder in folders for file in sorted((folder / "teacher").glob("*.jsonl"))]:
        with file.open("rb") as lines:
            for line in lines:
                try:
                    entry = msgspec.json.decode(line)
                except msgspec.DecodeError:  # the incomplete last line of a killed run
                    continue
                if entry.get("key") in wanted:
                    found[entry["key"]] = entry
    return [found[key] for key in keys if key in found]


def lineage_lines(folders: Sequence[Path], record: str) -> list[str]:
    """The lineage of a record as indented lines: each ancestor, and each teacher call with its prompt."""
    return list(_tree(folders, find_record(folders, record), depth=0, seen=set()))


def _tree(folders: Sequence[Path], found: LineageRecord, depth: int, seen: set[str]) -> Iterator[str]:
    row, indent = found.row, "  " * depth
    yield f"{indent}{row['id']}  ({found.stage}, {found.file.rpartition('/')[2]})"
    yield f"{indent}  {_gist(row)}"
    for check in row.get("checks") or []:
        yield f"{indent}  passed: {check}"
    for call in read_calls(folders, row["calls"]):
        asked = call["messages"][-1]["content"] if call.get("messages") else ""
        yield f"{indent}  asked {call.get('model', 'the teacher')} ({call['key']}): {_short(asked)}"
        yield f"{indent}  answered: {_short(call.get('text', ''))}"
    seen.add(row["id"])
    for parent in row["parents"]:
        if parent in seen:
            continue
        try:
            yield from _tree(folders, find_record(folders, parent), depth + 1, seen)
        except HornbookError:
            yield f"{indent}  {parent}  (not among the records here)"


def _gist(row: dict[str, Any]) -> str:
    if row.get("origin"):
        return f"from {row['origin']}: {_short(row['text'])}"
    if row.get("messages"):
        return _short(" / ".join(f"{m['role']}: {m['content']}" for m in row["messages"]))
    if row.get("prompt"):
        return _short(row["prompt"])
    if row.get("text"):
        return _short(row["text"])
    plain = {k: v for k, v in row.items() if k not in ("id", "parents", "calls") and not isinstance(v, list)}
    return _short(", ".join(f"{key} {value}" for key, value in plain.items()))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 160 else text[:157] + "..."

"""Walking back from a record to the documents and teacher calls that it came from."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from hornbook.base.errors import HornbookError


@dataclass
class Found:
    """A record of a run: the stage that holds it, its type (the file's name) and its columns."""

    stage: str
    file: str
    row: dict[str, Any]


def find_record(run: Path, record: str) -> Found:
    """The record whose id is `record` or begins with it.

    Raises HornbookError when no record of the run, or more than one id, matches.
    """
    if not (run / "artifacts").is_dir():
        raise HornbookError(f"{run}: not a run folder (no artifacts/ in it)")
    matches: dict[str, Found] = {}
    for file in _record_files(run):
        condition = ds.field("id") == record if len(record) > 24 else _starts_with(record)
        for row in ds.dataset(file).to_table(filter=condition).to_pylist():
            matches.setdefault(row["id"], Found(_stage_of(run, file), str(file.relative_to(run)), row))
    if not matches:
        raise HornbookError(f"{run}: no record with the id {record}; ids stand in the column `id` of the Parquet files")
    if len(matches) > 1:
        some = ", ".join(sorted(matches)[:3])
        raise HornbookError(f"{run}: {len(matches)} records begin with {record} ({some} ...); give more of the id")
    return next(iter(matches.values()))


def _starts_with(prefix: str) -> Any:
    import pyarrow.compute as pc

    return pc.starts_with(ds.field("id"), pattern=prefix)


def _record_files(run: Path) -> Iterator[Path]:
    for file in sorted((run / "artifacts").rglob("*.parquet")):
        if {"id", "parents", "calls"} <= set(pq.read_schema(file).names):
            yield file


def _stage_of(run: Path, file: Path) -> str:
    return file.relative_to(run / "artifacts").parts[0].rpartition("-")[0]


def read_calls(run: Path, keys: list[str]) -> list[dict[str, Any]]:
    """The ledger's entries for these calls, in the order asked; a call that is missing is left out."""
    wanted, found = set(keys), {}
    for file in sorted((run / "teacher").glob("*.jsonl")):
        with file.open("rb") as lines:
            for line in lines:
                try:
                    entry = msgspec.json.decode(line)
                except msgspec.DecodeError:  # the torn last line of a killed run
                    continue
                if entry.get("key") in wanted:
                    found[entry["key"]] = entry
    return [found[key] for key in keys if key in found]


def lineage_lines(run: Path, record: str) -> list[str]:
    """The family tree of a record as indented lines: each ancestor, and each teacher call with its prompt."""
    return list(_tree(run, find_record(run, record), depth=0, seen=set()))


def _tree(run: Path, found: Found, depth: int, seen: set[str]) -> Iterator[str]:
    row, indent = found.row, "  " * depth
    yield f"{indent}{row['id']}  ({found.stage}, {found.file.rpartition('/')[2]})"
    yield f"{indent}  {_gist(row)}"
    for check in row.get("checks") or []:
        yield f"{indent}  passed: {check}"
    for call in read_calls(run, row["calls"]):
        asked = call["messages"][-1]["content"] if call.get("messages") else ""
        yield f"{indent}  asked {call.get('model', 'the teacher')} ({call['key']}): {_short(asked)}"
        yield f"{indent}  answered: {_short(call.get('text', ''))}"
    seen.add(row["id"])
    for parent in row["parents"]:
        if parent in seen:
            continue
        try:
            yield from _tree(run, find_record(run, parent), depth + 1, seen)
        except HornbookError:
            yield f"{indent}  {parent}  (not among this run's records)"


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

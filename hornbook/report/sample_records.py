"""An example record of each kind of training data, with its lineage."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from hornbook.report.lineage import lineage_lines

LONGEST_SHOWN = 1200  # characters of a turn


def sample_records(run: Path, summary: dict[str, Any]) -> list[dict[str, Any]]:
    """The first record of each kind of sample in the run, with its turns and its lineage.

    Those of a teacher come first; of the procedural tasks (`reasoning:TASK`) three are enough.
    """
    first: dict[str, dict[str, Any]] = {}
    for stage in summary["stages"]:
        file = run / stage["path"] / "samples.parquet"
        if file.exists():
            for row in pq.read_table(file).to_pylist():
                first.setdefault(row["kind"], row)
    chosen = sorted(first.values(), key=lambda row: (not row["calls"], row["kind"]))
    procedural = [row for row in chosen if row["kind"].startswith("reasoning:")]
    return [_shown(run, row) for row in chosen if row not in procedural[3:]]


def _shown(run: Path, row: dict[str, Any]) -> dict[str, Any]:
    turns = row["messages"] or [{"role": "text", "content": row["text"]}]
    return {
        "kind": row["kind"],
        "id": row["id"],
        "turns": [{"role": turn["role"], "content": _cut(turn["content"])} for turn in turns],
        "lineage": lineage_lines([run], row["id"]),
    }


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + " ..."

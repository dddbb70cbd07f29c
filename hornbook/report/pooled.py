"""Runs of one recipe with several seeds: what each stage changed in every run, and in all of them together."""

from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_json, read_records
from hornbook.evaluation.metrics import ScoredReply
from hornbook.evaluation.significance import compare
from hornbook.report.table import find_comparison, headline_scores

RESAMPLES = 4000


class PooledChange(NamedTuple):
    """How a score of `model` differs from that of the model `before`: a comparison as in scores.json for each run, and
    one over the questions of all runs."""

    score: str
    model: str
    before: str
    runs: list[dict[str, Any]]
    pooled: dict[str, Any]


def pooled_changes(runs: list[Path]) -> list[PooledChange]:
    """The changes that all runs measured, by score and stage. A question of two runs counts as two.

    Raises HornbookError for runs that have no comparison in common.
    """
    summaries: list[dict[str, Any]] = [read_json(run / "summary.json") for run in runs]
    changes: list[PooledChange] = []
    for entry in summaries[0]["evaluations"]:
        others = [next((e for e in s["evaluations"] if e["name"] == entry["name"]), None) for s in summaries]
        if entry["before"] is None or not all(others):
            continue
        now = [answer for run, s in zip(runs, summaries, strict=True) for answer in _answers(run, s, entry["name"])]
        old = [answer for run, s in zip(runs, summaries, strict=True) for answer in _answers(run, s, entry["before"])]
        pooled = {row["score"]: row for row in compare(now, old, resamples=RESAMPLES, seed=0)}
        models = {e["name"]: e["model"] for e in summaries[0]["evaluations"]}
        for name in headline_scores([entry]):
            rows = [row for other in others if other and (row := find_comparison(other, name))]
            if len(rows) == len(runs):
                changes.append(PooledChange(name, entry["model"], models[entry["before"]], rows, pooled[name]))
    if not changes:
        raise HornbookError(f"{', '.join(map(str, runs))}: no comparison that all of these runs have made")
    return changes


def pooled_markdown(runs: list[Path]) -> str:
    """A table in Markdown: differences in points with 95 % intervals, of each run and of all together."""
    head = ["score", "change", *[run.name for run in runs], "all", "could be seen"]
    rows = [head, ["---"] * len(head)]
    for change in pooled_changes(runs):
        seen = f"{100 * change.pooled['detectable']:.1f}"
        cells = [_points(row) for row in [*change.runs, change.pooled]]
        rows.append([change.score, f"{change.before} → {change.model}", *cells, seen])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _points(row: dict[str, Any]) -> str:
    text = f"{100 * row['difference']:+.1f} ({100 * row['low']:+.1f} to {100 * row['high']:+.1f})"
    return text if "noise" in row["verdict"] else f"**{text}**"


def _answers(run: Path, summary: dict[str, Any], evaluation: str) -> list[ScoredReply]:
    """The answers of an evaluation; the questions' ids name the run."""
    path = next(stage["path"] for stage in summary["stages"] if stage["name"] == evaluation)
    answers = read_records(run / path / "answers.parquet", ScoredReply)
    return [msgspec.structs.replace(answer, question=f"{run}/{answer.question}") for answer in answers]

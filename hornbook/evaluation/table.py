"""What `hornbook eval` prints: the scores of one evaluation, and what changed since an earlier one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from hornbook.base.files import read_json
from hornbook.evaluation.judges import NO_JUDGE


def score_tables(out: Path) -> Iterator[Table]:
    """The tables of a finished evaluation in the folder `out`; others only if there are rows for them."""
    found = read_json(out / "scores.json")
    yield _scores(found["scores"], found.get("judges", []))
    if found.get("figures"):
        yield _figures(found["figures"])
    if found["comparisons"]:
        yield comparison_table(found["comparisons"], "Compared with the earlier model, in points")


def _scores(rows: list[dict[str, Any]], judges: list[dict[str, Any]]) -> Table:
    """`shows` is the difference from another model, in points, that so many questions show four times in five. A task
    whose judge agrees too seldom with gold verdicts has no score."""
    known = any(row.get("in_training") is not None for row in rows)
    table = _table("Scores", "mean", "95 % interval", "n", "shows", *["in training", "without them"] * known)
    for row in rows:
        interval = f"{row['low']:.1%} to {row['high']:.1%}"
        cells = f"{row['mean']:.1%}", interval, f"{row['n']:,}", f"{100 * row['detectable']:.1f}"
        table.add_row(escape(row["name"]), *cells, *_trained_on(row))
    for judge in judges:
        if not judge["usable"]:
            agrees = f"agrees with {judge['share']:.0%} of {judge['n']:,}"
            table.add_row(escape(judge["score"]), NO_JUDGE, agrees)
    return table


def _figures(rows: list[dict[str, Any]]) -> Table:
    """Metrics that are no shares."""
    table = _table("Other metrics", "value", "95 % interval", "n")
    for row in rows:
        table.add_row(
            escape(row["name"]), f"{row['mean']:.4g}", f"{row['low']:.4g} to {row['high']:.4g}", f"{row['n']:,}"
        )
    return table


def _trained_on(row: dict[str, Any]) -> list[str]:
    """How many of a score's questions are in the training data, and the score of the others."""
    if row.get("in_training") is None:
        return []
    without = row["without_them"]
    return [f"{row['in_training']:,}", "" if without is None else f"{without:.1%}"]


def comparison_table(rows: list[dict[str, Any]], title: str) -> Table:
    """Differences in percentage points, on the questions that both models answered."""
    table = _table(title, "difference", "95 % interval", "p", "n", "verdict")
    for row in rows:
        points = [f"{100 * row[name]:+.1f}" for name in ("difference", "low", "high")]
        interval = f"{points[1]} to {points[2]}"
        cells = points[0], interval, f"{row['p']:.3f}", f"{row['n']:,}", row["verdict"]
        table.add_row(escape(row["score"]), *cells)
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None)
    table.add_column("score")
    for column in columns:
        table.add_column(column, justify="left" if column == "verdict" else "right", no_wrap=column != "verdict")
    return table

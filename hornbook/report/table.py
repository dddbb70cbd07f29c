"""The final table of a run: scores after each stage, in the layout of the report's table 9."""

from typing import Any

from rich.table import Table


def results_table(summary: dict[str, Any]) -> Table:
    """Scores by evaluation with 95 % intervals, marked where they differ from the previous column."""
    evaluations = summary["evaluations"]
    table = Table(title="Scores after each stage (mean, 95 % interval; ▲▼ beyond noise against the previous column)")
    table.add_column("score")
    for entry in evaluations:
        table.add_column(entry["model"], justify="right")
    for name in headline_scores(evaluations):
        table.add_row(name, *[_cell(entry, name) for entry in evaluations])
    return table


def markdown_table(summary: dict[str, Any]) -> str:
    """The same table in Markdown, for a README."""
    evaluations = summary["evaluations"]
    rows = [["", *[entry["model"] for entry in evaluations]], ["---"] * (len(evaluations) + 1)]
    rows += [[name, *[_cell(entry, name) for entry in evaluations]] for name in headline_scores(evaluations)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def headline_scores(evaluations: list[dict[str, Any]]) -> list[str]:
    """Names of all scores but those of single tasks (`reasoning:TASK`), in order of appearance."""
    names = {score["name"]: None for entry in evaluations for score in entry["scores"]}
    return [name for name in names if not name.startswith("reasoning:")]


def find_score(entry: dict[str, Any], name: str) -> dict[str, Any] | None:
    return next((score for score in entry["scores"] if score["name"] == name), None)


def find_comparison(entry: dict[str, Any], name: str) -> dict[str, Any] | None:
    return next((row for row in entry["comparisons"] if row["score"] == name), None)


def _cell(entry: dict[str, Any], name: str) -> str:
    score = find_score(entry, name)
    if score is None:
        return ""
    text = f"{score['mean']:.1%} ({score['low']:.1%} to {score['high']:.1%})"
    comparison = find_comparison(entry, name)
    if comparison is None or "noise" in comparison["verdict"]:
        return text
    return f"{text} {'▲' if comparison['difference'] > 0 else '▼'}"

"""The report's table of scores, and a sentence on the changes of each later stage."""

from typing import Any

from markupsafe import Markup

from hornbook.base.charts import difference_chart, interval_chart
from hornbook.report.table import find_comparison, find_score, headline_scores

EFFECTS = ("reasoning", "trivia correct", "known trivia correct", "unknown trivia not attempted", "bogus refused")
LESS_IS_BETTER = ("wrong",)
GROUPS = {"better": "better", "worse": "worse", "more": "changed", "fewer": "changed"}


def score_table(summary: dict[str, Any]) -> dict[str, Any] | None:
    """Headline scores and single tasks by evaluation, with a chart of the first score; None without evaluations."""
    evaluations = summary["evaluations"]
    if not evaluations:
        return None
    names = headline_scores(evaluations)
    tasks = sorted({s["name"] for e in evaluations for s in e["scores"] if s["name"].startswith("reasoning:")})
    main = names[0]
    rows = [(e["model"], find_score(e, main)) for e in evaluations]
    return {
        "models": [entry["model"] for entry in evaluations],
        "rows": [_row(evaluations, name) for name in names],
        "tasks": [_row(evaluations, name) for name in tasks],
        "chart": Markup(interval_chart([(model, s["mean"], s["low"], s["high"]) for model, s in rows if s])),
        "chart_caption": f"{main.capitalize()} by stage, with 95 % intervals.",
    }


def effect_charts(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """For reasoning, trivia (all, known, unknown) and bogus questions: what each model changed, with intervals."""
    charts = []
    for name in EFFECTS:
        rows = [
            (entry["model"], row["difference"], row["low"], row["high"])
            for entry in summary["evaluations"]
            if (row := find_comparison(entry, name))
        ]
        if rows:
            caption = f"{name.capitalize()}: change against the model before, in points, with 95 % intervals."
            charts.append({"svg": Markup(difference_chart(rows)), "caption": caption})
    return charts


def stage_verdicts(summary: dict[str, Any]) -> list[dict[str, str]]:
    """For each evaluation with an earlier one: which scores changed beyond noise, and which did not."""
    lines = []
    models = {entry["name"]: entry["model"] for entry in summary["evaluations"]}
    for entry in summary["evaluations"]:
        if entry["before"] is not None:
            before = models.get(entry["before"], entry["before"])
            lines.append({"stage": entry["model"], "before": before, "text": _sentence(entry)})
    return lines


def _sentence(entry: dict[str, Any]) -> str:
    found = [(name, find_comparison(entry, name)) for name in headline_scores([entry])]
    groups: dict[str, list[str]] = {}
    for name, row in found:
        if row and row["verdict"] in GROUPS:
            groups.setdefault(GROUPS[row["verdict"]], []).append(f"{name} {_change(row)}")
    parts = [f"{group}: {', '.join(groups[group])}" for group in dict.fromkeys(GROUPS.values()) if group in groups]
    unseen = {name: row["detectable"] for name, row in found if row and row["verdict"] not in GROUPS}
    if unseen:
        parts.append(f"no difference seen{' in the others' if parts else ''}{_would_have_shown(unseen)}")
    return "; ".join(parts) or "nothing in common"


def _would_have_shown(detectable: dict[str, float]) -> str:
    """How large a difference the scores could have shown: that of the first, and the range of the others."""
    first, *others = [f"{value * 100:.1f}" for value in detectable.values() if value] or [""]
    if not first:
        return ""
    rest = f", in other scores {min(others, key=float)} to {max(others, key=float)}" if others else ""
    return f" ({first} points in {next(iter(detectable))} would have shown{rest})"


def _change(row: dict[str, Any]) -> str:
    return f"{row['difference'] * 100:+.1f} points ({row['low'] * 100:+.1f} to {row['high'] * 100:+.1f})"


def _row(evaluations: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """A row of the table; `n` is the number of questions where all models have the same, else each cell says it."""
    sizes = {score["n"] for entry in evaluations if (score := find_score(entry, name))}
    cells = [_cell(entry, name, len(sizes) > 1) for entry in evaluations]
    return {
        "name": name.removeprefix("reasoning:"),
        "cells": cells,
        "n": f"n {sizes.pop():,}" if len(sizes) == 1 else "",
    }


def _cell(entry: dict[str, Any], name: str, with_n: bool) -> dict[str, Any] | None:
    score = find_score(entry, name)
    if score is None:
        return None
    comparison = find_comparison(entry, name)
    differs = comparison is not None and "noise" not in comparison["verdict"]
    rose = differs and comparison is not None and comparison["difference"] > 0
    good = rose != any(word in name for word in LESS_IS_BETTER)
    size = f", n {score['n']:,}" if with_n else ""
    return {
        "mean": f"{score['mean']:.1%}",
        "interval": f"{score['low']:.1%} to {score['high']:.1%}{size}",
        "mark": ("up" if good else "down") if differs else "",
        "rose": rose,
    }

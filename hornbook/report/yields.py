"""How many records each stage read, kept and set aside, and the reasons."""

from typing import Any


def stage_yields(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each stage that counts records."""
    return [
        {
            "name": stage["name"],
            "records_in": f"{stage['records_in']:,}",
            "records_out": f"{stage['records_out']:,}",
            "aside": f"{sum(stage['rejected'].values()):,}",
            "reasons": ", ".join(f"{reason} {n:,}" for reason, n in _most_first(stage["rejected"])),
        }
        for stage in summary["stages"]
        if stage["records_in"] and stage["kind"] != "evaluation"
    ]


def _most_first(reasons: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))


def kind_yields(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """For each synthesis, tables of its kinds: yield, cost, diversity, and coverage of topics and axes."""
    tables = []
    for stage in summary["stages"]:
        if "yields" in stage["notes"]:
            tables.append(_yields(stage))
            tables.append(_diversity(stage))
            tables += _coverage(stage)
    return tables


def _yields(stage: dict[str, Any]) -> dict[str, Any]:
    rows = [
        [
            name,
            f"{row['seeds']:,}",
            f"{row['passed']:,}",
            f"{row['kept']:,}",
            f"{row['calls']:,}",
            f"{row['tokens']:,}",
            ", ".join(f"{reason} {n}" for reason, n in _most_first(row["rejected"])),
        ]
        for name, row in stage["notes"]["yields"].items()
    ]
    columns = ["kind", "seeds", "passed", "records kept", "calls", "tokens answered", "why not"]
    return {"title": f"{stage['name']}: yield of each kind", "columns": columns, "rows": rows}


def _diversity(stage: dict[str, Any]) -> dict[str, Any]:
    rows = [
        [
            name,
            f"{row['near_duplicate_rate']:.0%}",
            f"{row['distinct_2']:.0%}",
            f"{row['compression']:.1f}",
            f"{row['coverage']:.0%}",
            _spread(row["words"], 0),
            _spread(row["complexity"], 1),
            _spread(row["grade"], 2),
        ]
        for name, row in stage["notes"]["diversity"].items()
        if row["records"]
    ]
    columns = [
        "kind",
        "near-duplicates",
        "distinct word pairs",
        "compression",
        "seeds' terms used",
        "words (10 % to 90 %)",
        "complexity, 1 to 5",
        "grade",
    ]
    return {"title": f"{stage['name']}: diversity of what was made", "columns": columns, "rows": rows}


def _coverage(stage: dict[str, Any]) -> list[dict[str, Any]]:
    """Of the topics how many passages there are and were drawn, of the axes how many were drawn and accepted."""
    told = {"coverage": ("coverage of topics", "there", "drawn"), "axes": ("axes of the records", "drawn", "accepted")}
    tables = []
    for note, (title, *columns) in told.items():
        rows = [
            [axis.replace("_", " "), value, f"{first:,}", f"{second:,}"]
            for axis, values in stage["notes"].get(note, {}).items()
            for value, first, second in values
        ]
        if rows:
            tables.append({"title": f"{stage['name']}: {title}", "columns": ["axis", "value", *columns], "rows": rows})
    return tables


def _spread(figures: dict[str, float], digits: int) -> str:
    return f"{figures['mean']:.{digits}f} ({figures['low']:.{digits}f} to {figures['high']:.{digits}f})"

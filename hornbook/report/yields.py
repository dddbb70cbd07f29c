"""What each stage took in, kept and set aside, and why."""

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

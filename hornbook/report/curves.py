"""Training curves: loss, validation loss per source, preference margins, and recall over distance."""

from typing import Any

from markupsafe import Markup

from hornbook.base.charts import Points, line_chart, number

FEWEST_POINTS = 3  # curves with fewer points are not shown
AXES = {
    "loss_curve": ("loss, nats per token", "Training loss."),
    "margin_curve": ("margin", "Implicit reward of the chosen side less that of the rejected one."),
    "accuracy_curve": ("share preferred", "Share of pairs whose chosen side has the higher implicit reward."),
}


def training_curves(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """For each training stage, its curves as charts with captions."""
    found = []
    for stage in summary["stages"]:
        charts = [
            *_curves(stage["notes"]),
            *_validation(stage["notes"]),
            *_recall(stage["notes"]),
            *_positions(stage["notes"]),
        ]
        if charts:
            seconds = f", {stage['seconds']:.0f} s" if stage["seconds"] else ""
            tokens = number(float(f"{stage['tokens']:.3g}"))
            caption = f"{tokens} tokens{seconds}"
            found.append({"name": stage["name"], "caption": caption, "charts": charts})
    return found


def _curves(notes: dict[str, Any]) -> list[dict[str, Any]]:
    present = [(name, *labels) for name, labels in AXES.items() if len(notes.get(name, [])) >= FEWEST_POINTS]
    return [_chart({"": notes[name]}, "tokens", label, caption) for name, label, caption in present]


def _validation(notes: dict[str, Any]) -> list[dict[str, Any]]:
    rows = notes.get("validation_loss", [])
    sources = sorted({source for _, losses in rows for source in losses})
    series: dict[str, Points] = {s: [(tokens, losses[s]) for tokens, losses in rows if s in losses] for s in sources}
    return [_chart(series, "tokens", "validation loss", "Validation loss per source.")] if len(rows) > 1 else []


def _recall(notes: dict[str, Any]) -> list[dict[str, Any]]:
    recall = notes.get("recall")
    if not recall:
        return []
    series: dict[str, Points] = {
        when: [(row["distance"], row["accuracy"]) for row in rows]
        for when, rows in sorted(recall.items(), reverse=True)
    }
    caption = "Recall of a key's value over its distance, before and after (by chance 0.1)."
    return [_chart(series, "tokens of distance", "accuracy", caption, (0.0, 1.0))]


def _positions(notes: dict[str, Any]) -> list[dict[str, Any]]:
    charts = []
    for other, rows in notes.get("loss_by_position", {}).items():
        if len(rows) > 1:
            name = {"before": "before", "compare": "the model compared with"}[other]
            series: dict[str, Points] = {
                name: [(row["to"], row["before"]) for row in rows],
                "after": [(row["to"], row["after"]) for row in rows],
            }
            far = "; ".join(
                f"from {row['from']:,} to {row['to']:,}: "
                f"{row['difference']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})"
                for row in rows[1:]
            )
            caption = f"Loss by position in {rows[0]['documents']} held-out long documents, after less {name}; {far}."
            charts.append(_chart(series, "up to position", "loss, nats per token", caption))
    return charts


def _chart(
    series: dict[str, Points], x_label: str, y_label: str, caption: str, y_range: tuple[float, float] | None = None
) -> dict[str, Any]:
    return {"svg": Markup(line_chart(series, x_label, y_label, y_range)), "caption": caption}


CHARTS = (_curves, _validation, _recall, _positions)

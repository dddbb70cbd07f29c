"""report.html: a self-contained page from summary.json and the artifacts of a run."""

from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from hornbook.base.charts import bar, number
from hornbook.base.files import read_json, write_text
from hornbook.pts.page import embed
from hornbook.report.answers import compared_answers
from hornbook.report.curves import training_curves
from hornbook.report.pivotal_solutions import pivotal_solutions
from hornbook.report.sample_records import sample_records
from hornbook.report.scores import effect_charts, score_table, stage_verdicts
from hornbook.report.yields import kind_yields, stage_yields

HERE = Path(__file__).parent
TITLES = {
    "warnings": "Warnings",
    "scores": "Scores after each stage",
    "answers": "Answers",
    "training": "Training",
    "pivots": "Pivotal tokens",
    "mixture": "Mixture",
    "yields": "Yields",
    "records": "Records",
    "costs": "Costs",
}


def write_report(run: Path) -> Path:
    """Write RUN/report.html from RUN/summary.json and the artifacts it names; returns its path."""
    write_text(run / "report.html", render_report(run, read_json(run / "summary.json")))
    return run / "report.html"


def render_report(run: Path, summary: dict[str, Any]) -> str:
    """The page of a run from its summary and the artifacts that this names. While stages are waiting the page loads
    itself again every few seconds."""
    compared = compared_answers(run, summary)
    context = {
        "summary": summary,
        "style": Markup((HERE / "style.css").read_text(encoding="utf-8")),
        "facts": _facts(summary),
        "warnings": [(stage["name"], text) for stage in summary["stages"] for text in stage["warnings"]],
        "table": score_table(summary),
        "effects": effect_charts(summary),
        "verdicts": stage_verdicts(summary),
        "answers": compared,
        "answers_data": Markup(embed(msgspec.json.encode(compared))) if compared else "",
        "answers_script": Markup((HERE / "answers.js").read_text(encoding="utf-8")),
        "curves": training_curves(summary),
        "pivots": _pivots(run, summary),
        "mixtures": _mixtures(summary),
        "yields": stage_yields(summary),
        "kind_yields": kind_yields(summary),
        "samples": sample_records(run, summary),
        "costs": _costs(summary),
        "recipe": (run / "recipe.yaml").read_text(encoding="utf-8"),
        "machine": _machine(summary["machine"]),
    }
    shown = {"scores": "table", "training": "curves", "mixture": "mixtures", "records": "samples"}
    context["sections"] = [(name, title) for name, title in TITLES.items() if context.get(shown.get(name, name))]
    environment = Environment(loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("page.html.jinja").render(context)


def _facts(summary: dict[str, Any]) -> list[tuple[str, str]]:
    trained = sum(stage["tokens"] for stage in summary["stages"] if "loss_curve" in stage["notes"])
    calls = sum(stage["teacher_calls"] for stage in summary["stages"])
    parameters = [stage["notes"]["parameters"] for stage in summary["stages"] if "parameters" in stage["notes"]]
    facts = [("minutes of work", f"{summary['seconds'] / 60:.1f}"), ("tokens trained on", number(_rounded(trained)))]
    if parameters:
        facts.append(("parameters", number(_rounded(parameters[-1]))))
    facts.append(("teacher calls", f"{calls:,}"))
    return facts


def _rounded(value: float) -> float:
    """Rounded to three significant digits."""
    return float(f"{value:.3g}")


def _pivots(run: Path, summary: dict[str, Any]) -> dict[str, Any] | None:
    for stage in summary["stages"]:
        if stage["kind"] == "pts":
            solutions = pivotal_solutions(run / stage["path"])
            found = stage["counts"].get("pivots", 0)
            caption = (
                f"The search found {found:,} pivotal tokens: single tokens that move the chance of success by at least "
                f"{stage['settings']['p_gap']:.0%}. Green raises it, red lowers it; outlined tokens are pivotal."
            )
            return {"solutions": solutions, "caption": caption} if solutions else None
    return None


def _mixtures(summary: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"name": stage["name"], "rows": [_mixture_row(name, row) for name, row in stage["notes"]["mixture"].items()]}
        for stage in summary["stages"]
        if "mixture" in stage["notes"]
    ]


def _mixture_row(name: str, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "share": f"{row['share']:.1%}",
        "bar": Markup(bar(row["share"])),
        "tokens": f"{row['tokens']:,}",
        "unique": f"{row['unique_tokens']:,}",
        "documents": f"{row['documents']:,}",
        "epochs": f"{row['epochs']:.1f}",
    }


def _costs(summary: dict[str, Any]) -> list[dict[str, Any]]:
    longest = max((stage["seconds"] for stage in summary["stages"]), default=0) or 1
    return [
        {
            "name": stage["name"],
            "kind": stage["kind"],
            "seconds": f"{stage['seconds']:.0f}",
            "bar": Markup(bar(stage["seconds"] / longest)),
            "tokens": f"{stage['tokens']:,}" if stage["tokens"] else "",
            "records": f"{stage['records_out']:,}" if stage["records_out"] else "",
            "calls": f"{stage['teacher_calls']:,}" if stage["teacher_calls"] else "",
        }
        for stage in summary["stages"]
    ]


def _machine(machine: dict[str, Any]) -> str:
    return (
        f"{machine['cores']} cores ({machine['platform']}), Python {machine['python']}, torch {machine['torch']}, "
        f"transformers {machine['transformers']}"
    )

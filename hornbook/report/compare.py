"""Two evaluations side by side: scores with paired intervals, and the questions whose verdict changed."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_json, read_records, write_text
from hornbook.base.records import Question
from hornbook.evaluation.harness.samples import KeptItem, read_items
from hornbook.evaluation.metrics import ScoredReply, values_by_score
from hornbook.evaluation.significance import compare, corrected
from hornbook.pts.page import embed
from hornbook.report.answers import MOST_BYTES, Compared, Reply, within

HERE = Path(__file__).parent
RESAMPLES = 4000
NOT_KEPT = "(not kept)"


class Comparison(msgspec.Struct):
    """Two evaluations: the models' names, the rows of `significance.corrected`, and the changed questions."""

    models: tuple[str, str]
    rows: list[dict[str, Any]]
    changed: list[Compared]


def compare_evaluations(before: Path, now: Path) -> Comparison:
    """Compare two folders of evaluations on the questions of both.

    Raises HornbookError for a folder without an evaluation, and if the two have no question in common.
    """
    earlier, later = (read_records(folder / "answers.parquet", ScoredReply) for folder in (before, now))
    rows = corrected(compare(later, earlier, resamples=RESAMPLES, seed=0))
    if not rows:
        raise HornbookError(f"{before} and {now}: no question in common")
    tables = values_by_score(earlier), values_by_score(later)
    for row in rows:
        of_both = [table[row["score"]] for table in tables]
        shared = of_both[0].keys() & of_both[1].keys()
        row["before"], row["now"] = (float(np.mean([np.mean(of[name]) for name in shared])) for of in of_both)
    one, other = (str(read_json(folder / "scores.json")["model"]) for folder in (before, now))
    names = (one, other) if one != other else (str(before), str(now))
    return Comparison(names, rows, _changed(_means(earlier), _means(later), now))


def _means(replies: list[ScoredReply]) -> dict[tuple[str, str], Reply]:
    """By score and question: the first reply, and the mean of the values of all."""
    found: dict[tuple[str, str], list[ScoredReply]] = {}
    for reply in replies:
        found.setdefault((reply.score, reply.question), []).append(reply)
    return {key: Reply(of[0].completion, sum(one.value for one in of) / len(of)) for key, of in found.items()}


def _changed(before: dict[tuple[str, str], Reply], now: dict[tuple[str, str], Reply], folder: Path) -> list[Compared]:
    """The questions whose verdict changed, the largest change first."""
    moved = [name for name in now if name in before and now[name].right != before[name].right]
    moved.sort(key=lambda name: (-abs(now[name].right - before[name].right), name))
    items = _items(folder, {question for _, question in moved})
    return [
        Compared(
            task=score,
            prompt=items[question].prompt if question in items else f"{question} {NOT_KEPT}",
            answer=(items[question].answer if question in items else "") or NOT_KEPT,
            replies=[before[score, question], now[score, question]],
        )
        for score, question in moved
    ]


def _items(folder: Path, wanted: set[str]) -> dict[str, KeptItem]:
    items = read_items(folder, wanted)
    if (folder / "questions.parquet").exists():
        for question in read_records(folder, Question):
            items[question.id] = KeptItem(question.prompt, question.answer)
    return items


def write_page(found: Comparison, path: Path) -> int:
    """Write the page; returns how many of the changed questions are on it."""
    kept = within(found.changed, MOST_BYTES)
    data = {"models": found.models, "questions": kept, "left_out": len(found.changed) - len(kept)}
    environment = Environment(loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    page = environment.get_template("compare.html.jinja").render(
        models=found.models,
        rows=[_cells(row) for row in found.rows],
        count=len(found.changed),
        left_out=data["left_out"],
        style=Markup((HERE / "style.css").read_text(encoding="utf-8")),
        answers_data=Markup(embed(msgspec.json.encode(data))),
        answers_script=Markup((HERE / "answers.js").read_text(encoding="utf-8")),
    )
    write_text(path, page)
    return len(kept)


def _cells(row: dict[str, Any]) -> dict[str, str]:
    return {
        "score": row["score"],
        "before": f"{100 * row['before']:.1f}",
        "now": f"{100 * row['now']:.1f}",
        "difference": f"{100 * row['difference']:+.1f}",
        "interval": f"{100 * row['low']:+.1f} to {100 * row['high']:+.1f}",
        "p": f"{row['p']:.3f}",
        "n": f"{row['n']:,}",
        "shows": f"{100 * row['detectable']:.1f}",
        "verdict": row["verdict"],
    }

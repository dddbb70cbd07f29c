"""Declares the stage of this package for recipes and the command line."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hornbook.base.stage import stage

if TYPE_CHECKING:
    from rich.table import Table

    from hornbook.base.workspace import Workspace
    from hornbook.evaluation.settings import EvaluationSettings


def _tables(out: Path) -> Iterable["Table"]:
    from hornbook.evaluation.table import score_tables

    return score_tables(out)


@stage(
    "evaluation",
    version=7,
    holds={"before": "scores", "base": "scores", "training": "samples", "corpus": "documents"},
    makes=("scores",),
    command="eval",
    argument="model",
    tables=_tables,
    report="5, 6, C",
    example="hornbook eval sft/ --questions held-out.jsonl --style chat --out scores",
)
def evaluation(
    settings: "EvaluationSettings",
    work: "Workspace",
    *,
    model: Path | None = None,
    questions: Sequence[Path] = (),
    before: Path | None = None,
    base: Path | None = None,
    training: Sequence[Path] = (),
    corpus: Sequence[Path] = (),
) -> None:
    """Score a model on held-out tasks, refusals and real benchmarks, with 95 % intervals."""
    from hornbook.evaluation.stage import evaluation

    evaluation(
        settings,
        work,
        model=model,
        questions=questions,
        before=before,
        base=base,
        training=training,
        corpus=corpus,
    )

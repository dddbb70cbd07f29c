"""Declarations of the stages of this package for recipes and the command line."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hornbook.base.stage import Cost, Planned, stage

if TYPE_CHECKING:
    from hornbook.base.workspace import Workspace
    from hornbook.preference.settings import (
        JudgedPairsSettings,
        PairsSettings,
        RefusalSettings,
        RejectionSamplingSettings,
    )


def _cost(settings: "RefusalSettings | JudgedPairsSettings", planned: Planned) -> Cost:
    from hornbook.teacher.cost import teacher_cost

    return teacher_cost(settings, planned)


@stage(
    "refusal",
    version=4,
    makes=("samples", "pairs"),
    argument="model",
    cost=_cost,
    report="4.4, A.1",
    example="hornbook refusal sft/ --questions trivia/ --out refusals",
)
def refusal(settings: "RefusalSettings", work: "Workspace", *, model: Path, questions: Sequence[Path]) -> None:
    """Measure what the model knows and make data that teaches it to refuse the rest."""
    from hornbook.preference.refusal import refusal

    refusal(settings, work, model=model, questions=questions)


@stage(
    "rejection-sampling",
    makes=("samples",),
    argument="model",
    report="4.1",
    example="hornbook rejection-sampling sft/ --questions questions.jsonl --out solutions",
)
def rejection_sampling(
    settings: "RejectionSamplingSettings", work: "Workspace", *, model: Path, questions: Sequence[Path]
) -> None:
    """Sample several replies per question and keep right ones as fine-tuning data."""
    from hornbook.preference.rejection_sampling import rejection_sampling

    rejection_sampling(settings, work, model=model, questions=questions)


@stage(
    "judged-pairs",
    version=4,
    holds={"others": "model", "same_tokens_as": "pairs"},
    makes=("pairs",),
    argument="model",
    cost=_cost,
    report="4.2",
    example="hornbook judged-pairs dpo/ --questions questions.jsonl --teacher.local smollm2 --out judged",
)
def judged_pairs(
    settings: "JudgedPairsSettings",
    work: "Workspace",
    *,
    model: Path,
    questions: Sequence[Path],
    others: Sequence[Path] = (),
    same_tokens_as: Path | None = None,
) -> None:
    """Judge several replies per prompt for accuracy, style and detail, and make pairs."""
    from hornbook.preference.judged_pairs import judged_pairs

    judged_pairs(settings, work, model=model, questions=questions, others=others, same_tokens_as=same_tokens_as)


@stage(
    "pairs",
    makes=("pairs",),
    argument="model",
    report="4.2, 4.4",
    example="hornbook pairs sft/ --samples synthetic/ --out pairs",
)
def pairs(settings: "PairsSettings", work: "Workspace", *, model: Path, samples: Sequence[Path]) -> None:
    """Turn synthetic samples with a better and a worse reply into preference pairs of a model."""
    from hornbook.preference.synthetic_pairs import pairs

    pairs(settings, work, model=model, samples=samples)

"""Declarations of the stages of this package for recipes and the command line."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hornbook.base.stage import Cost, Planned, stage

if TYPE_CHECKING:
    from hornbook.base.workspace import Workspace
    from hornbook.tuning.settings import AblationSettings, TuneSettings


def _one_shape(settings: "TuneSettings", planned: Planned) -> Cost:
    from hornbook.tuning.cost import search_cost

    return search_cost([settings.model], settings.expected_tokens(), planned)


def _all_shapes(settings: "AblationSettings", planned: Planned) -> Cost:
    from hornbook.tuning.cost import search_cost

    return search_cost(list(settings.models.values()), settings.expected_tokens(), planned)


@stage(
    "tune",
    together=True,
    makes=("advice",),
    argument="tokens",
    cost=_one_shape,
    report="3",
    example="hornbook tune tokens/ --tokenizer tok/ --horizons 100000 200000 --target 2500000 --out tuned",
)
def tune(settings: "TuneSettings", work: "Workspace", *, tokens: Path, tokenizer: Path) -> None:
    """Choose learning rate, batch and warm-up for a long run by short ones."""
    from hornbook.tuning.tune import tune

    tune(settings, work, tokens=tokens, tokenizer=tokenizer)


@stage(
    "ablation",
    together=True,
    makes=("advice",),
    argument="tokens",
    cost=_all_shapes,
    report="3.2",
    example="hornbook ablation tokens/ --tokenizer tok/ --horizons 100000 200000 "
    "--allocations '{no-web: {synthetic: 0.8, code: 0.2}}' --out ablation",
)
def ablation(
    settings: "AblationSettings",
    work: "Workspace",
    *,
    tokens: Path,
    tokenizer: Path,
    questions: Sequence[Path] = (),
) -> None:
    """Compare mixtures by proxy runs, and tell how far a small search can be trusted."""
    from hornbook.tuning.ablation import ablation

    ablation(settings, work, tokens=tokens, tokenizer=tokenizer, questions=questions)

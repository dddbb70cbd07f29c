"""Declaration of the stage `pts` for recipes and the command line."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hornbook.base.stage import stage

if TYPE_CHECKING:
    from hornbook.base.workspace import Workspace
    from hornbook.pts.settings import PtsSettings


@stage(
    "pts",
    version=8,
    makes=("pairs",),
    argument="model",
    report="4.3",
    example="hornbook pts sft/ --questions questions.jsonl --oracle number --out pivots",
)
def pts(settings: "PtsSettings", work: "Workspace", *, model: Path, questions: Sequence[Path]) -> None:
    """Pivotal token search: the single tokens that make or break a solution, and pairs from them."""
    from hornbook.pts.stage import pts

    pts(settings, work, model=model, questions=questions)

"""Declares the stage of this package for recipes and the command line."""

from typing import TYPE_CHECKING

from hornbook.base.stage import stage

if TYPE_CHECKING:
    from hornbook.base.workspace import Workspace
    from hornbook.synthetic.reasoning.settings import ReasoningSettings


@stage("reasoning", version=2, makes=("samples", "questions"), report="2.2", example="hornbook reasoning --out tasks")
def reasoning(settings: "ReasoningSettings", work: "Workspace") -> None:
    """Generate procedural reasoning tasks with worked solutions, each checked by the task's scorer."""
    from hornbook.synthetic.reasoning.stage import reasoning

    reasoning(settings, work)

"""Declares the stage of this package for recipes and the command line."""

from typing import TYPE_CHECKING

from hornbook.base.stage import stage

if TYPE_CHECKING:
    from hornbook.base.workspace import Workspace
    from hornbook.synthetic.mathematics.settings import MathematicsSettings


@stage("mathematics", makes=("questions",), report="4.3", example="hornbook mathematics --out questions")
def mathematics(settings: "MathematicsSettings", work: "Workspace") -> None:
    """Draw mathematics questions with checkable answers from mathematics-dataset."""
    from hornbook.synthetic.mathematics.stage import mathematics

    mathematics(settings, work)

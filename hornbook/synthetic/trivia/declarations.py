"""Declares the stage of this package for recipes and the command line."""

from typing import TYPE_CHECKING

from hornbook.base.stage import stage

if TYPE_CHECKING:
    from hornbook.base.workspace import Workspace
    from hornbook.synthetic.trivia.settings import TriviaSettings


@stage(
    "trivia",
    version=3,
    makes=("documents", "samples", "questions"),
    report="A.1",
    example="hornbook trivia --out trivia",
)
def trivia(settings: "TriviaSettings", work: "Workspace") -> None:
    """Collect facts with questions about them, and bogus questions that should be refused."""
    from hornbook.synthetic.trivia.stage import trivia

    trivia(settings, work)

"""Worked solutions by rejection sampling: of several, those that reach the reference answer (report §2.2)."""

from hornbook.base.records import Message, Question
from hornbook.base.settings import setting
from hornbook.synthetic.kind import Kind, Made, RecordContext
from hornbook.synthetic.kinds.mathematics._solving import (
    SOLUTION_CHECKS,
    SolvingSettings,
    checkable,
    right,
    solve,
    sound,
)


class WorkedSolutionSettings(SolvingSettings):
    """Worked solutions of questions with reference answers."""

    keep: int = setting(2, "most solutions kept of a question", ge=1)


async def make(seed: Question, ask: RecordContext, settings: WorkedSolutionSettings) -> list[Made]:
    """The grade is the share of solutions that were right: how easy the question is for this teacher."""
    solutions = await solve(seed.prompt, ask, settings)
    verdicts = await right(seed, solutions, ask)
    share = sum(verdicts) / len(verdicts)
    ask.facts["right"] = share
    reached = [solution for solution, verdict in zip(solutions, verdicts, strict=True) if verdict]
    return [
        Made(passed, messages=[Message("user", seed.prompt), Message("assistant", solution)], grade=round(share, 4))
        for solution, passed in sound(reached, seed.prompt, settings.keep)
    ]


KIND = Kind(
    about="Worked solutions of a question, those of several that reach its answer; how many do says how hard it is.",
    source="synthetic",
    report="2.2",
    seeded_by="questions with answers",
    seeds=checkable,
    make=make,
    stages=("solve",),
    checks=SOLUTION_CHECKS,
    calls=lambda settings: settings.solutions,
    settings=WorkedSolutionSettings,
)

"""A worked solution that reaches the answer, preferred to one as well formed that does not (report §4.2).

The right one is the teacher's where it has one, else that which came with the question; the wrong one is the teacher's.
"""

from hornbook.base.records import Message, Question
from hornbook.base.settings import setting
from hornbook.oracles.extract_answer import extract_answer, first_line
from hornbook.oracles.number import parse_number
from hornbook.synthetic.equations import false_equation
from hornbook.synthetic.kind import Checks, Kind, Made, RecordContext, Rejected
from hornbook.synthetic.kinds.mathematics._solving import (
    SOLUTION_CHECKS,
    SolvingSettings,
    checkable,
    final_number,
    most_like,
    right,
    solve,
    sound,
)
from hornbook.synthetic.prompting import MOST_REPEATED, SMALL_TALK
from hornbook.synthetic.words import leaked, repetition

FROM_EXAMPLE = 2  # pairs of words it may have from the prompt's example: those of any solution


class CheckedMathSettings(SolvingSettings):
    """Right against wrong solutions."""

    temperature: float = setting(0.8, "sampling temperature: some solutions should go wrong", ge=0)
    solutions: int = setting(8, "independent solutions of a question", ge=2)


async def make(seed: Question, ask: RecordContext, settings: CheckedMathSettings) -> list[Made]:
    solutions = await solve(seed.prompt, ask, settings)
    verdicts = await right(seed, solutions, ask)
    share = sum(verdicts) / len(verdicts)
    ask.facts["right"] = share
    reached = [solution for solution, verdict in zip(solutions, verdicts, strict=True) if verdict]
    solution, passed = await preferred(reached, seed, ask)
    missed = [solution for solution, verdict in zip(solutions, verdicts, strict=True) if not verdict]
    worse = [text for text in missed if plausible(text, seed)]
    if not worse:
        raise Rejected("wrong solution", "none that is well formed")
    messages = [Message("user", seed.prompt), Message("assistant", solution)]
    closest = min(worse, key=lambda text: abs(len(text) - len(solution)))  # length is not to tell them apart
    return [Made([*passed, "wrong solution"], messages=messages, rejected=closest, grade=round(1 - share, 4))]


async def preferred(reached: list[str], seed: Question, ask: RecordContext) -> tuple[str, list[str]]:
    """The teacher's first sound solution, else the question's own worked one, held to the same answer and arithmetic.

    Raises Rejected where there is neither.
    """
    try:
        ((solution, passed),) = sound(reached, seed.prompt)
        ask.facts["by_teacher"] = 1.0
    except Rejected:
        if not seed.solution.strip():
            raise
        solution, checks = seed.solution.strip(), Checks()
        (reaches,) = await right(seed, [solution], ask)
        checks.require("answer", reaches and "answer:" in solution.lower(), "the worked solution does not reach it")
        checks.require("steps", len(solution.splitlines()) >= 2, "no step before the answer")
        wrong = false_equation(solution)
        checks.require("arithmetic", not wrong, wrong)
        passed = checks.passed
        ask.facts["by_teacher"] = 0.0
    return solution, passed


def plausible(solution: str, question: Question) -> bool:
    """Whether it is wrong in nothing but the mathematics: steps, an answer of the same sort, no loop, no small talk."""
    answered = "answer:" in solution.lower() and len(solution.strip().splitlines()) >= 2
    answer = first_line(extract_answer(solution))
    same_sort = (parse_number(question.answer) is None) == (final_number(solution) is None)
    fluent = 20 <= len(solution) <= 4000 and repetition(solution) <= MOST_REPEATED and not SMALL_TALK.search(solution)
    own = leaked(solution, " ".join(most_like(question.prompt)), question.prompt) <= FROM_EXAMPLE
    return answered and same_sort and fluent and own and 0 < len(answer) <= 60


KIND = Kind(
    about="A worked solution that reaches the answer, preferred to a well-formed one that does not.",
    source="synthetic",
    report="4.2",
    seeded_by="questions with answers",
    seeds=checkable,
    make=make,
    stages=("solve",),
    checks=(*SOLUTION_CHECKS, "wrong solution"),
    calls=lambda settings: settings.solutions,
    settings=CheckedMathSettings,
)

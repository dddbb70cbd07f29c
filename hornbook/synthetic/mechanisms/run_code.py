"""Answers about code, decided by running them: what fails goes back to the teacher, a few times (report §2.2, D).

What is said about the code beside it is verified against the code and what it gave when it ran.
"""

from typing import Any

from hornbook.base.records import Sample
from hornbook.base.thinking import without_thinking
from hornbook.synthetic.kind import VERIFY, Checks, Kind, Made, NotAudited, RecordContext, Seed
from hornbook.synthetic.mechanisms.code_tasks import TASKS, Judged, RunCodeSettings, Task
from hornbook.synthetic.mechanisms.mechanism import Mechanism, Prompts, Stage, Usual, both, record_of
from hornbook.synthetic.mechanisms.text_checks import require_form
from hornbook.synthetic.prompts import render
from hornbook.synthetic.verification import CHECKS

REPEATABLE = ("explain", "document", "test", "translate", "predict")  # tasks that follow from the seed alone
REPEATED = 6  # words; shorter parts come again where values are told step by step


async def make(seed: Seed, ask: RecordContext, settings: RunCodeSettings) -> list[Made]:
    task = TASKS[settings.task]
    given = await task.prepare(seed, ask, settings)
    text, judged = await answered(task, given, ask, settings)
    checks = await held_to(task, given, judged, ask, settings)
    made = record_of(ask, checks, grade=judged.grade, **given, text=text, written=judged.code)
    made.question = judged.question
    return [made]


async def recheck(sample: Sample, seed: Seed, ask: RecordContext, settings: RunCodeSettings) -> None:
    """The answer is run again, and what it says is verified again."""
    if settings.task not in REPEATABLE:
        raise NotAudited("what it was asked was drawn by chance, or by the teacher")
    task = TASKS[settings.task]
    given = await task.prepare(seed, ask, settings)
    judged = await ask.compute(task.judge, given, without_thinking(sample.written()) or "", settings)
    await held_to(task, given, judged, ask, settings)


async def held_to(
    task: Task, given: dict[str, Any], judged: Judged, ask: RecordContext, settings: RunCodeSettings
) -> Checks:
    """The checks of an answer that was run. Raises Rejected."""
    checks = Checks()
    for name in ("runs", "finished", *task.checks):
        checks.require(name, name not in judged.problems, judged.problems.get(name, ""))
    if settings.task != "test":
        require_form(checks, judged.prose, settings.tokens, words=REPEATED)
        if settings.verified:
            facts = f"{given['facts']}\n\nThe code of the answer:\n{judged.code}" if judged.code else given["facts"]
            await ask.verify(checks, judged.prose, facts, absent=settings.absent)
    return checks


async def answered(
    task: Task, given: dict[str, Any], ask: RecordContext, settings: RunCodeSettings
) -> tuple[str, Judged]:
    """The first answer in which nothing is wrong, or the last. Each goes back with what was wrong with it."""
    text = await ask.write("write", fenced=True, preamble=False, **given)
    judged = await ask.compute(task.judge, given, text, settings)
    for number in range(settings.repairs if "repair" in ask.kind.prompts else 0):
        if not judged.problems:
            break
        asked = render(ask.kind.prompts["write"].user, ask.values | given)
        problems = "\n".join(f"- {name}: {told}" for name, told in judged.problems.items())
        text = await ask.write(
            "repair", attempt=number, fenced=True, preamble=False, asked=asked, answer=text, problems=problems, **given
        )
        judged = await ask.compute(task.judge, given, text, settings)
        ask.facts["repairs"] = number + 1.0
    return text, judged


def calls(settings: RunCodeSettings, prompts: Prompts) -> dict[str, int]:
    once = {"request": 2, "tests": 2, "question": 2, "solve": 2, "write": 2}
    return once | {"design": 2 * (1 + settings.repairs), "repair": 2 * settings.repairs}


def usual(settings: RunCodeSettings, kind: Kind) -> dict[str, Usual]:
    return {
        "request": Usual(answer=120),
        "design": Usual(1.2, answer=400),
        "question": Usual(answer=60),
        "repair": Usual(min(0.3, settings.repairs), shown=1000),
        VERIFY: Usual(shown=400),
    }


def checks(settings: RunCodeSettings, prompts: Prompts) -> tuple[str, ...]:
    written = () if settings.task == "test" else ("length", "no repetition", *(CHECKS if settings.verified else ()))
    return ("runs", "finished", *TASKS[settings.task].checks, *written)


def given(names: str, **before: Stage) -> dict[str, Stage]:
    """The stages of a task: those before the answer, and what they prepare, which all others see."""
    return {**before, **dict.fromkeys(("write", "repair", "record"), Stage(names))}


FUNCTION = "program code name cases facts"
BROKEN = f"{FUNCTION} broken numbered failure expected"
MECHANISM = Mechanism(
    make=make,
    settings=RunCodeSettings,
    calls=calls,
    usual=usual,
    checks=checks,
    seeds="functions that run",
    stages={
        **dict.fromkeys(("design", "request", "tests", "question", "solve")),
        "write": Stage(needed=True),
        "repair": Stage("asked answer problems"),
    },
    record=both("text written"),
    chosen_by="settings.task",
    cases={
        **dict.fromkeys(("explain", "document", "test", "translate"), given(FUNCTION)),
        **dict.fromkeys(("fix", "review"), given(f"{BROKEN} request", request=Stage(BROKEN))),
        "extend": given(
            f"{FUNCTION} request tests suite", request=Stage(FUNCTION), tests=Stage(f"{FUNCTION} request", needed=True)
        ),
        "predict": given(f"{FUNCTION} call result trace steps"),
        "query": given(
            "query code question reference facts",
            design=Stage("start error before"),
            question=Stage("query code", needed=True),
            solve=Stage("query code question"),
        ),
    },
    recheck=recheck,
)

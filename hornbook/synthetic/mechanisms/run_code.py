"""Answers about code, decided by running them: what fails goes back to the teacher, a few times (report §2.2, D).

What is said about the code beside it is verified against the code and what it gave when it ran.
"""

from typing import Any

from hornbook.synthetic.kind import Checks, Made, RecordContext, Seed
from hornbook.synthetic.mechanisms.code_tasks import TASKS, Judged, RunCodeSettings, Task
from hornbook.synthetic.mechanisms.mechanism import Mechanism, Prompts, record_of
from hornbook.synthetic.mechanisms.text_checks import require_form
from hornbook.synthetic.prompts import render
from hornbook.synthetic.verification import CHECKS

REPEATED = 6  # words; shorter parts come again where values are told step by step


async def make(seed: Seed, ask: RecordContext, settings: RunCodeSettings) -> list[Made]:
    task = TASKS[settings.task]
    given = await task.prepare(seed, ask, settings)
    text, judged = await answered(task, given, ask, settings)
    checks = Checks()
    for name in ("runs", "finished", *task.checks):
        checks.require(name, name not in judged.problems, judged.problems.get(name, ""))
    if settings.task != "test":
        require_form(checks, judged.prose, settings.tokens, words=REPEATED)
        if settings.verified:
            facts = f"{given['facts']}\n\nThe code of the answer:\n{judged.code}" if judged.code else given["facts"]
            await ask.verify(checks, judged.prose, facts, absent=settings.absent)
    made = record_of(ask, checks, grade=judged.grade, **given, text=text, written=judged.code)
    made.question = judged.question
    return [made]


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


def checks(settings: RunCodeSettings, prompts: Prompts) -> tuple[str, ...]:
    written = () if settings.task == "test" else ("length", "no repetition", *(CHECKS if settings.verified else ()))
    return ("runs", "finished", *TASKS[settings.task].checks, *written)


MECHANISM = Mechanism(
    make=make,
    settings=RunCodeSettings,
    calls=calls,
    checks=checks,
    seeds="functions that run",
    stages={"design": False, "request": False, "tests": False, "question": False, "solve": False, "write": True,
            "repair": False},
)  # fmt: skip

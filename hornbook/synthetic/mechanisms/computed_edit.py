"""An edit of lines with one right result, which a program computes: the teacher words the request (report §4.1, §5).

The wording is faithful if somebody who sees it alone, with the lines, reaches the computed result.
"""

import re
from typing import Any

from hornbook.base.records import Question, make_id
from hornbook.base.settings import setting
from hornbook.synthetic.constraints.edits import Task, draw_task
from hornbook.synthetic.constraints.oracle import SAME_TEXT, same_text
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, Rejected
from hornbook.synthetic.mechanisms.mechanism import Mechanism, Prompts, Stage, Usual, record_of
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.words import grounded

QUOTED = re.compile(r'"([^"]*)"')


class ComputedEditSettings(KindSettings):
    """Edits with one right result."""

    edits: int = setting(3, "edits of a request, one after another, at most", ge=1)
    tries: int = setting(3, "wordings tried, at most", ge=1)
    solutions: int = setting(3, "independent solutions by the wording alone; one must be the computed result", ge=0)
    min_kept: float = setting(0.0, "least share of the plain request's words that the wording keeps", ge=0, le=1)


async def make(seed: Passage, ask: RecordContext, settings: ComputedEditSettings) -> list[Made]:
    task = draw_task(seed, ask.rng, settings.edits)
    if task is None:
        raise Rejected("task", "no edit fits the passage")
    failure = Rejected("wording")
    for number in range(settings.tries):
        try:
            wording = await ask.write("word", attempt=number, task=task)
            return [await solved(wording, task, ask, settings)]
        except Rejected as rejected:  # another wording may be clear
            failure = rejected
    raise failure


async def solved(wording: str, task: Task, ask: RecordContext, settings: ComputedEditSettings) -> Made:
    """The record, if the wording keeps what is quoted and leads to the result. Raises Rejected."""
    checks = Checks()
    checks.require("task", True)
    plain = " ".join(task.requests)
    lost = [quoted for quoted in QUOTED.findall(plain) if quoted.split(":")[0] not in wording]
    kept = grounded(plain, wording)
    checks.require("wording", not lost and kept >= settings.min_kept, f"without {', '.join(lost) or 'its words'}")
    shown: dict[str, Any] = {"wording": wording, "task": task}
    if settings.solutions:
        solutions = await ask.samples("solve", settings.solutions, preamble=False, **shown)
        share = sum(same_text({"answer": task.result}, reply) for reply in solutions) / len(solutions)
        ask.facts["solved"] = share
        checks.require("same result", share > 0, f"none of {len(solutions)} solutions by the wording alone")
    made = record_of(ask, checks, **shown)
    asked = made.messages[-2].content
    made.question = Question(
        id=make_id("question", ask.kind.name, asked),
        task=f"{ask.kind.name}/{'+'.join(task.edits)}",
        prompt=asked,
        answer=task.result,
        oracle=SAME_TEXT,
        solution=task.result,
    )
    return made


def calls(settings: ComputedEditSettings, prompts: Prompts) -> dict[str, int]:
    return {"word": 2 * settings.tries, "solve": 2 * settings.solutions * settings.tries}


def usual(settings: ComputedEditSettings, kind: Kind) -> dict[str, Usual]:
    tried = min(1.2, settings.tries)
    return {"word": Usual(tried), "solve": Usual(tried * settings.solutions)}


def checks(settings: ComputedEditSettings, prompts: Prompts) -> tuple[str, ...]:
    return ("task", "finished", "wording", "same result")


MECHANISM = Mechanism(
    make=make,
    settings=ComputedEditSettings,
    calls=calls,
    usual=usual,
    checks=checks,
    seeds="passages",
    stages={"word": Stage("task", needed=True), "solve": Stage("wording task", needed=True)},
    record={"user": "wording task", "assistant": "wording task"},
)

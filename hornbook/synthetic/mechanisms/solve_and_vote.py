"""Solve and vote: several independent solutions of a question; kept are those that reach its answer by true steps.

The answer is known (a reference, a computation), or it is what most solutions agree on (report §2.2, seeds, 2). Then
the arithmetic of a solution is computed again, and a reviewer reads its steps.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import msgspec

from hornbook.base.records import Question, make_id
from hornbook.base.settings import setting
from hornbook.synthetic.arithmetic import false_equation, numbers, plain
from hornbook.synthetic.kind import Checks, KindSettings, Made, RecordContext, Rejected
from hornbook.synthetic.kinds.mathematics._questions import QUESTIONS, VOTES, Posed
from hornbook.synthetic.mechanisms.comparing import final_answer, grouped, oracle_of, right_answers
from hornbook.synthetic.mechanisms.mechanism import Mechanism, Option, Prompts, Stage, both, record_of
from hornbook.synthetic.mechanisms.text_checks import require_form


class SolvingSettings(KindSettings):
    """Questions solved several times over."""

    temperature: float = setting(0.8, "sampling temperature of questions and solutions", ge=0)
    max_tokens: int = setting(3000, "longest answer, in tokens", ge=1)
    tokens: tuple[int, int] = setting((60, 6000), "least and most tokens of a solution")
    solutions: int = setting(4, "independent solutions of a question", ge=1)
    keep: int = setting(1, "most solutions kept of a question", ge=1)
    tries: int = setting(2, "questions that are made from a seed until one passes", ge=1)
    min_agree: float = setting(0.5, "least share of the solutions that must reach the answer", ge=0, le=1)
    all_may_agree: bool = setting(True, "keep questions on which all solutions agree; false: they are too easy")
    asked: float = setting(0.5, "share of given questions among the seeds, if these are passages too", ge=0, le=1)
    figures: int = setting(0, "most significant digits of an answer that is an estimate; 0: it is exact", ge=0)
    reviewed: bool = setting(True, "let a reviewer read the steps of a solution")


class Review(msgspec.Struct):
    """What a reviewer says of a solution: the first step that is wrong ("" if none), and why."""

    why: str
    wrong_step: str
    sound: bool


async def make(seed: Any, ask: RecordContext, settings: SolvingSettings) -> list[Made]:
    """The grade is the share of solutions that were right: how easy the question is for this teacher."""
    pose = QUESTIONS[ask.kind.options["question"]]
    for number in range(settings.tries - 1):
        try:
            return await solved(await pose(seed, ask, number), ask, settings)
        except Rejected as rejected:
            if rejected.check == "finished" or not {"question", "plant"} & set(ask.kind.prompts):
                raise
    return await solved(await pose(seed, ask, settings.tries - 1), ask, settings)


async def solved(posed: Posed, ask: RecordContext, settings: SolvingSettings) -> list[Made]:
    told = {"problem": posed.text} | posed.told
    texts = await ask.samples("solve", settings.solutions, preamble=False, **told)
    reached, tied = await _reached(posed, texts, ask)
    share = len(reached) / len(texts)
    ask.facts["right"] = share
    checks = Checks()
    checks.require("finished", True)
    checks.require("step" if "plant" in ask.kind.prompts else "question", True)
    enough = reached and not tied and share >= settings.min_agree and (posed.reference or len(reached) > 1)
    checks.require("plurality", bool(enough), f"{len(reached)} of {len(texts)} reach one answer")
    checks.require("plurality", settings.all_may_agree or share < 1, "all agree: too easy")
    kept = await _sound(reached, posed, told, ask, settings)
    made = []
    for text, passed in kept:
        record = record_of(ask, passed, grade=share, solution=text, **told)
        record.checks = [*checks.passed, *passed.passed]
        record.question = _new_question(posed, text, ask)
        made.append(record)
    return made


async def _reached(posed: Posed, texts: Sequence[str], ask: RecordContext) -> tuple[list[str], bool]:
    """(the solutions that reach the reference, or the most frequent answer; whether another is as frequent)."""
    if posed.reference:
        verdicts = await right_answers(posed.reference, texts, ask)
        return [text for text, right in zip(texts, verdicts, strict=True) if right], False
    groups = await grouped(posed.text, texts, ask)
    tied = len(groups) > 1 and len(groups[0]) == len(groups[1])
    return [texts[place] for place in groups[0]] if groups else [], tied


async def _sound(
    texts: Sequence[str], posed: Posed, told: dict[str, Any], ask: RecordContext, settings: SolvingSettings
) -> list[tuple[str, Checks]]:
    """The different ones that pass, `keep` of them, with their checks. Raises the first Rejected when none does."""
    kept: list[tuple[str, Checks]] = []
    failure = Rejected("plurality", "no solution reaches the answer")
    for number, text in enumerate(dict.fromkeys(texts)):
        try:
            checks = check_solution(text, settings.tokens, posed.quoted)
            if settings.figures:
                _require_round(checks, text, settings.figures)
            if settings.reviewed and "review" in ask.kind.prompts:
                review = await ask.fill("review", Review, attempt=number, solution=text, **told)
                checks.require("form", True)
                checks.require("review", review.sound, review.wrong_step or review.why)
        except Rejected as rejected:
            failure = rejected
            continue
        kept.append((text, checks))
        if len(kept) == settings.keep:
            break
    if not kept:
        raise failure
    return kept


def check_solution(text: str, tokens: tuple[int, int], quoted: str = "") -> Checks:
    """Size, no loop, and the arithmetic of all steps. Raises Rejected."""
    checks = Checks()
    require_form(checks, text, tokens)
    wrong = false_equation(text, quoted=quoted)
    checks.require("arithmetic", not wrong, wrong)
    return checks


def _require_round(checks: Checks, text: str, figures: int) -> None:
    """An estimate is a round number; what the exact computation gives is none. Raises Rejected."""
    given = [*numbers(plain(final_answer(text))), Fraction(0)][0]
    said = len(f"{abs(float(given)):.12g}".replace(".", "").strip("0"))
    checks.require("rounded", 0 < said <= figures, f"{float(given):g} is not round")


def _new_question(posed: Posed, solution: str, ask: RecordContext) -> Question | None:
    """The question with its answer, for other stages; None for a seed, which is there already."""
    if posed.reference:
        new = posed.reference.prompt == posed.text and posed.reference.task == ask.kind.name
        return msgspec.structs.replace(posed.reference, solution=solution) if new else None
    answer = final_answer(solution)
    name = make_id("question", posed.text, answer)
    return Question(
        id=name, task=ask.kind.name, prompt=posed.text, answer=answer, oracle=oracle_of(answer), solution=solution
    )


def calls(settings: SolvingSettings, prompts: Prompts) -> dict[str, int]:
    tries = settings.tries if "question" in prompts or "plant" in prompts else 1
    reviews = 2 * settings.solutions if settings.reviewed else 0
    return {
        "question": 2 * tries,
        "plant": 2 * tries,
        "find": 2 * VOTES * tries,
        "solve": 2 * settings.solutions * tries,
        "compare": 4 * tries,
        "review": reviews * tries,
    }


def checks(settings: SolvingSettings, prompts: Prompts) -> tuple[str, ...]:
    return (
        "finished",
        "step" if "plant" in prompts else "question",
        "plurality",
        "length",
        "no repetition",
        "arithmetic",
        *(["rounded"] if settings.figures else []),
        *(["form"] if {"review", "compare", "plant"} & set(prompts) else []),
        *(["review"] if settings.reviewed and "review" in prompts else []),
    )


def told(names: str) -> dict[str, Stage]:
    """What is seen more of a question that a program has drawn, or that has a mistake."""
    return dict.fromkeys(("solve", "review", "record"), Stage(names))


MECHANISM = Mechanism(
    make=make,
    settings=SolvingSettings,
    calls=calls,
    checks=checks,
    seeds="checkable",
    stages={
        **dict.fromkeys(("question", "plant", "find")),
        "solve": Stage("problem", needed=True),
        "compare": Stage("problem answers"),
        "review": Stage("problem solution"),
    },
    record=both("problem solution"),
    options={
        "question": Option("where a question comes from", needed=True),
        "changed": Option("numbers to change, at most", int, of="other_numbers"),
        "operations": Option("least and most operations", tuple[int, int], True, "computation"),
        "numbers": Option("least and largest number", tuple[int, int], True, "computation"),
        "largest": Option("the largest result", float, True, "computation"),
        "tolerance": Option("how far an estimate may be off", float, of="computation"),
    },
    chosen_by="options.question",
    cases={
        "given": {},
        "written": {"question": Stage(needed=True)},
        "given_or_about": {"question": Stage()},
        "other_numbers": {"question": Stage("changed")},
        "hidden_number": {"question": Stage("hidden", needed=True)},
        "computation": {"question": Stage("computation given", needed=True), **told("computation")},
        "planted_error": {
            "plant": Stage(needed=True),
            "find": Stage("problem tried", needed=True),
            **told("tried wrong_step mistake"),
        },
    },
)

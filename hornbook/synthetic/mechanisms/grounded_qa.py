"""Questions from a passage or from the steps of its reasoning, each with a solution that was found independently.

A judge finds the question sound. Answers with the passage must reach the reference (none agree: inconsistent), answers
without it must not all reach it (too easy) (report §2.2, seeds, 2 and 3; validation).
"""

from collections.abc import Sequence
from string import ascii_uppercase
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from hornbook.base.records import Question, Sample, make_id
from hornbook.base.settings import setting
from hornbook.base.thinking import without_thinking
from hornbook.oracles.choice import picked
from hornbook.oracles.extract_answer import extract_answer, first_line
from hornbook.oracles.number import is_plain
from hornbook.oracles.text import canonical_text
from hornbook.synthetic.kind import VERIFY, Checks, Kind, Made, NotAudited, RecordContext, Rejected
from hornbook.synthetic.mechanisms.comparing import oracle_of, right_answers
from hornbook.synthetic.mechanisms.judging import require_judged
from hornbook.synthetic.mechanisms.mechanism import (
    Mechanism,
    Option,
    Prompts,
    Stage,
    Usual,
    both,
    record_of,
    requirements,
)
from hornbook.synthetic.mechanisms.text_checks import TextSettings, check_text, text_check_names
from hornbook.synthetic.passages import Passage

SHORT = 12  # words of a reference that an oracle can compare
Filled = Annotated[str, Meta(min_length=1)]


class GroundedQaSettings(TextSettings):
    """Questions about passages, with answers that agree."""

    steps: int = setting(2, "steps of a chain of reasoning that become questions, at most", ge=1)
    tries: int = setting(2, "questions tried for a passage, or for each step of its chain, at most", ge=1)
    answers: int = setting(3, "independent answers with the passage; the first right one is the record's", ge=1)
    min_agree: float = setting(0.6, "least share of them that must reach the reference", gt=0, le=1)
    unaided: int = setting(3, "independent answers without the passage; a question is too easy if all are right", ge=0)


class Step(msgspec.Struct):
    """A step of a passage's reasoning, as the teacher finds it."""

    assumption: Filled
    conclusion: Filled
    why: Filled


class Chain(msgspec.Struct):
    """The steps of a passage's reasoning, the most telling first; none where it does not reason."""

    steps: list[Step]


class Asked(msgspec.Struct):
    """A question, with the answer in as few words as it takes."""

    question: Annotated[str, Meta(min_length=8)]
    answer: Filled


class AskedChoice(Asked):
    """A question with wrong answers to choose from."""

    wrong: Annotated[list[Filled], Meta(min_length=2, max_length=7)]


async def make(seed: Passage, ask: RecordContext, settings: GroundedQaSettings) -> list[Made]:
    steps: Sequence[Step | None] = [None]
    if "chain" in ask.kind.prompts:
        steps = (await ask.fill("chain", Chain)).steps[: settings.steps]
        if not steps:
            raise Rejected("chain", "the passage has no step of reasoning")
    made, failure = [], Rejected("question")
    for step in steps:
        for number in range(settings.tries):
            try:
                made.append(await from_question(seed, step, number, ask, settings))
                break
            except Rejected as rejected:  # another question may do
                failure = rejected
    if not made:
        raise failure
    return made


async def from_question(
    seed: Passage, step: Step | None, number: int, ask: RecordContext, settings: GroundedQaSettings
) -> Made:
    """The record of one question. Raises Rejected."""
    choices = bool(ask.kind.options.get("choices"))
    asked = await ask.fill("question", AskedChoice if choices else Asked, attempt=number, step=step)
    options = distinct(asked) if isinstance(asked, AskedChoice) else []
    checks = Checks()
    await require_judged(checks, "sound", "judge", ask, asked=asked, question=listed(asked.question, options))
    alone = settings.unaided if "unaided" in ask.kind.prompts else 0
    shown = [shuffled(options, ask) for _ in range(settings.answers + alone)]
    aided = await answers(ask, "answer", asked, shown[: settings.answers], step=step)
    unaided = await answers(ask, "unaided", asked, shown[settings.answers :]) if alone else []
    right = await which_right([*aided, *unaided], asked, shown, ask)
    share = sum(right[: settings.answers]) / settings.answers
    easy = sum(right[settings.answers :]) / len(unaided) if unaided else 0.0
    ask.facts |= {"right_with_passage": share, "right_without_passage": easy}
    if share < settings.min_agree:
        raise Rejected("consistent", f"{share:.2f} of the answers with the passage reach {asked.answer[:60]!r}")
    if unaided and easy == 1:
        raise Rejected("not too easy", "all answers without the passage are right")
    first = right.index(True)
    solution, order = aided[first], shown[first]
    written = await check_text(f"{asked.question}\n\n{solution}", seed, ask, settings)
    checks.passed += [*written.passed, "question", "consistent", "not too easy", *(["chain"] if step else [])]
    question = listed(asked.question, order)
    values = {"question": question, "answer": asked.answer, "solution": solution, "step": step}
    made = record_of(ask, checks, grade=1 - easy, **values)
    made.question = checkable(made, asked.answer, order, ask.kind.name, easy)
    return made


async def recheck(sample: Sample, seed: Passage, ask: RecordContext, settings: GroundedQaSettings) -> None:
    """New answers with the passage must reach the record's, and its text must be true to the passage."""
    if not sample.messages or "chain" in ask.kind.prompts:
        raise NotAudited("the question, or the step of reasoning that it came from, is not kept")
    question, solution = sample.messages[-2].content, without_thinking(sample.written()) or ""
    asked = Asked(question, first_line(extract_answer(solution)))
    shown: list[list[str]] = [[] for _ in range(settings.answers)]
    anew = await ask.samples("answer", settings.answers, first=ask.fresh, preamble=False, question=question, step=None)
    share = sum(await which_right(anew, asked, shown, ask)) / settings.answers
    Checks().require("consistent", share >= settings.min_agree, f"{share:.2f} of new answers agree")
    await check_text(f"{question}\n\n{solution}", seed, ask, settings)


async def answers(
    ask: RecordContext, stage: str, asked: Asked, shown: Sequence[Sequence[str]], **known: Any
) -> list[str]:
    """Independent answers; where there are options, each sees them in an order of its own."""
    if not any(shown):
        return await ask.samples(stage, len(shown), preamble=False, question=asked.question, **known)
    return [
        await ask.write(stage, attempt=number, preamble=False, question=listed(asked.question, order), **known)
        for number, order in enumerate(shown)
    ]


async def which_right(
    replies: Sequence[str], asked: Asked, shown: Sequence[Sequence[str]], ask: RecordContext
) -> list[bool]:
    """Whether each reply reaches the reference; a judge who compares does not know which replies had the passage."""
    if any(shown):
        return [chosen(reply, order) == asked.answer for reply, order in zip(replies, shown, strict=True)]
    oracle = oracle_of(asked.answer)
    question = Question(id="asked", task="asked", prompt=asked.question, answer=asked.answer, oracle=oracle)
    return await right_answers(question, replies, ask)


def chosen(reply: str, order: Sequence[str]) -> str:
    """The option that a reply chooses; "" if none."""
    choice = picked(reply, list(order))
    return "" if choice is None else order[choice]


def distinct(asked: AskedChoice) -> list[str]:
    """The options, the right one first. Raises Rejected ("question") where two are the same."""
    options = [asked.answer, *asked.wrong]
    forms = {canonical_text(option) for option in options}
    Checks().require("question", len(forms) == len(options), f"options that are the same: {options}")
    return options


def shuffled(options: Sequence[str], ask: RecordContext) -> list[str]:
    return [options[number] for number in ask.rng.permutation(len(options)).tolist()]


def listed(question: str, options: Sequence[str]) -> str:
    """The question with its options, if it has any."""
    lines = [f"{letter}. {option}" for letter, option in zip(ascii_uppercase, options, strict=False)]
    return "\n".join([question, *([""] if lines else []), *lines])


def checkable(made: Made, answer: str, options: list[str], name: str, easy: float) -> Question | None:
    """The question for oracles; None where the answer is too long to be compared, or the record is no conversation."""
    if not made.messages or (not options and len(answer.split()) > SHORT):
        return None
    asked, solution = made.messages[-2].content, made.messages[-1].content
    oracle = "choice" if options else "number" if is_plain(answer) else "exact"
    return Question(
        id=make_id("question", asked, answer),
        task=name,
        prompt=asked,
        answer=ascii_uppercase[options.index(answer)] if options else answer,
        oracle=oracle,
        choices=options,
        entry=msgspec.json.encode({"right_without_passage": round(easy, 4)}).decode(),
        solution=solution,
    )


def calls(settings: GroundedQaSettings, prompts: Prompts) -> dict[str, int]:
    questions = settings.tries * (settings.steps if "chain" in prompts else 1)
    return {
        "chain": 2,
        "question": 2 * questions,
        "answer": 2 * settings.answers * questions,
        "unaided": 2 * settings.unaided * questions,
        "judge": 2 * questions,
        "compare": 2 * questions,
    }


def usual(settings: GroundedQaSettings, kind: Kind) -> dict[str, Usual]:
    kept = settings.steps if "chain" in kind.prompts else 1
    tried = min(1.2, settings.tries) * kept
    return {
        "question": Usual(tried, answer=120),
        "answer": Usual(tried * settings.answers),
        "unaided": Usual(tried * settings.unaided),
        "judge": Usual(tried, shown=30 * (settings.answers + settings.unaided), answer=200),
        VERIFY: Usual(kept),
    }


def checks(settings: GroundedQaSettings, prompts: Prompts) -> tuple[str, ...]:
    chain = ("chain",) if "chain" in prompts else ()
    return ("form", *chain, "question", "sound", "consistent", "not too easy", *text_check_names(settings))


MECHANISM = Mechanism(
    make=make,
    settings=GroundedQaSettings,
    calls=calls,
    usual=usual,
    checks=checks,
    seeds="passages",
    stages={
        "chain": Stage(),
        "question": Stage("step", needed=True),
        "answer": Stage("question step", needed=True),
        "unaided": Stage("question"),
        "judge": Stage("asked question must", needed=True),
        "compare": None,
    },
    record=both("question answer solution step"),
    options={
        "choices": Option("whether there are options to choose from", bool),
        **requirements("judge", "asked question"),
    },
    chosen_by="options.choices",
    cases={"": {"compare": Stage("problem answers")}, "True": {}},
    recheck=recheck,
)

"""Reading comprehension with self-revision (report §2.2, D.1.2): requirements, plan, draft, critique, revise.

The critique scores every criterion of a rubric; the writer revises until the scores are good enough, at most so many
times, and the best version is kept.
"""

from functools import cache
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from pydantic import Field

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, example
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import (
    SHOWN,
    ask_about,
    describe,
    finished,
    first_accepted,
    require_fluent,
    unlabelled,
)
from hornbook.synthetic.seed_sampling import from_passages
from hornbook.synthetic.words import grounded

Line = Annotated[str, Meta(min_length=5, max_length=160)]
Score = Annotated[int, Meta(ge=1, le=5)]
PREPARE = "Before you answer, write as JSON what a good answer must do, and a plan for it."
EXAMPLE_QUESTION = "Where in a binary heap is the smallest element, and why?"
EXAMPLE_DRAFT = "It is at the root."
EXAMPLE_ADVICE = "Say why it must be at the root."
EXAMPLE_REVISED = "It is at the root, because every parent is smaller than or equal to its children."


class Preparation(msgspec.Struct):
    """What the answer has to do, and how it will."""

    requirements: Annotated[list[Line], Meta(min_length=1, max_length=3)]
    plan: Annotated[list[Line], Meta(min_length=1, max_length=3)]

    def __str__(self) -> str:
        return f"Requirements: {'; '.join(self.requirements)}.\nPlan: {'; '.join(self.plan)}."


EXAMPLE_PREPARATION = Preparation(
    ["Name the place", "Give the reason"], ["Say that it is the root", "Compare a parent with its children"]
)


class SelfRevisionSettings(KindSettings):
    """Answers that their writer plans, criticises and revises."""

    records: int = setting(16, "passages to ask about", ge=0)
    temperature: float = setting(0.5, "sampling temperature of drafts and revisions", ge=0)
    max_tokens: int = setting(80, "longest answer, in tokens", ge=1)
    criteria: list[str] = Field(
        ["reasoning", "accuracy"], description="the rubric: each criterion is scored from 1 to 5", min_length=1
    )
    rounds: int = setting(2, "revisions, at most; every version is criticised", ge=0)
    good_enough: float = setting(4.5, "mean score of the rubric (1 to 5) from which nothing is revised", ge=1, le=5)
    min_score: float = setting(2.0, "least score of each criterion that the best answer must reach", ge=1, le=5)
    max_repeated: float = setting(0.75, "largest share of the answer's words taken from the question", ge=0, le=1)
    min_grounded: float = setting(0.6, "least share of the answer's words that passage or question hold", ge=0, le=1)


class Attempt(msgspec.Struct):
    """A version of the answer, with its score by criterion and the advice for the next."""

    answer: str
    grounded: float
    scores: dict[str, int] = {}
    advice: str = ""

    def mean(self) -> float:
        return sum(self.scores.values()) / len(self.scores)

    def rank(self) -> tuple[float, float]:
        """The rubric and what the passage bears out together; the shorter of equals."""
        return round(self.mean() * self.grounded, 6), -len(self.answer)


async def make(passage: Passage, ask: RecordContext, settings: SelfRevisionSettings) -> list[Made]:
    await describe(passage, ask)
    question = await ask_about(passage, ask)
    shown = msgspec.json.encode(EXAMPLE_PREPARATION).decode()
    prompt = turn(question, passage, PREPARE, shown)
    preparation = await ask.json("prepare", prompt, Preparation, max_tokens=120, temperature=0.0)
    drafted = await ask("draft", draft_prompt(question, passage, preparation))
    attempts = [await criticised(finished(drafted), question, passage, ask, settings)]
    while len(attempts) <= settings.rounds and attempts[-1].mean() < settings.good_enough:
        revised = await ask("revise", revise_prompt(question, passage, attempts[-1]), sample=len(attempts))
        attempts.append(await criticised(finished(revised), question, passage, ask, settings))
    ranked = sorted(attempts, key=Attempt.rank, reverse=True)
    ask.facts |= {"revision_was_best": float(ranked[0] is not attempts[0]), "revisions": float(len(attempts) - 1)}

    async def checked(number: int) -> Made:
        return check(question, ranked[number], passage, settings)

    return [await first_accepted(len(ranked), checked)]  # the best one that passes


async def criticised(
    text: str, question: str, passage: Passage, ask: RecordContext, settings: SelfRevisionSettings
) -> Attempt:
    """One version with its scores and advice, by the teacher's own critique."""
    answer = unlabelled(text)
    shape = critique_shape(tuple(settings.criteria))
    shown = msgspec.json.encode(dict.fromkeys(settings.criteria, 2) | {"advice": EXAMPLE_ADVICE}).decode()
    how = (
        f"Score the answer from 1 to 5 for {' and for '.join(settings.criteria)}, and advise in one sentence, as JSON."
    )
    prompt = turn(question, passage, f"Answer: {answer}\n{how}", shown, f"Answer: {EXAMPLE_DRAFT}\n{how}")
    critique: Any = await ask.json("critique", prompt, shape, max_tokens=80, temperature=0.0)
    scores = {criterion: getattr(critique, f"score_{number}") for number, criterion in enumerate(settings.criteria)}
    return Attempt(answer, grounded(answer, f"{passage.text} {question}"), scores, critique.advice)


@cache
def critique_shape(criteria: tuple[str, ...]) -> type[msgspec.Struct]:
    """A score for each criterion, and a line of advice."""
    fields: list[Any] = [(f"score_{number}", Score) for number in range(len(criteria))]
    names = {f"score_{number}": criterion for number, criterion in enumerate(criteria)}
    return msgspec.defstruct("Critique", [*fields, ("advice", Line)], rename=names)


def draft_prompt(question: str, passage: Passage, preparation: Preparation) -> list[Message]:
    how = "Answer from the passage, in one or two sentences."
    return turn(question, passage, f"{preparation}\n{how}", EXAMPLE_REVISED, f"{EXAMPLE_PREPARATION}\n{how}")


def revise_prompt(question: str, passage: Passage, latest: Attempt) -> list[Message]:
    how = "Write a better answer."
    shown = f"Answer: {EXAMPLE_DRAFT}\nAdvice: {EXAMPLE_ADVICE}\n{how}"
    return turn(question, passage, f"Answer: {latest.answer}\nAdvice: {latest.advice}\n{how}", EXAMPLE_REVISED, shown)


def turn(question: str, passage: Passage, task: str, answered: str, shown: str = "") -> list[Message]:
    """A task about the passage and its question, after the same task (or `shown`) solved for the example."""
    return [
        *example(f"{SHOWN}\n\nQuestion: {EXAMPLE_QUESTION}\n{shown or task}", answered),
        Message("user", f"{passage.text}\n\nQuestion: {question}\n{task}"),
    ]


def check(question: str, best: Attempt, passage: Passage, settings: SelfRevisionSettings) -> Made:
    checks = Checks()
    require_fluent(checks, best.answer, (25, 1500), f"{SHOWN} {EXAMPLE_REVISED}", f"{passage.text} {question}")
    checks.require("answers", grounded(best.answer, question) <= settings.max_repeated, "only repeats the question")
    enough = best.grounded >= settings.min_grounded
    checks.require("groundedness", enough, f"{best.grounded:.2f} of its words are in the passage")
    weakest = min(best.scores, key=lambda criterion: best.scores[criterion])
    checks.require("rubric", best.scores[weakest] >= settings.min_score, f"{weakest} scored {best.scores[weakest]}")
    messages = [Message("user", f"{passage.text}\n\n{question}"), Message("assistant", best.answer)]
    return Made(checks.passed, messages=messages, grade=round(best.mean() / 5, 4))


KIND = Kind(
    about="A question about a passage, answered to a plan, criticised against a rubric and revised; the best is kept.",
    source="synthetic",
    report="2.2, D.1.2",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("describe", "question", "prepare", "draft", "critique", "revise"),
    checks=(
        "educational value",
        "question",
        "form",
        "length",
        "no repetition",
        "not the example",
        "no small talk",
        "answers",
        "groundedness",
        "rubric",
    ),
    calls=lambda settings: 7 + 3 * settings.rounds,
    settings=SelfRevisionSettings,
)

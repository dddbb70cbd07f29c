"""Questions on which independent answers agree in part, and worked answers that reach the plurality's (report §2.2)."""

import re
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from hornbook.base.records import Message, Question, make_id
from hornbook.base.settings import setting
from hornbook.oracles.extract_answer import extract_answer
from hornbook.oracles.number import parse_number
from hornbook.oracles.score import is_right
from hornbook.synthetic.agreement import Vote, comparable_form, same_meaning, vote
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, Material, RecordContext, Rejected, Seed, example
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import SHOWN, ask_about, describe, finished, require_fluent
from hornbook.synthetic.seed_sampling import spread_over_documents

YES_OR_NO = "Write one short question about the passage that can be answered with yes or no."
ASKED_YES_OR_NO = "Question: Is the smallest element of a binary heap at the root?"
SHORT = "Give only the final answer, in a few words."
LONG = "Think step by step, then give the final answer as `Answer: ...`."


class Example(NamedTuple):
    """A solved question in the prompts: one to compute for questions given, the others for passages."""

    question: str
    short: str
    worked: str


COMPUTED = Example(
    "A box holds 3 red and 4 blue balls. How many balls are in 2 such boxes?",
    "Answer: 14",
    "One box holds 3 + 4 = 7 balls.\nTwo boxes hold 2 * 7 = 14 balls.\nAnswer: 14",
)
READ = Example(
    f"{SHOWN}\n\nWhere is the smallest element?",
    "Answer: at the root",
    "Every parent is smaller than or equal to its children.\nSo none is smaller than the root.\nAnswer: at the root",
)
DECIDED = Example(
    f"{SHOWN}\n\nIs the smallest element of a binary heap at the root?",
    "Answer: yes",
    "Every parent is smaller than or equal to its children.\nSo none is smaller than the root.\nAnswer: yes",
)


class PluralitySettings(KindSettings):
    """Questions filtered by plurality, and their worked answers."""

    temperature: float = setting(0.8, "sampling temperature of the answers", ge=0)
    max_tokens: int = setting(96, "longest worked answer, in tokens", ge=1)
    answers: int = setting(5, "independent answers that vote on a question", ge=2)
    worked: int = setting(2, "worked answers tried; those that reach the plurality's answer are kept", ge=1)
    ask_for: Literal["yes or no", "a few words"] = setting(
        "yes or no", "answers that the questions about passages ask for; small teachers agree only on yes and no"
    )
    asked: float = setting(0.5, "share of the seeds that come from the questions given, if any are", ge=0, le=1)


def seeds(material: Material, count: int, rng: np.random.Generator, settings: PluralitySettings) -> list[Seed]:
    """Questions that were given and passages to ask about, in the settings' proportion where both suffice."""
    given = round(count * settings.asked) if material.passages else count
    order = rng.permutation(len(material.questions)).tolist()
    questions: list[Seed] = [material.questions[number] for number in order[:given]]
    return [*questions, *spread_over_documents(material.passages, count - len(questions), rng)]


async def make(seed: Passage | Question, ask: RecordContext, settings: PluralitySettings) -> list[Made]:
    if isinstance(seed, Passage):
        await describe(seed, ask)
        short = settings.ask_for == "a few words"
        question = await (ask_about(seed, ask) if short else ask_about(seed, ask, YES_OR_NO, ASKED_YES_OR_NO))
        prompt, shown = f"{seed.text}\n\n{question}", READ if short else DECIDED
    else:
        prompt, shown = seed.prompt, COMPUTED
    brief = answer_prompt(prompt, SHORT, shown.question, shown.short)
    answers = await ask.many("answer", brief, settings.answers, max_tokens=24, stop=["\n"])
    found = check_plurality(vote([answer.text for answer in answers]))
    if isinstance(seed, Question):  # only a figure for the report: the reference is the plurality's answer either way
        ask.facts["plurality_was_right"] = float(is_right(seed, f"Answer: {found.answer}"))
    worked = await ask.many("work", answer_prompt(prompt, LONG, shown.question, shown.worked), settings.worked)
    return agreeing([finished(answer) for answer in worked], prompt, shown, seed, found)


def answer_prompt(prompt: str, how: str, shown: str, answered: str) -> list[Message]:
    return [*example(f"{shown}\n{how}", answered), Message("user", f"{prompt}\n{how}")]


def check_plurality(found: Vote | None) -> Vote:
    """Neither too easy (all agree) nor too hard or ambiguous (none do, or two answers are equally frequent)."""
    if found is None or found.agreeing < 2:
        raise Rejected("plurality", "no two answers agree")
    if found.agreeing == found.total:
        raise Rejected("plurality", "all answers agree")
    if found.tied:
        raise Rejected("plurality", "two answers are equally frequent")
    return found


def agreeing(worked: list[str], prompt: str, shown: Example, seed: Passage | Question, found: Vote) -> list[Made]:
    """The worked answers that reach the plurality's answer; the last failure, if none does."""
    made, failure = [], Rejected("agreement")
    share = round(found.agreeing / found.total, 4)
    for text in worked:
        checks = Checks()
        try:
            checks.require("plurality", True)
            checks.require("agreement", same_meaning(extract_answer(text), found.answer), "no worked answer agrees")
            checks.require("no contradiction", agrees_with_itself(text), "begins with the other of yes and no")
            require_fluent(
                checks, text, (40, 2000), f"{shown.question} {shown.worked}", f"{prompt}\nAnswer: {found.answer}"
            )
        except Rejected as rejected:
            failure = rejected
            continue
        messages = [Message("user", prompt), Message("assistant", ending_in_answer(text, found.answer))]
        made.append(Made(checks.passed, messages=messages, grade=share))
    if not made:
        raise failure
    made[0].question = new_question(prompt, seed, found, made[0].messages[1].content)
    return made


def agrees_with_itself(text: str) -> bool:
    """False for "Yes, because ... Answer: no"."""
    first, last = (re.match(r"(yes|no)\b", part.strip(), re.IGNORECASE) for part in (text, extract_answer(text)))
    return not first or not last or first[0].lower() == last[0].lower()


def ending_in_answer(text: str, answer: str) -> str:
    """The worked answer, its last line in the form that oracles read."""
    return text if "Answer:" in text.splitlines()[-1] else f"{text}\nAnswer: {answer}"


def new_question(prompt: str, seed: Passage | Question, found: Vote, solution: str) -> Question | None:
    """A question with the plurality's answer as reference; none for a question that was given: it has its own."""
    if isinstance(seed, Question):
        return None
    numeric = parse_number(found.answer) is not None and not isinstance(comparable_form(found.answer), frozenset)
    return Question(
        id=make_id("question", prompt, found.answer),
        task="plurality",
        prompt=prompt,
        answer=found.answer,
        oracle="number" if numeric else "exact",
        entry=msgspec.json.encode({"agreeing": found.agreeing, "answers": found.total}).decode(),
        solution=solution,
    )


KIND = Kind(
    about="Questions on which some answers agree but not all, with worked answers that reach the most frequent one.",
    source="synthetic",
    report="2.2",
    seeded_by="questions, and passages to ask about",
    seeds=seeds,
    make=make,
    stages=("describe", "question", "answer", "work"),
    checks=(
        "educational value",
        "question",
        "plurality",
        "agreement",
        "no contradiction",
        "length",
        "no repetition",
        "not the example",
        "no small talk",
    ),
    calls=lambda settings: 2 + settings.answers + settings.worked,
    settings=PluralitySettings,
)

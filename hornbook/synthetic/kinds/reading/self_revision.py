"""Reading comprehension with self-revision: draft, critique by a rubric, revise, keep the best (§2.2, D.1.2)."""

import re

import msgspec

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.choose import from_passages
from hornbook.synthetic.kind import Ask, Checks, Kind, KindSettings, Made, example
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.stages import SHOWN, ask_about, describe, finished, require_fluent, unlabelled
from hornbook.synthetic.words import grounded

RUBRIC = ("reasoning", "accuracy")  # the criteria of the report: each gets a score from 1 to 5
EXAMPLE_QUESTION = "Where in a binary heap is the smallest element, and why?"
EXAMPLE_DRAFT = "It is at the root."
EXAMPLE_CRITIQUE = "Reasoning: 2\nAccuracy: 5\nAdvice: Say why it must be at the root."
EXAMPLE_REVISED = "It is at the root, because every parent is smaller than or equal to its children."
SCORE = {criterion: re.compile(rf"{criterion}\W*([1-5])\b", re.IGNORECASE) for criterion in RUBRIC}
ADVICE = re.compile(r"advice\W*:\s*(.+)", re.IGNORECASE)


class SelfRevisionSettings(KindSettings):
    """Answers that their writer criticises and revises."""

    records: int = setting(16, "passages to ask about", ge=0)
    temperature: float = setting(0.5, "sampling temperature of drafts and revisions", ge=0)
    max_tokens: int = setting(80, "longest answer, in tokens", ge=1)
    rounds: int = setting(1, "revisions, at most; every version is criticised", ge=0)
    good_enough: float = setting(5.0, "mean score of the rubric (1 to 5) from which nothing is revised", ge=1, le=5)
    min_score: float = setting(2.0, "least mean score of the rubric that the best answer must reach", ge=1, le=5)
    max_repeated: float = setting(0.75, "largest share of the answer's words taken from the question", ge=0, le=1)
    min_grounded: float = setting(0.6, "least share of the answer's words that passage or question hold", ge=0, le=1)


class Attempt(msgspec.Struct):
    """An answer with its scores (1 to 5 by criterion; none where the critique could not be read)."""

    answer: str
    scores: dict[str, int] = {}
    advice: str = ""
    grounded: float = 0.0

    def mean(self) -> float:
        return sum(self.scores.values()) / len(self.scores) if self.scores else 3.0

    def rank(self) -> tuple[float, float]:
        """The rubric first; what the passage bears out decides between equals."""
        return round(self.mean() * self.grounded, 6), -len(self.answer)


async def make(passage: Passage, ask: Ask, settings: SelfRevisionSettings) -> list[Made]:
    await describe(passage, ask)
    question = await ask_about(passage, ask)
    drafted = await ask("draft", answer_prompt(passage, question))
    attempts = [attempt(unlabelled(finished(drafted)), passage, question)]
    for number in range(settings.rounds + 1):
        latest = attempts[-1]
        critique = await ask("critique", critique_prompt(passage, question, latest), max_tokens=48, temperature=0.0)
        read_critique(critique.text, latest)
        if number == settings.rounds or latest.mean() >= settings.good_enough:
            break
        revised = await ask("revise", revise_prompt(passage, question, latest), sample=number)
        attempts.append(attempt(unlabelled(finished(revised)), passage, question))
    best = max(attempts, key=Attempt.rank)
    ask.facts["revision_was_best"] = float(best is not attempts[0])
    return [check(passage, question, best, settings)]


def attempt(answer: str, passage: Passage, question: str) -> Attempt:
    return Attempt(answer, grounded=grounded(answer, f"{passage.text} {question}"))


def read_critique(text: str, latest: Attempt) -> None:
    """Scores and advice, whatever stands around them."""
    latest.scores = {criterion: int(found[1]) for criterion, form in SCORE.items() if (found := form.search(text))}
    advice = ADVICE.search(text)
    latest.advice = advice[1].strip() if advice else "Be more precise, and say why."


def answer_prompt(passage: Passage, question: str) -> list[Message]:
    return [
        *example(reading(SHOWN, EXAMPLE_QUESTION), EXAMPLE_REVISED),
        Message("user", reading(passage.text, question)),
    ]


def reading(text: str, question: str) -> str:
    return f"{text}\n\nAnswer from the passage, in one or two sentences: {question}"


def critique_prompt(passage: Passage, question: str, latest: Attempt) -> list[Message]:
    return [
        *example(criticise(SHOWN, EXAMPLE_QUESTION, EXAMPLE_DRAFT), EXAMPLE_CRITIQUE),
        Message("user", criticise(passage.text, question, latest.answer)),
    ]


def criticise(text: str, question: str, answer: str) -> str:
    return (
        f"{text}\n\nQuestion: {question}\nAnswer: {answer}\n\nScore the answer from 1 to 5 for reasoning and for "
        "accuracy, then give advice in one sentence."
    )


def revise_prompt(passage: Passage, question: str, latest: Attempt) -> list[Message]:
    return [
        *example(revise(SHOWN, EXAMPLE_QUESTION, EXAMPLE_DRAFT, "Say why it must be at the root."), EXAMPLE_REVISED),
        Message("user", revise(passage.text, question, latest.answer, latest.advice)),
    ]


def revise(text: str, question: str, answer: str, advice: str) -> str:
    return f"{text}\n\nQuestion: {question}\nAnswer: {answer}\nAdvice: {advice}\n\nWrite a better answer."


def check(passage: Passage, question: str, best: Attempt, settings: SelfRevisionSettings) -> Made:
    checks = Checks()
    require_fluent(checks, best.answer, (25, 1500), f"{SHOWN} {EXAMPLE_REVISED}", f"{passage.text} {question}")
    checks.require("answers", grounded(best.answer, question) <= settings.max_repeated, "only repeats the question")
    enough = best.grounded >= settings.min_grounded
    checks.require("groundedness", enough, f"{best.grounded:.2f} of its words are in the passage")
    checks.require("rubric", best.mean() >= settings.min_score, f"scored {best.mean():.1f}")
    messages = [Message("user", f"{passage.text}\n\n{question}"), Message("assistant", best.answer)]
    return Made(checks.passed, messages=messages, grade=round(best.mean() / 5, 4))


KIND = Kind(
    about="A question about a passage, answered, criticised against a rubric and revised; the best answer is kept.",
    source="synthetic",
    report="2.2, D.1.2",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("describe", "question", "draft", "critique", "revise"),
    checks=(
        "educational value",
        "question",
        "length",
        "no repetition",
        "not the example",
        "no small talk",
        "answers",
        "groundedness",
        "rubric",
    ),
    calls=lambda settings: 4 + 2 * settings.rounds,
    settings=SelfRevisionSettings,
)

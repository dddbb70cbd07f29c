"""Refusing to invent: an answer over a refusal where it can be known, a refusal over an invention where not (§4.4).

One question gives up to three pairs. With the passage, the answer is preferred. With the passage less the sentences
that answer it, the refusal is. Without any passage it is the one or the other, as the teacher knows the answer or not.
"""

import re
from collections.abc import Callable

import msgspec

from hornbook.base.records import Message
from hornbook.base.sentences import sentences
from hornbook.base.settings import setting
from hornbook.oracles.trivia import refuses
from hornbook.synthetic.agreement import comparable_form
from hornbook.synthetic.groundedness import is_supported, states_reference
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, Rejected, example
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import (
    SHOWN,
    ask_about,
    brief_answers,
    finished,
    first_accepted,
    require_fluent,
    unlabelled,
)
from hornbook.synthetic.seed_sampling import from_passages
from hornbook.synthetic.words import grounded, leaked, stems

SHOWN_QUESTION = "Where in a binary heap is the smallest element?"
SHOWN_PART = "A binary heap is a complete binary tree in which every parent is smaller than or equal to its children."
SHOWN_ANSWER = "The smallest element of a binary heap is at the root."
SHOWN_REFUSAL = "The text does not say where the smallest element of a binary heap is, so I cannot tell."
SHOWN_OPEN_REFUSAL = "I do not know where in a binary heap the smallest element is, and I would rather not guess."
ONE_SENTENCE = "Answer in one sentence."
DECLINE = "The text does not answer this. Say so in one sentence."
DECLINE_OPEN = "You do not know this. Say so in one sentence."
LEAST_TOLD = 5  # words of content of a sentence that a question is asked about
NOT_SAID = re.compile(
    r"\b(?:does not|doesn't|do not|don't) (?:say|mention|state|tell|specify|give|explain|answer|provide)\b"
    r"|\bnot (?:said|mentioned|stated|given|specified|explained|provided)\b",
    re.IGNORECASE,
)


class RefusalPairSettings(KindSettings):
    """Answers and refusals."""

    max_tokens: int = setting(60, "longest reply, in tokens", ge=1)
    tries: int = setting(4, "questions, answers and refusals tried, at most", ge=1)
    inventions: int = setting(3, "replies without the evidence, to find an invention", ge=1)
    recalled: int = setting(6, "answers from memory, to see whether the teacher knows it", ge=1)
    usually_right: float = setting(0.75, "from this share of right ones on, the teacher knows the answer", gt=0, le=1)
    min_grounded: float = setting(0.6, "least share of a reply's words that passage and question hold", ge=0, le=1)


async def make(passage: Passage, ask: RecordContext, settings: RefusalPairSettings) -> list[Made]:
    parts = told_sentences(passage)
    order = ask.rng.permutation(len(parts)).tolist()

    async def question_of(number: int) -> tuple[str, str]:
        part = msgspec.structs.replace(
            passage, text=parts[order[number % len(order)]]
        )  # one sentence: a clear question
        question = await ask_about(part, ask, sample=number)
        (reference,) = await brief_answers(ask, "reference", part.text, question, 1)
        check_reference(question, reference, passage)
        return question, reference

    question, reference = await first_accepted(settings.tries, question_of)
    pair = Pairs(question, reference, passage, ask, settings)
    made: list[Made] = []
    failure = Rejected("reference")
    for make_pair in (pair.answerable, pair.unanswerable, pair.from_memory):
        try:
            made.append(await make_pair())
        except Rejected as rejected:
            failure = rejected
    ask.facts["pairs"] = float(len(made))
    if not made:
        raise failure
    return made


def told_sentences(passage: Passage) -> list[str]:
    """Sentences long enough to be asked about; the whole passage where there is none."""
    return [one for one in sentences(passage.text) if len(stems(one)) >= LEAST_TOLD] or [passage.text]


def check_reference(question: str, reference: str, passage: Passage) -> None:
    """Short, in the passage, and not in the question. Raises Rejected."""
    short = (
        comparable_form(reference) is not None and bool(stems(reference)) and not leaked(reference, SHOWN, passage.text)
    )
    given = is_supported(reference, passage.text, 0.8) and grounded(reference, question) <= 0.5
    Checks().require("reference", short and given, f"not in the passage, or in the question: {reference[:80]}")


class Pairs:
    """The pairs that one question gives. Each method raises Rejected where there is none."""

    def __init__(
        self, question: str, reference: str, passage: Passage, ask: RecordContext, settings: RefusalPairSettings
    ) -> None:
        self.question, self.reference, self.passage = question, reference, passage
        self.ask, self.settings = ask, settings

    async def answerable(self) -> Made:
        """With the whole passage: the answer over a refusal."""
        answer = await self._answer()
        refusal = await self._refusal("refuse", self.passage.text)
        return self._made(f"{self.passage.text}\n\n{self.question}", answer, refusal, ["answer", "refusal"])

    async def unanswerable(self) -> Made:
        """Without the sentences that give the answer: a refusal over an invention."""
        left = " ".join(one for one in sentences(self.passage.text) if not states_reference(one, self.reference))
        enough = len(left) >= 80 and not is_supported(self.reference, left, 0.8)
        Checks().require("evidence removed", enough, "the answer stands everywhere, or nothing is left")
        refusal = await self._refusal("refuse", left)
        prompt = turns(left, self.question, ONE_SENTENCE, SHOWN_ANSWER, SHOWN)
        invented = await self.ask.many("invent", prompt, self.settings.inventions)
        invention = self._invention([unlabelled(finished(answer)) for answer in invented])
        passed = ["evidence removed", "refusal", "invention"]
        return self._made(f"{left}\n\n{self.question}", refusal, invention, passed)

    async def from_memory(self) -> Made:
        """Without a passage: the answer where the teacher is usually right, a refusal where it never is."""
        prompt = turns("", self.question, ONE_SENTENCE, SHOWN_ANSWER, "")
        recalled = await self.ask.many("recall", prompt, self.settings.recalled)
        said = [unlabelled(finished(answer)) for answer in recalled]
        known = sum(states_reference(text, self.reference) and not declines(text) for text in said) / len(said)
        self.ask.facts["known"] = known
        unclear = 0 < known < self.settings.usually_right
        Checks().require("known or not", not unclear, f"{known:.2f} of the answers from memory are right")
        refusal = await self._refusal("decline", "")
        if known:
            return self._made(self.question, await self._answer(), refusal, ["known or not", "answer", "refusal"])
        return self._made(self.question, refusal, self._invention(said), ["known or not", "refusal", "invention"])

    async def _answer(self) -> str:
        """A sentence that gives the reference, borne out by the passage."""
        prompt = turns(self.passage.text, self.question, ONE_SENTENCE, SHOWN_ANSWER, SHOWN)

        def check(text: str) -> None:
            right = states_reference(text, self.reference) and not declines(text) and self._own(text)
            Checks().require("answer", right, text[:80])

        return await self._first("answer", prompt, check)

    async def _refusal(self, stage: str, text: str) -> str:
        """A sentence that declines, says what is not known, and gives nothing away."""
        how, shown = (DECLINE, SHOWN_REFUSAL) if text else (DECLINE_OPEN, SHOWN_OPEN_REFUSAL)
        prompt = turns(text, self.question, how, shown, SHOWN_PART if text else "")

        def check(said: str) -> None:
            kept_back = not grounded(self.reference, said) > 0.5
            named = bool(stems(said) & stems(self.question))
            Checks().require("refusal", declines(said) and kept_back and named and self._own(said, shown), said[:80])

        return await self._first(stage, prompt, check)

    def _invention(self, replies: list[str]) -> str:
        """The first reply that answers with confidence, and not with the reference."""
        for text in replies:
            if not declines(text) and not states_reference(text, self.reference) and self._fluent(text):
                return text
        raise Rejected("invention", f"none among {len(replies)} replies")

    async def _first(self, stage: str, prompt: list[Message], check: Callable[[str], None]) -> str:
        async def attempt(number: int) -> str:
            answer = await self.ask(stage, prompt, sample=number, stop=["\n"])
            text = unlabelled(finished(answer))
            check(text)
            return text

        return await first_accepted(self.settings.tries, attempt)

    def _own(self, text: str, shown: str = "") -> bool:
        held = grounded(text, f"{self.passage.text} {self.question} {shown}")
        return self._fluent(text) and held >= self.settings.min_grounded

    def _fluent(self, text: str) -> bool:
        try:
            require_fluent(Checks(), text, (15, 500), SHOWN_ANSWER, f"{self.passage.text} {self.question}")
        except Rejected:
            return False
        return True

    def _made(self, prompt: str, preferred: str, worse: str, passed: list[str]) -> Made:
        messages = [Message("user", prompt), Message("assistant", preferred)]
        return Made(["question", "reference", *passed], messages=messages, rejected=worse)


def declines(text: str) -> bool:
    """Whether a reply says that it does not know, or that the text does not say."""
    return refuses(text) or NOT_SAID.search(text) is not None


def turns(text: str, question: str, task: str, answered: str, shown: str) -> list[Message]:
    """The question about the text (or about none), after the same for the example."""
    return [
        *example(f"{shown}\n\n{SHOWN_QUESTION}\n{task}".strip(), answered),
        Message("user", f"{text}\n\n{question}\n{task}".strip()),
    ]


KIND = Kind(
    about="Answer over refusal where a question can be answered, refusal over invention where it cannot.",
    source="synthetic",
    report="4.4, A.1",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("question", "reference", "answer", "refuse", "invent", "recall", "decline"),
    checks=(
        "question",
        "reference",
        "answer",
        "evidence removed",
        "known or not",
        "refusal",
        "invention",
    ),
    calls=lambda settings: 7 * settings.tries + settings.inventions + settings.recalled,
    settings=RefusalPairSettings,
)

"""Texts for refusal data from a teacher: answer, refusal, bogus variant and its refusal (appendix A.1)."""

import re
from collections import Counter
from collections.abc import Callable

import msgspec

from hornbook.base import asynchronous
from hornbook.base.records import Message, Question
from hornbook.base.sentences import sentences
from hornbook.base.workspace import Workspace
from hornbook.oracles.score import judged_outcome
from hornbook.oracles.trivia import refuses
from hornbook.preference.refusal_templates import bogus_question
from hornbook.teacher.client import Teacher, open_teacher
from hornbook.teacher.errors import CallFailed
from hornbook.teacher.map_records import map_records
from hornbook.teacher.settings import TeacherSettings

LONGEST = 40  # words of a sentence the teacher is asked for
ANSWER = "Question: {question}\nThe answer is: {answer}\nWrite one short sentence that gives this answer."
REFUSAL = (
    'Someone asks: "{question}"\nYou do not know. Reply with one short sentence that begins with "I" and says '
    "politely that you do not know, without guessing."
)
BOGUS = (
    "Question: {question}\nWrite the same question about something that does not exist: put an invented name in the "
    "place of the real one. Write only the new question."
)


class WrittenTexts(msgspec.Struct):
    """Texts that passed their check, with the ledger keys of their calls; "" for those that did not."""

    answer: str = ""
    answer_calls: list[str] = []
    refusal: str = ""
    refusal_calls: list[str] = []
    bogus: Question | None = None
    bogus_refusal: str = ""
    bogus_refusal_calls: list[str] = []


class RefusalWriter:
    """Requests the texts of a question from the teacher and keeps those that pass their check."""

    def __init__(self, teacher: Teacher, known: set[str], outcomes: Counter[str]) -> None:
        self.teacher, self.known, self.outcomes = teacher, known, outcomes

    async def write(self, question: Question) -> WrittenTexts:
        answer, answer_calls = await self._sentence(
            "answer",
            ANSWER.format(question=question.prompt, answer=question.answer),
            lambda text: judged_outcome(question, text) == "correct",
        )
        refusal, refusal_calls = await self._sentence(
            "refusal", REFUSAL.format(question=question.prompt), lambda text: _declines(question, text)
        )
        prompt, calls = await self._sentence(
            "bogus",
            BOGUS.format(question=question.prompt),
            lambda text: is_bogus_variant(text, question, self.known),
        )
        written = WrittenTexts(answer, answer_calls, refusal, refusal_calls)
        if prompt:
            written.bogus = bogus_question(question, prompt, calls)
            written.bogus_refusal, written.bogus_refusal_calls = await self._sentence(
                "bogus refusal", REFUSAL.format(question=prompt), lambda text: _declines(question, text)
            )
        return written

    async def _sentence(self, what: str, request: str, passes: Callable[[str], bool]) -> tuple[str, list[str]]:
        """The teacher's sentence and its call, or "" and no call; outcomes are counted."""
        try:
            completion = await self.teacher.complete(
                [Message("user", request)], purpose=f"refusal: {what}", max_tokens=64, stop=["\n"]
            )
        except CallFailed:
            self.outcomes[f"{what}: no answer from the teacher"] += 1
            return "", []
        text = tidy(completion.text)
        if not text or len(text.split()) > LONGEST or completion.finish != "stop" or not passes(text):
            self.outcomes[f"{what}: failed its check"] += 1
            return "", []
        self.outcomes[f"{what}: kept"] += 1
        return text, [completion.key]


def write_texts(
    settings: TeacherSettings, questions: list[Question], known: set[str], work: Workspace
) -> tuple[dict[str, WrittenTexts], Counter[str], int]:
    """The teacher's texts by question id, counts of outcomes, and the number of calls.

    Raises TeacherError when the teacher cannot be used; its answers up to then are in the ledger.
    """
    outcomes: Counter[str] = Counter()

    async def run() -> tuple[dict[str, WrittenTexts], int]:
        async with open_teacher(settings, work.ledger) as teacher:
            writer = RefusalWriter(teacher, known, outcomes)
            with work.progress("teacher texts", len(questions), "questions") as bar:
                limit = settings.records_at_once
                results = await map_records(questions, writer.write, lambda *_: bar.advance(), limit=limit)
            teacher.require_answers()
            work.count(**teacher.losses())
            found = {q.id: r for q, r in zip(questions, results, strict=True) if isinstance(r, WrittenTexts)}
            return found, len(teacher.calls_used)

    written, calls = asynchronous.run_coroutine(run())
    return written, outcomes, calls


def tidy(text: str) -> str:
    """The first sentence, without quotation marks or a label."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    line = re.sub(r"^(?:new |bogus )?(?:question|answer|reply|sentence)\s*:\s*", "", line, flags=re.IGNORECASE)
    return (sentences(line.strip("\"“”' ")) or [""])[0]


def is_bogus_variant(text: str, question: Question, known: set[str]) -> bool:
    """Whether `text` asks the same about another name, and none of the new names is known."""
    before, after = re.findall(r"[\w'’-]+", question.prompt), re.findall(r"[\w'’-]+", text)
    old = {word.casefold() for word in before}
    new = [word for word in after[1:] if word.casefold() not in old]
    names = [word for word in new if word[:1].isupper()]
    shared = sum(word.casefold() in old for word in after) / max(1, len(after))
    unknown = all(name.casefold() not in known for name in names)
    return text.endswith("?") and bool(names) and shared >= 0.5 and unknown


def _declines(question: Question, text: str) -> bool:
    names_answer = bool(question.answer) and question.answer.casefold() in text.casefold()
    return refuses(text) and not names_answer

"""Several questions on one passage, of which the later ones refer back to what was said (report §2.2, D.1.3).

Each answer is the plurality of independent ones, stands in the passage, and is found again when the whole
conversation so far is read anew.
"""

import re

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.agreement import same_meaning, vote
from hornbook.synthetic.dialogue import agreed_answer, said_before, with_evidence
from hornbook.synthetic.groundedness import states_reference
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, Rejected, example
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import BRIEFLY, SHOWN, ask_about, describe, first_accepted, unlabelled
from hornbook.synthetic.seed_sampling import from_passages
from hornbook.synthetic.words import grounded, leaked, stems, words

EXAMPLE_QUESTION = "Where in a binary heap is the smallest element?"
EXAMPLE_ANSWER = "at the root"
FOLLOW = "Ask one short follow-up question about it that the passage answers too."
FOLLOWED = "What kind of tree is it in?"
REFERS = re.compile(r"\b(it|its|they|them|their|this|these|those|else|he|she)\b", re.I)


class FollowUpSettings(KindSettings):
    """Questions that refer back."""

    records: int = setting(12, "passages to ask about", ge=0)
    questions: int = setting(3, "questions of a conversation", ge=2)
    answers: int = setting(3, "independent answers that must agree on each", ge=2)
    tries: int = setting(4, "follow-up questions tried for each turn, at most", ge=1)
    min_questions: int = setting(2, "questions with which a conversation is kept, when no further one passes", ge=2)
    min_agree: float = setting(0.6, "least share of the answers that must agree", ge=0, le=1)


async def make(passage: Passage, ask: RecordContext, settings: FollowUpSettings) -> list[Made]:
    await describe(passage, ask)
    question = await ask_about(passage, ask)
    answer = await agreed_answer(ask, "answer", passage.text, question, settings.answers, settings.min_agree)
    turns = [(question, answer)]
    while len(turns) < settings.questions:
        tried = list(turns)

        async def attempt(number: int, tried: list[tuple[str, str]] = tried) -> tuple[str, str]:
            return await follow_up(tried, passage, number, ask, settings)

        try:
            turns.append(await first_accepted(settings.tries, attempt))
        except Rejected:
            if len(turns) < settings.min_questions:
                raise
            break
    ask.facts["questions"] = float(len(turns))
    return [record(turns, passage)]


async def follow_up(
    turns: list[tuple[str, str]], passage: Passage, number: int, ask: RecordContext, settings: FollowUpSettings
) -> tuple[str, str]:
    """A question that refers back and an answer to it that is found twice. Raises Rejected."""
    prompt = [
        *example(f"Passage: {SHOWN}\n\nQuestion: {EXAMPLE_QUESTION}\nAnswer: {EXAMPLE_ANSWER}\n{FOLLOW}", FOLLOWED),
        Message("user", f"Passage: {passage.text}\n\n{history(turns)}\n{FOLLOW}"),
    ]
    text = unlabelled((await ask("follow up", prompt, max_tokens=40, stop=["\n"], sample=number)).text)
    question = text[: text.find("?") + 1]
    check_question(question, turns, passage)
    source = f"{passage.text}\n\n{history(turns)}"
    answer = await agreed_answer(ask, "answer", passage.text, question, settings.answers, settings.min_agree)
    if any(stems(answer) == stems(before) for _, before in turns):
        raise Rejected("answer", f"was the answer before: {answer[:80]}")
    again = vote(await with_history(source, question, ask, settings))
    same = again is not None and (same_meaning(again.answer, answer) or states_reference(answer, again.answer))
    Checks().require("found again", same, f"{again.answer[:60] if again else 'nothing'!r} the second time")
    return question, answer


def check_question(question: str, turns: list[tuple[str, str]], passage: Passage) -> None:
    """A question, new, that refers back and is about the passage. Raises Rejected."""
    checks = Checks()
    proper = 4 <= len(words(question)) <= 40 and "passage" not in words(question)
    checks.require("follow-up", proper and said_before(question, [asked for asked, _ in turns]) < 0.5, question[:80])
    so_far = history(turns)
    checks.require("refers back", bool(REFERS.search(question) or stems(question) & stems(turns[-1][1])), question[:80])
    about = grounded(question, f"{passage.text} {so_far}") >= 0.5
    checks.require("follow-up", about and not leaked(question, f"{SHOWN} {FOLLOWED}", passage.text), question[:80])


async def with_history(source: str, question: str, ask: RecordContext, settings: FollowUpSettings) -> list[str]:
    """Independent answers by readers of the whole conversation."""
    shown = f"{SHOWN}\n\nQuestion: {EXAMPLE_QUESTION}\nAnswer: {EXAMPLE_ANSWER}\nQuestion: {FOLLOWED}"
    prompt = [
        *example(f"{shown}\n{BRIEFLY}", "a complete binary tree"),
        Message("user", f"{source}\nQuestion: {question}\n{BRIEFLY}"),
    ]
    answers = await ask.many("again", prompt, settings.answers, max_tokens=32, stop=["\n"])
    return [unlabelled(answer.text).rstrip(".") for answer in answers]


def history(turns: list[tuple[str, str]]) -> str:
    return "\n".join(f"Question: {question}\nAnswer: {answer}" for question, answer in turns)


def record(turns: list[tuple[str, str]], passage: Passage) -> Made:
    """The conversation: each reply gives the answer and the sentence that bears it out."""
    messages = []
    for number, (question, answer) in enumerate(turns):
        messages.append(Message("user", question if number else f"{passage.text}\n\n{question}"))
        messages.append(Message("assistant", with_evidence(answer, question, passage.text)))
    checks = ["question", "agreement", "answer", "follow-up", "refers back", "found again"]
    return Made(checks, messages=messages)


KIND = Kind(
    about="Several questions on a passage, later ones referring back; each answer agreed on and found again.",
    source="synthetic",
    report="2.2, D.1.3",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("describe", "question", "answer", "follow up", "again"),
    checks=("educational value", "question", "agreement", "answer", "follow-up", "refers back", "found again"),
    calls=lambda settings: (
        2 + 3 * settings.answers + (settings.questions - 1) * settings.tries * (1 + 4 * settings.answers)
    ),
    settings=FollowUpSettings,
)

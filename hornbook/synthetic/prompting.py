"""Prompts and checks that several kinds share: describe a passage, ask a question about it, clean up answers."""

import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

from hornbook.base.records import Message
from hornbook.base.sentences import whole_sentences
from hornbook.synthetic.groundedness import numbers
from hornbook.synthetic.kind import Checks, RecordContext, Rejected, example
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.words import grounded, leaked, repetition, words
from hornbook.teacher.client import Completion

SHOWN = (
    "A binary heap is a complete binary tree in which every parent is smaller than or equal to its children. The "
    "smallest element is therefore always at the root."
)
DESCRIBE = "Describe the passage in one short sentence, then grade from 1 to 5 how much a student can learn from it."
DESCRIBED = "Description: Where the smallest element of a binary heap is.\nGrade: 4"
ASK_ABOUT = "Write one short question that the passage answers."
ASKED_ABOUT = "Question: Where in a binary heap is the smallest element?"
BRIEFLY = "Give only the final answer, in a few words."
LABEL = re.compile(
    r"^\W*(question|answer|description|exercise|instruction|headline|summary|definition|revised answer|better answer)"
    r"\b\W*:[\s*]*",
    re.IGNORECASE,
)
FIRST_CLAUSE = re.compile(r"[.;](?=\s|$)")
GRADE = re.compile(r"grade\W*([1-5])\b", re.IGNORECASE)
SMALL_TALK = re.compile(
    r"\b(I'm|I am|I'll|I hope|I'd) |\b(your (explanation|answer|question|request)|as an AI|thank you|great question"
    r"|this (textbook|section|text|passage)|sure(?=[,!])|here(?:'s| is) (?:an?|the|your|some)"
    r"|(classic|perfect|beautiful) example|you(?:'re| are) right)\b",
    re.IGNORECASE,
)  # addressed to the person who asked, not to the reader of the record
LEAST_GRADE = 2  # of 1 to 5, that the teacher must give a passage
MOST_REPEATED = 0.35  # share of repeated 3-grams
Result = TypeVar("Result")


async def describe(passage: Passage, ask: RecordContext) -> None:
    """Fill in the passage's description, unless curation did; reject the record if the teacher grades it low."""
    if not ask.cutting.describe or passage.description:
        return
    answer = await ask("describe", shot(DESCRIBE, DESCRIBED, passage), max_tokens=40, temperature=0.0, stop=["\n\n"])
    lines = answer.text.strip().splitlines()
    passage.calls = [answer.key]
    if lines:
        passage.description = unlabelled(lines[0])[:200]
    grade = GRADE.search(answer.text)
    if grade and int(grade[1]) < LEAST_GRADE:
        raise Rejected("educational value", f"graded {grade[1]}")


async def ask_about(
    passage: Passage, ask: RecordContext, task: str = ASK_ABOUT, shown: str = ASKED_ABOUT, sample: int = 0
) -> str:
    """A question that the passage answers, or the result of another `task`; `shown` is that of the example passage.

    Raises Rejected if the answer is not a question, or not about the passage's subject.
    """
    answer = await ask("question", shot(task, shown, passage), max_tokens=40, stop=["\n"], sample=sample)
    question = unlabelled(answer.text)
    question = question[: question.find("?") + 1]
    if not 4 <= len(words(question)) <= 40:
        raise Rejected("question", "no question" if not question else "too short or too long")
    if grounded(question, passage.text) < 0.5 or leaked(question, SHOWN, passage.text):
        raise Rejected("question", "not about the passage")
    if "passage" in words(question):
        raise Rejected("question", "about the passage as a text")
    return question


async def brief_answers(ask: RecordContext, stage: str, text: str, question: str, count: int) -> list[str]:
    """Independent answers of a few words, from the text; without a text, from the teacher's memory."""
    before = f"{SHOWN}\n\n" if text else ""
    prompt = [
        *example(f"{before}What kind of tree is a binary heap?\n{BRIEFLY}", "a complete binary tree"),
        *example(f"{before}Where in a binary heap is the smallest element?\n{BRIEFLY}", "at the root"),
        Message("user", f"{text}\n\n{question}\n{BRIEFLY}".strip()),
    ]
    answers = await ask.many(stage, prompt, count, max_tokens=32, stop=["\n"])
    return [FIRST_CLAUSE.split(unlabelled(answer.text), maxsplit=1)[0].strip() for answer in answers]


async def first_accepted(tries: int, attempt: Callable[[int], Awaitable[Result]]) -> Result:
    """The result of the first of `tries` attempts that is not rejected; raises the last one's Rejected if all are."""
    for number in range(tries - 1):
        try:
            return await attempt(number)
        except Rejected:
            continue
    return await attempt(tries - 1)


def shot(task: str, answered: str, passage: Passage) -> list[Message]:
    """The task with one solved example, then the same for the passage."""
    return [*example(f"{task}\n\nPassage: {SHOWN}", answered), Message("user", f"{task}\n\nPassage: {passage.text}")]


def unlabelled(text: str) -> str:
    """`text` without a leading label such as "Answer:"."""
    return LABEL.sub("", text.strip()).strip()


def finished(answer: Completion) -> str:
    """The answer's text, without an unfinished last sentence if it was cut off."""
    return answer.text.strip() if answer.finish == "stop" else whole_sentences(answer.text.strip())


def without_small_talk(text: str) -> str:
    """`text` without first and last paragraphs that only introduce it ("Here it is:") or address the asker."""
    paragraphs = [paragraph.strip() for paragraph in re.split(r"\n\s*\n", text) if paragraph.strip()]
    while paragraphs and (SMALL_TALK.search(paragraphs[0]) or paragraphs[0].endswith(":")):
        del paragraphs[0]
    while paragraphs and SMALL_TALK.search(paragraphs[-1]):
        del paragraphs[-1]
    return "\n\n".join(paragraphs)


def require_fluent(checks: Checks, text: str, lengths: tuple[int, int], example: str, source: str) -> None:
    """Checks of every text: length in characters, no repetition, nothing copied from the prompt's example, no small
    talk."""
    shortest, longest = lengths
    checks.require("length", shortest <= len(text) <= longest, f"{len(text)} characters")
    checks.require("no repetition", repetition(text) <= MOST_REPEATED, f"{repetition(text):.2f} repeated")
    checks.require("not the example", not leaked(text, example, source))
    chat = SMALL_TALK.search(text)
    checks.require("no small talk", not chat, chat[0] if chat else "")


def require_grounded(checks: Checks, text: str, source: str, least: float) -> None:
    """Check that the source contains at least the share `least` of the text's content words, and all its numbers."""
    share = grounded(text, source)
    checks.require("groundedness", share >= least, f"{share:.2f} of its words are in the passage")
    new = sorted(numbers(text) - numbers(source))
    checks.require("numbers", not new, f"{', '.join(new)} not in the passage")

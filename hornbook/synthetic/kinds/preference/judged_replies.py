"""Several replies to a question, graded by a judge in both orders; the better one is preferred (report §4.2).

The judge names faults, then grades accuracy, style and detail from 1 to 5. A reply is preferred on accuracy, or on the
mean of the three. Judges favour places in a list, so each list is judged forwards and backwards, and what only one
order prefers makes no pair.
"""

from functools import cache
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, Rejected, example
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import SHOWN, ask_about, finished, first_accepted, require_fluent, unlabelled
from hornbook.synthetic.seed_sampling import from_passages
from hornbook.synthetic.words import grounded

Mark = Annotated[int, Meta(ge=1, le=5)]
BRIEF = "Answer in one to three sentences."
SHOWN_QUESTION = "Where in a binary heap is the smallest element, and why?"
SHOWN_REPLY = "It is at the root, because no parent is larger than its children."
WRONG_REPLY = "The smallest element in a heap a heap is in the last leaf."
GRADE = "For each reply say what is wrong with it, then grade accuracy, style and detail from 1 to 5, as JSON."


class Judgement(msgspec.Struct):
    """What is wrong with a reply, and its grades."""

    faults: Annotated[str, Meta(max_length=120)]
    accuracy: Mark
    style: Mark
    detail: Mark


SHOWN_JUDGEMENTS = [
    Judgement("The place is wrong, no reason is given, and words are repeated.", 1, 2, 1),
    Judgement("Nothing is wrong.", 5, 5, 4),
]


class Graded(NamedTuple):
    """A reply with its grades by accuracy and by the mean of the three, in each of the two orders."""

    text: str
    accuracy: tuple[float, float]
    overall: tuple[float, float]


class JudgedRepliesSettings(KindSettings):
    """Replies that a judge tells apart."""

    temperature: float = setting(0.8, "sampling temperature of the replies", ge=0)
    max_tokens: int = setting(80, "longest reply, in tokens", ge=1)
    informed: int = setting(2, "replies written with the passage at hand", ge=1)
    recalled: int = setting(2, "replies from memory", ge=1)
    margin: float = setting(0.5, "least difference of the grades, over both orders, that makes a pair", gt=0)
    min_grounded: float = setting(0.5, "least share of the preferred reply's words in passage or question", ge=0, le=1)


async def make(passage: Passage, ask: RecordContext, settings: JudgedRepliesSettings) -> list[Made]:
    async def question_of(number: int) -> str:
        return await ask_about(passage, ask, sample=number)

    question = await first_accepted(3, question_of)
    with_text = [
        *example(f"{SHOWN}\n\n{SHOWN_QUESTION}\n{BRIEF}", SHOWN_REPLY),
        Message("user", f"{passage.text}\n\n{question}\n{BRIEF}"),
    ]
    answers = await ask.many("reply", with_text, settings.informed)
    answers += await ask.many("recall", f"{question}\n{BRIEF}", settings.recalled)
    written = [unlabelled(finished(answer)) for answer in answers]
    replies = list(dict.fromkeys(text for text in written if is_fluent(text, passage, question)))
    checks = Checks()
    checks.require("question", True)
    checks.require("replies", len(replies) >= 2, f"{len(replies)} of {len(answers)} are fluent")
    forwards = await judged(question, passage, replies, ask)
    backwards = (await judged(question, passage, replies[::-1], ask))[::-1]
    checks.require("form", True)
    graded = [
        Graded(text, (one.accuracy, other.accuracy), (mean(one), mean(other)))
        for text, one, other in zip(replies, forwards, backwards, strict=True)
    ]
    ask.facts["order_changes_a_grade"] = float(any(one.overall[0] != one.overall[1] for one in graded))
    return pairs(graded, question, passage, checks, settings)


async def judged(question: str, passage: Passage, replies: list[str], ask: RecordContext) -> list[Judgement]:
    """The judge's opinion of the replies, listed in this order."""
    shown = msgspec.json.encode({"replies": SHOWN_JUDGEMENTS}).decode()
    prompt = [
        *example(listed(SHOWN, SHOWN_QUESTION, [WRONG_REPLY, SHOWN_REPLY]), shown),
        Message("user", listed(passage.text, question, replies)),
    ]
    longest = 80 * len(replies)
    found: Any = await ask.json("judge", prompt, shape_of(len(replies)), temperature=0.0, max_tokens=longest)
    return found.replies  # type: ignore[no-any-return]


def listed(text: str, question: str, replies: list[str]) -> str:
    numbered = "\n".join(f"Reply {number}: {reply}" for number, reply in enumerate(replies, 1))
    return f"Text: {text}\n\nQuestion: {question}\n{numbered}\n\n{GRADE}"


@cache
def shape_of(count: int) -> type[msgspec.Struct]:
    opinions = Annotated[list[Judgement], Meta(min_length=count, max_length=count)]
    return msgspec.defstruct("Judgements", [("replies", opinions)])


def mean(judgement: Judgement) -> float:
    return (judgement.accuracy + judgement.style + judgement.detail) / 3


def is_fluent(text: str, passage: Passage, question: str) -> bool:
    try:
        require_fluent(Checks(), text, (20, 1200), f"{SHOWN} {SHOWN_REPLY}", f"{passage.text} {question}")
    except Rejected:
        return False
    return True


def pairs(
    graded: list[Graded], question: str, passage: Passage, checks: Checks, settings: JudgedRepliesSettings
) -> list[Made]:
    """A pair won on accuracy, and one won on the mean where that prefers others. Raises Rejected when neither is."""
    made: list[Made] = []
    reason = Rejected("overall", "no difference that both orders see")
    for criterion in ("accuracy", "overall"):
        best, worst = furthest(graded, criterion)
        gap = difference(best, worst, criterion)
        if min(gap) < 0 or sum(gap) / 2 < settings.margin or any(one.rejected == worst.text for one in made):
            continue
        held = grounded(best.text, f"{passage.text} {question}")
        if held < settings.min_grounded:
            reason = Rejected("groundedness", f"{held:.2f} of the preferred reply's words are in the passage")
            continue
        messages = [Message("user", question), Message("assistant", best.text)]
        passed = [*checks.passed, "groundedness", criterion]
        grade = sum(getattr(best, criterion)) / 10
        made.append(Made(passed, messages=messages, rejected=worst.text, grade=round(grade, 4)))
    if not made:
        raise reason
    return made


def furthest(graded: list[Graded], criterion: str) -> tuple[Graded, Graded]:
    """The best and the worst by the sum of both orders; the first of equals, and the last."""
    ranked = sorted(graded, key=lambda one: -sum(getattr(one, criterion)))
    return ranked[0], ranked[-1]


def difference(one: Graded, other: Graded, criterion: str) -> tuple[float, float]:
    first, second = getattr(one, criterion), getattr(other, criterion)
    return first[0] - second[0], first[1] - second[1]


KIND = Kind(
    about="Replies to a question, graded for accuracy, style and detail in both orders; the better one is preferred.",
    source="synthetic",
    report="4.2",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("question", "reply", "recall", "judge"),
    checks=("question", "replies", "form", "groundedness", "accuracy", "overall"),
    calls=lambda settings: 3 + settings.informed + settings.recalled + 4,
    settings=JudgedRepliesSettings,
)

"""Refusing to invent: an answer over a refusal where it can be known, a refusal over an invention where not (§4.4).

One question gives up to three pairs. With the passage, the answer is preferred. With the passage less the sentences
that answer it, the refusal is. Without any passage it is the one or the other, as the teacher knows the answer or not.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from hornbook.base.records import Question
from hornbook.synthetic.kind import Checks, Made, RecordContext, Rejected
from hornbook.synthetic.mechanisms.comparing import oracle_of, right_answers
from hornbook.synthetic.mechanisms.mechanism import paired
from hornbook.synthetic.passages import Passage

REFUSAL_CHECKS = (
    *("finished", "form", "question", "evidence removed", "answer", "refusal", "invention"),
    "known or not",
)
LEAST_LEFT = 80  # characters of a passage without its evidence


class Asked(msgspec.Struct):
    """A question about a passage, its short answer, and the sentences without which nobody can answer it."""

    question: str
    answer: str
    evidence: list[str]


class Reading(msgspec.Struct):
    """What a reply does: whether it declines to answer, and the answer that it gives or lets slip ("" if none)."""

    declines: bool
    answer: str


class Readings(msgspec.Struct):
    replies: list[Reading]


class Replies(msgspec.Struct):
    """Texts, and what each of them does: does it refuse and give nothing away, is it right, is it an invention?"""

    texts: list[str]
    refused: list[bool]
    right: list[bool]

    def first(self, check: str, wanted: Sequence[bool], among: range) -> str:
        for place in among:
            if wanted[place]:
                return self.texts[place]
        raise Rejected(check, f"none among {len(among)} replies")

    def invented(self) -> list[bool]:
        return [not refused and not right for refused, right in zip(self.refused, self.right, strict=True)]


async def refusals(seed: Passage, ask: RecordContext, settings: Any) -> list[Made]:
    asked = await ask.fill("question", Asked)
    left = without_evidence(seed.text, asked)
    told: list[dict[str, Any]] = [{"problem": asked.question, "context": text} for text in (seed.text, left, "")]
    whole, gap, none = told
    count = settings.replies
    groups = [
        await ask.samples("reply", count, preamble=False, **whole),
        await ask.samples("refuse", count, preamble=False, **gap),
        await ask.samples("worse", settings.worse, preamble=False, answer=asked.answer, **gap),
        await ask.samples("recall", count, preamble=False, **none),
        await ask.samples("refuse", count, first=count, preamble=False, **none),
    ]
    replies = await read([text for group in groups for text in group], asked, ask)
    starts = [sum(map(len, groups[:number])) for number in range(len(groups) + 1)]
    answers, declines, inventions, memories, shrugs = (range(*starts[number : number + 2]) for number in range(5))
    known = sum(replies.right[place] for place in memories) / count
    ask.facts["known"] = known
    right, refusal = ("answer", replies.right, answers), ("refusal", replies.refused, declines)
    wrong, shrug = ("invention", replies.invented(), inventions), ("refusal", replies.refused, shrugs)
    wanted = [(whole, right, refusal), (gap, refusal, wrong)]
    if known >= settings.usually_right:
        wanted.append((none, ("answer", replies.right, memories), shrug))
    elif not known:
        wanted.append((none, shrug, ("invention", replies.invented(), memories)))
    made: list[Made] = []
    failure = Rejected("known or not", f"{known:.2f} of the answers from memory are right")
    for case, better, worse in wanted:
        checks = Checks()
        checks.passed = ["finished", "form", "question", "evidence removed", better[0], worse[0]]
        try:
            chosen, rejected = replies.first(*better), replies.first(*worse)
            if settings.verified and case is whole:
                await ask.verify(checks, chosen, seed.text, absent=settings.absent)
        except Rejected as reason:
            failure = reason
            continue
        passed = checks.passed if case["context"] else [*checks.passed, "known or not"]
        made.append(paired(ask, passed, chosen, rejected, **case))
    ask.facts["pairs"] = float(len(made))
    if not made:
        raise failure
    return made


def without_evidence(passage: str, asked: Asked) -> str:
    """The passage less the sentences that answer the question. Raises Rejected where they are not its sentences."""
    checks = Checks()
    short = 0 < len(asked.answer) <= 200 and len(asked.question) >= 10 and bool(asked.evidence)
    checks.require("question", short, "no question with a short answer and its evidence")
    left = " ".join(passage.split())
    for sentence in (" ".join(sentence.split()) for sentence in asked.evidence):
        checks.require(
            "evidence removed", len(sentence) > 3 and sentence in left, f"not in the passage: {sentence[:60]}"
        )
        left = left.replace(sentence, " ")
    left = " ".join(left.split())
    given_away = asked.answer.casefold() in left.casefold()
    checks.require("evidence removed", len(left) >= LEAST_LEFT and not given_away, "the answer stands everywhere")
    return left


async def read(texts: list[str], asked: Asked, ask: RecordContext) -> Replies:
    """What each reply does, by a judge who sees neither the passage nor the answer. Raises Rejected ("form")."""
    found = (await ask.fill("judge", Readings, problem=asked.question, replies=texts)).replies
    Checks().require("form", len(found) == len(texts), f"{len(found)} of {len(texts)} replies were judged")
    reference = Question(
        id="asked", task="asked", prompt=asked.question, answer=asked.answer, oracle=oracle_of(asked.answer)
    )
    given = [place for place, one in enumerate(found) if one.answer.strip()]
    verdicts = await right_answers(reference, [f"Answer: {found[place].answer}" for place in given], ask)
    right = {place for place, verdict in zip(given, verdicts, strict=True) if verdict}
    return Replies(
        texts,
        refused=[one.declines and not one.answer.strip() for one in found],
        right=[place in right and not one.declines for place, one in enumerate(found)],
    )

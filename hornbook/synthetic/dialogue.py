"""Answers that independent samples agree on, and what was said before in a conversation (report §2.2, D.1.3)."""

import re
from collections import Counter
from functools import cache
from typing import Any, Literal

import msgspec

from hornbook.base.records import Message
from hornbook.base.sentences import sentences
from hornbook.synthetic.agreement import Vote, vote
from hornbook.synthetic.chains import POINTS_BACK
from hornbook.synthetic.groundedness import evidence, is_supported
from hornbook.synthetic.kind import RecordContext, Rejected, example
from hornbook.synthetic.prompting import SHOWN, brief_answers
from hornbook.synthetic.words import STEM, content_words, grounded, leaked, ngrams, stems, words

ABOUT_TEXT = re.compile(
    r"\b(the|this|that|a) (passage|text above|conversation|article|excerpt)\b|\bas an AI\b|\blanguage model\b", re.I
)


def said_before(turn: str, earlier: list[str]) -> float:
    """The largest share of the turn's pairs of neighbouring content words that occur in one earlier turn."""
    mine = _pairs(turn)
    shares = [len(mine & _pairs(other)) / len(mine) for other in earlier] if mine else []
    same = any(words(turn) == words(other) for other in earlier)
    return 1.0 if same else max(shares, default=0.0)


def _pairs(text: str) -> set[tuple[str, ...]]:
    return set(ngrams([word[:STEM] for word in content_words(text)], 2))


async def agreed_answer(ask: RecordContext, stage: str, source: str, question: str, count: int, least: float) -> str:
    """An answer that independent samples agree on and the source states: a few words, or else a sentence of the source.

    Takes `count` calls, or up to three times as many. Raises Rejected: "agreement" if less than the share `least`
    agree, "answer" if the source does not state it, or the question contains it.
    """
    try:
        return _checked(vote(await brief_answers(ask, stage, source, question, count)), source, question, least)
    except Rejected:
        return _checked(await _pointed(ask, stage, source, question, count), source, question, least)


def _checked(found: Vote | None, source: str, question: str, least: float) -> str:
    if found is None or found.tied or found.agreeing < max(2, least * found.total):
        raise Rejected("agreement", f"{found.agreeing if found else 0} answers agree")
    answer = found.answer.strip()
    if not is_supported(answer, source, 0.8) or leaked(answer, SHOWN, source) or not stems(answer):
        raise Rejected("answer", f"not in the passage: {answer[:80]}")
    if grounded(answer, question) > 0.7:
        raise Rejected("answer", f"the question says it: {answer[:80]}")
    return answer


async def _pointed(ask: RecordContext, stage: str, source: str, question: str, count: int) -> Vote:
    """The sentence of the source that most samples choose. Each sees the sentences in a different order, so a model
    that always names the same position agrees only by chance. The word-overlap search must find the same sentence.

    Raises Rejected ("agreement").
    """
    parts = [part for part in sentences(source) if 4 <= len(words(part)) <= 60]
    if len(parts) < 2:
        raise Rejected("agreement", "no sentences to choose from")
    chosen: Counter[str] = Counter()
    for number in range(count):
        order = [parts[place] for place in ask.rng.permutation(len(parts)).tolist()]
        shape = pointer(len(parts))
        try:
            picked: Any = await ask.json(stage, point_prompt(order, question), shape, max_tokens=16, sample=number)
        except Rejected:
            continue
        chosen[order[picked.sentence - 1]] += 1
    if not chosen:
        raise Rejected("agreement", "nobody points to a sentence")
    (best, agreeing), *others = chosen.most_common()
    if best != evidence(question, source) or grounded(question, best) < 0.4 or POINTS_BACK.match(best):
        raise Rejected("agreement", f"not the sentence that the question is about: {best[:80]}")
    return Vote(best, agreeing, count, bool(others) and others[0][1] == agreeing)


def point_prompt(order: list[str], question: str) -> list[Message]:
    shown = "1. Heaps are used for sorting.\n2. The smallest element of a binary heap is at the root."
    task = "Which sentence answers the question? Give its number, as JSON."
    listed = "\n".join(f"{number}. {part}" for number, part in enumerate(order, start=1))
    return [
        *example(f"{shown}\n\nQuestion: Where in a binary heap is the smallest element?\n{task}", '{"sentence":2}'),
        Message("user", f"{listed}\n\nQuestion: {question}\n{task}"),
    ]


@cache
def pointer(count: int) -> type[msgspec.Struct]:
    """A struct with a sentence number from 1 to `count`."""
    return msgspec.defstruct("Pointer", [("sentence", Literal[tuple(range(1, count + 1))])])

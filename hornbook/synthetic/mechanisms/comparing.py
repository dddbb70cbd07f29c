"""Which answers to a question say the same, and which say what the reference says (report §2.2).

Numbers and mathematics are compared by the oracles. Where answers are prose, the kind's stage "compare" is asked what
they mean: words in common say nothing about that.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from hornbook.base.records import Question
from hornbook.oracles.extract_answer import extract_answer, first_line
from hornbook.oracles.number import numbers_in, parse_number
from hornbook.oracles.score import judge_pairs
from hornbook.oracles.text import canonical_text
from hornbook.synthetic.kind import RecordContext

COMPARE = "compare"  # the stage that is asked; its prompt sees `problem` and `answers`
FORMULA = re.compile(r"[+*^=<>\\√π()\[\],]|(?<!/)\b(?![hmsglLVWAJNKC]\b)[a-zA-Z]\b")  # a letter that is no unit
PROSE = re.compile(r"[^\W\d_]{2,}")
BESIDE = re.compile(r"[^\W\d_]+|[%°$€£¥]")  # units, and what is counted
NAMED = re.compile(r"^[a-zA-Z]\w?\s*=\s*(?=[^=]+$)")  # "x = 7"


class SameAnswers(msgspec.Struct):
    """Numbers of the answers that say the same, group by group; and why."""

    why: str
    groups: list[list[int]]


class Compared(NamedTuple):
    """What a program says of two answers: the same or not, and whether that is certain."""

    same: bool
    certain: bool


def final_answer(text: str) -> str:
    """What a solution gives as its answer, in one line; "" if nothing."""
    return NAMED.sub("", first_line(extract_answer(text)))


def oracle_of(answer: str) -> str:
    """The oracle that compares an answer: one number, else mathematics, else words."""
    if len(list(numbers_in(answer))) == 1 and not FORMULA.search(re.sub(r"(?<=\d),(?=\d{3})", "", answer)):
        return "number"
    return "exact" if PROSE.search(re.sub(r"\\[a-zA-Z]+", "", answer)) else "math"


def by_program(pairs: Sequence[tuple[Question, str]]) -> list[Compared]:
    """Whether each text gives its question's answer. The scores of reasoning-gym are for its own prompts only."""
    judged = judge_pairs([(_comparable(question), text) for question, text in pairs])
    return [
        _compared(question, final_answer(text), one.right is True)
        for (question, text), one in zip(pairs, judged, strict=True)
    ]


def _compared(question: Question, answer: str, right: bool) -> Compared:
    """Equal words are certain to be the same. So are numbers, unless both have words beside them that differ: it may be
    another unit, or another thing."""
    oracle = oracle_of(question.answer)
    if oracle == "number" and len(list(numbers_in(answer))) == 1:
        one, other = _beside(question.answer), _beside(answer)
        return Compared(right, not one or not other or one == other)
    words = "exact" in (oracle, question.oracle) or (oracle == "number" and PROSE.search(answer))
    return Compared(right, right if words and answer else True)


def _beside(answer: str) -> set[str]:
    return {word.casefold() for word in BESIDE.findall(re.sub(r"\\[a-zA-Z]+", " ", answer))}


def _comparable(question: Question) -> Question:
    if question.oracle != "reasoning-gym":
        return question
    return msgspec.structs.replace(
        question, oracle="number" if parse_number(question.answer) is not None else "exact", entry=""
    )


async def grouped(problem: str, texts: Sequence[str], ask: RecordContext) -> list[list[int]]:
    """The places of the texts that give the same answer, the largest group first; texts without an answer left out."""
    answers = {place: answer for place, text in enumerate(texts) if (answer := final_answer(text))}
    groups: dict[str, list[int]] = {}
    for place, answer in answers.items():
        groups.setdefault(canonical_text(answer), []).append(place)
    found = list(groups.values())
    pairs = [(one, other) for at, one in enumerate(found) for other in found[at + 1 :]]
    asked = [(_question(answers[one[0]]), f"Answer: {answers[other[0]]}") for one, other in pairs]
    compared = list(zip(pairs, await ask.compute(by_program, asked) if asked else [], strict=True))
    judged = COMPARE in ask.kind.prompts
    for (one, other), said in compared:
        if said.same and (said.certain or not judged) and one and other:
            one += other
            other.clear()
    doubtful = judged and any(one and other and not said.certain for (one, other), said in compared)
    found = [group for group in found if group]
    if doubtful:
        same = await same_answers(problem, [answers[group[0]] for group in found], ask)
        found = [[place for number in numbers for place in found[number]] for numbers in same]
    return sorted(found, key=lambda group: (-len(group), group))


async def right_answers(question: Question, texts: Sequence[str], ask: RecordContext) -> list[bool]:
    """Which texts give the question's answer. Without a stage that compares, a program's word is the last."""
    compared: list[Compared] = await ask.compute(by_program, [(question, text) for text in texts])
    verdicts = [one.same for one in compared]
    doubtful = [place for place, one in enumerate(compared) if not one.certain]
    if doubtful and COMPARE in ask.kind.prompts:
        answers = [question.answer, *(final_answer(texts[place]) for place in doubtful)]
        groups = await same_answers(question.prompt, answers, ask)
        same = next(group for group in groups if 0 in group)
        for number, place in enumerate(doubtful, start=1):
            verdicts[place] = number in same
    return verdicts


async def same_answers(problem: str, answers: Sequence[str], ask: RecordContext) -> list[list[int]]:
    """The places of the answers that say the same, as the judge finds. One that it leaves out says what no other does.

    Raises Rejected ("form").
    """
    found = await ask.fill(COMPARE, SameAnswers, problem=problem, answers=answers)
    groups: list[list[int]] = []
    taken: set[int] = set()
    for numbers in [*found.groups, *([number] for number in range(1, len(answers) + 1))]:
        new = [number for number in dict.fromkeys(numbers) if 1 <= number <= len(answers) and number not in taken]
        taken |= set(new)
        if new:
            groups.append([number - 1 for number in new])
    return groups


def _question(answer: str) -> Question:
    return Question(id="answer", task="answer", prompt="", answer=answer, oracle=oracle_of(answer))

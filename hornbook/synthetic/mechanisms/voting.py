"""Votes of independent answers: which of them say the same, and which say what the reference says (report §2.2).

Numbers and mathematics are compared by the oracles. Where answers are prose, a judge is asked what they mean: words in
common say nothing about that.
"""

import re
from collections.abc import Sequence

import msgspec

from hornbook.base.records import Question
from hornbook.oracles.extract_answer import extract_answer, first_line
from hornbook.oracles.number import numbers_in, parse_number
from hornbook.oracles.score import judge_pairs
from hornbook.oracles.text import normalise
from hornbook.synthetic.kind import RecordContext

FORMULA = re.compile(r"[+*^=<>\\√π()\[\],]|(?<!/)\b(?![hmsglLVWAJNKC]\b)[a-zA-Z]\b")  # a letter that is no unit
PROSE = re.compile(r"[^\W\d_]{2,}")
NAMED = re.compile(r"^[a-zA-Z]\w?\s*=\s*(?=[^=]+$)")  # "x = 7"


class SameAnswers(msgspec.Struct):
    """Numbers of the answers that say the same, group by group; and why."""

    why: str
    groups: list[list[int]]


def final_answer(text: str) -> str:
    """What a solution gives as its answer, in one line; "" if nothing."""
    return NAMED.sub("", first_line(extract_answer(text)))


def oracle_of(answer: str) -> str:
    """The oracle that compares an answer: one number, else mathematics, else words."""
    if len(list(numbers_in(answer))) == 1 and not FORMULA.search(re.sub(r"(?<=\d),(?=\d{3})", "", answer)):
        return "number"
    return "exact" if PROSE.search(re.sub(r"\\[a-zA-Z]+", "", answer)) else "math"


def same_by_program(pairs: Sequence[tuple[Question, str]]) -> list[bool]:
    """Whether each text gives its question's answer. The scores of reasoning-gym are for its own prompts only."""
    judged = [(_comparable(question), text) for question, text in pairs]
    return [judgement.right is True for judgement in judge_pairs(judged)]


def _comparable(question: Question) -> Question:
    if question.oracle != "reasoning-gym":
        return question
    return msgspec.structs.replace(
        question, oracle="number" if parse_number(question.answer) is not None else "exact", entry=""
    )


async def grouped(problem: str, texts: Sequence[str], ask: RecordContext, stage: str = "compare") -> list[list[int]]:
    """The places of the texts that give the same answer, the largest group first; texts without an answer left out."""
    answers = {place: answer for place, text in enumerate(texts) if (answer := final_answer(text))}
    groups: dict[str, list[int]] = {}
    for place, answer in answers.items():
        groups.setdefault(normalise(answer), []).append(place)
    found = list(groups.values())
    pairs = [(one, other) for at, one in enumerate(found) for other in found[at + 1 :]]
    asked = [(_question(answers[one[0]]), f"Answer: {answers[other[0]]}") for one, other in pairs]
    for (one, other), same in zip(pairs, await ask.compute(same_by_program, asked) if asked else [], strict=True):
        if same and one and other:
            one += other
            other.clear()
    found = [group for group in found if group]
    prose = any(oracle_of(answers[group[0]]) == "exact" for group in found)
    if len(found) > 1 and prose and stage in ask.kind.prompts:
        found = await _judged(problem, [answers[group[0]] for group in found], found, ask, stage)
    return sorted(found, key=lambda group: (-len(group), group))


async def right_answers(question: Question, texts: Sequence[str], ask: RecordContext) -> list[bool]:
    """Which texts give the question's answer: by its oracle, and where that is of words, by what the judge says."""
    verdicts: list[bool] = await ask.compute(same_by_program, [(question, text) for text in texts])
    left = [place for place, verdict in enumerate(verdicts) if not verdict and final_answer(texts[place])]
    if left and "compare" in ask.kind.prompts and oracle_of(question.answer) == "exact":
        answers = [question.answer, *(final_answer(texts[place]) for place in left)]
        groups = await _judged(question.prompt, answers, [[place] for place in range(len(answers))], ask, "compare")
        same = next(group for group in groups if 0 in group)
        for place in same:
            if place:
                verdicts[left[place - 1]] = True
    return verdicts


async def _judged(
    problem: str, answers: Sequence[str], groups: list[list[int]], ask: RecordContext, stage: str
) -> list[list[int]]:
    """The groups, those merged that the judge finds to say the same. A number that it leaves out stays alone."""
    found = await ask.fill(stage, SameAnswers, problem=problem, answers=answers)
    merged: list[list[int]] = []
    taken: set[int] = set()
    for numbers in [*found.groups, *([place] for place in range(1, len(answers) + 1))]:
        new = [number for number in dict.fromkeys(numbers) if 1 <= number <= len(answers) and number not in taken]
        taken |= set(new)
        if new:
            merged.append([place for number in new for place in groups[number - 1]])
    return merged


def _question(answer: str) -> Question:
    return Question(id="answer", task="answer", prompt="", answer=answer, oracle=oracle_of(answer))

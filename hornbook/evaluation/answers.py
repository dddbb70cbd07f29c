"""One row per answer and score: what every score, interval and comparison is computed from."""

from collections.abc import Iterable

import msgspec

from hornbook.base.files import Reject
from hornbook.base.records import Question
from hornbook.oracles import score as oracles

REASONING = "reasoning"
CORRECT, WRONG, NOT_ATTEMPTED = "trivia correct", "trivia wrong", "trivia not attempted"
BOGUS_REFUSED = "bogus refused"


class Answer(msgspec.Struct):
    """What a model replied, and what it was worth to one score: 1 or 0."""

    question: str  # Question.id or BenchmarkItem.id
    score: str  # reasoning:TASK, trivia correct ..., bogus refused, benchmark:NAME
    sample: int
    value: float
    completion: str


def grade(question: Question, sample: int, completion: str, reject: Reject) -> list[Answer]:
    """The rows that one reply gives: one for a task; for trivia one each for correct, wrong and not attempted.

    Where the oracle itself breaks, the reply counts as not right and `reject` is told why.
    """
    if question.oracle != "trivia":
        judged = oracles.judge(question, completion)
        if judged.failed:
            reject(question.id, f"oracle failed: {judged.reason}")
        values = {f"{REASONING}:{question.task}": judged.score >= oracles.RIGHT}
    else:
        outcome = oracles.verdict(question, completion)
        if question.answer:
            values = {
                CORRECT: outcome == "correct",
                WRONG: outcome == "wrong",
                NOT_ATTEMPTED: outcome == "not attempted",
            }
        else:
            values = {BOGUS_REFUSED: outcome == "not attempted"}
    return [Answer(question.id, name, sample, float(value), completion) for name, value in values.items()]


def values_by_score(answers: Iterable[Answer]) -> dict[str, dict[str, list[float]]]:
    """Score name → question → values of its samples; "reasoning" holds all tasks. Scores in their order of showing."""
    table: dict[str, dict[str, list[float]]] = {}
    for answer in answers:
        names = [answer.score]
        if answer.score.startswith(f"{REASONING}:"):
            names.append(REASONING)
        for name in names:
            table.setdefault(name, {}).setdefault(answer.question, []).append(answer.value)
    return {name: table[name] for name in sorted(table, key=_place)}


def _place(name: str) -> tuple[int, str]:
    groups = (REASONING, f"{REASONING}:", CORRECT, WRONG, NOT_ATTEMPTED, BOGUS_REFUSED)
    if name in groups:
        return groups.index(name), name
    return (1 if name.startswith(f"{REASONING}:") else len(groups)), name

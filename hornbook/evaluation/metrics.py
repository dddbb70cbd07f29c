"""One row per reply and score, from which all scores, intervals and comparisons are computed."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from hornbook.base.files import Reject
from hornbook.base.records import LEVELS, Question
from hornbook.oracles.judgement import Judgement
from hornbook.oracles.score import judge_question

REASONING, BENCHMARK = "reasoning", "benchmark"
CORRECT, WRONG, NOT_ATTEMPTED = "trivia correct", "trivia wrong", "trivia not attempted"
KNOWN_CORRECT, UNKNOWN_NOT_ATTEMPTED = "known trivia correct", "unknown trivia not attempted"
BOGUS_REFUSED = "bogus refused"
KNOWN, UNKNOWN = "known", "unknown"
USUALLY = 0.5  # share of right answers from which a question counts as known


class ScoredReply(msgspec.Struct):
    """A model's reply, and its value (1 or 0) for one score."""

    question: str  # Question.id or BenchmarkItem.id
    score: str  # reasoning:TASK, trivia correct ..., bogus refused, benchmark:NAME
    sample: int
    value: float
    completion: str
    level: str = ""  # of difficulty, of a question that has one
    knowledge: str = ""  # of the base model about a trivia question: known, unknown or neither
    passage: str = ""  # names the text that the question is about, which others may share


def grade(question: Question, sample: int, completion: str, reject: Reject) -> list[ScoredReply]:
    """Judge one reply; see `graded`."""
    return graded(question, sample, completion, judge_question(question, completion), reject)


def graded(question: Question, sample: int, completion: str, judged: Judgement, reject: Reject) -> list[ScoredReply]:
    """The rows of one reply: one for a task or a benchmark; for trivia one each for correct, wrong and not attempted.

    If the oracle itself failed, the reply counts as wrong, and the reason goes to `reject`.
    """
    if judged.failed:
        reject(question.id, f"oracle failed: {judged.reason}")
    if question.oracle != "trivia":
        of_benchmark = question.task.startswith(f"{BENCHMARK}:")
        values = {question.task if of_benchmark else f"{REASONING}:{question.task}": judged.right is True}
    elif question.answer:
        values = {
            CORRECT: judged.outcome == "correct",
            WRONG: judged.outcome == "wrong",
            NOT_ATTEMPTED: judged.outcome == "not attempted",
        }
    else:
        values = {BOGUS_REFUSED: judged.outcome == "not attempted"}
    return [
        ScoredReply(question.id, name, sample, float(value), completion, question.level)
        for name, value in values.items()
    ]


def mark_knowledge(answers: list[ScoredReply], base: Iterable[ScoredReply]) -> None:
    """Set `knowledge` of the answers to trivia, by the answers `base` of a base model to the same questions.

    A question is known if the base model answers it correctly in at least half of its replies, unknown if in none.
    """
    correct = values_by_score(base).get(CORRECT, {})
    for answer in answers:
        values = correct.get(answer.question)
        if values:
            share = sum(values) / len(values)
            answer.knowledge = KNOWN if share >= USUALLY else UNKNOWN if not share else ""


def values_by_score(answers: Iterable[ScoredReply]) -> dict[str, dict[str, list[float]]]:
    """Score name → question → values of its samples; "reasoning" has all tasks, "reasoning, LEVEL" the
    questions of a level, "known trivia correct" and "unknown trivia not attempted" those that the base model knows and
    does not know. Scores are in display order."""
    table: dict[str, dict[str, list[float]]] = {}
    for answer in answers:
        names = [answer.score]
        if answer.score.startswith(f"{REASONING}:"):
            names.append(REASONING)
            if answer.level:
                names.append(f"{REASONING}, {answer.level}")
        if answer.score == CORRECT and answer.knowledge == KNOWN:
            names.append(KNOWN_CORRECT)
        if answer.score == NOT_ATTEMPTED and answer.knowledge == UNKNOWN:
            names.append(UNKNOWN_NOT_ATTEMPTED)
        for name in names:
            table.setdefault(name, {}).setdefault(answer.question, []).append(answer.value)
    return {name: table[name] for name in sorted(table, key=_place)}


def by_passage(questions: Mapping[str, Sequence[float]], passages: Mapping[str, str]) -> list[list[float]]:
    """The values of questions, together for those about one passage: these are correlated. `passages` has the passage
    of each question that has one."""
    groups: dict[str, list[float]] = {}
    for question, values in questions.items():
        passage = passages.get(question, "")
        groups.setdefault(f"passage {passage}" if passage else f"question {question}", []).extend(values)
    return list(groups.values())


def passages_of(answers: Iterable[ScoredReply]) -> dict[str, str]:
    """The passage of each question that has one."""
    return {answer.question: answer.passage for answer in answers if answer.passage}


def _place(name: str) -> tuple[int, str]:
    """Reasoning, its levels in their order, its tasks, trivia, benchmarks."""
    levels = [f"{REASONING}, {level}" for level in LEVELS]
    trivia = [CORRECT, WRONG, NOT_ATTEMPTED, KNOWN_CORRECT, UNKNOWN_NOT_ATTEMPTED, BOGUS_REFUSED]
    groups = [REASONING, *levels, "", *trivia]
    if name in groups:
        return groups.index(name), name
    return (groups.index("") if name.startswith(REASONING) else len(groups)), name

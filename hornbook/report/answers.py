"""The replies of all evaluated models to the same held-out questions, side by side."""

from pathlib import Path
from typing import Any

import msgspec

from hornbook.base.files import read_records
from hornbook.base.records import Question
from hornbook.evaluation.metrics import NOT_ATTEMPTED, WRONG, ScoredReply

MOST_BYTES = 4_000_000  # of the page
HIDDEN_SCORES = (WRONG, NOT_ATTEMPTED)  # a trivia reply has three rows; the third says whether it is right


class Reply(msgspec.Struct):
    """A model's replies to a question: the first one, and the share of them that is right."""

    text: str
    right: float


class Compared(msgspec.Struct):
    """A question with the replies of each model, None for a model that was not asked."""

    task: str
    prompt: str
    answer: str
    replies: list[Reply | None]


def compared_answers(run: Path, summary: dict[str, Any]) -> dict[str, Any] | None:
    """{"models": their names, "questions": a list of Compared, "left_out": how many did not fit the page}.

    Questions on which models differ come first. None if no evaluation kept its questions.
    """
    paths = {stage["name"]: run / stage["path"] for stage in summary["stages"]}
    evaluations = [(entry["model"], paths[entry["name"]]) for entry in summary["evaluations"] if entry["name"] in paths]
    evaluations = [(model, path) for model, path in evaluations if (path / "questions.parquet").exists()]
    questions: dict[str, Question] = {}
    replies: dict[str, list[Reply | None]] = {}
    for number, (_, path) in enumerate(evaluations):
        questions |= {question.id: question for question in read_records(path, Question)}
        for name, reply in _replies(path).items():
            replies.setdefault(name, [None] * len(evaluations))[number] = reply
    rows = [
        Compared(questions[name].task, questions[name].prompt, questions[name].answer, of_models)
        for name, of_models in sorted(replies.items(), key=lambda item: (-_spread(item[1]), item[0]))
    ]
    kept = within(rows, MOST_BYTES)
    models = [model for model, _ in evaluations]
    return {"models": models, "questions": kept, "left_out": len(rows) - len(kept)} if kept else None


def _replies(path: Path) -> dict[str, Reply]:
    """By Question.id."""
    found: dict[str, list[ScoredReply]] = {}
    for row in read_records(path / "answers.parquet", ScoredReply):
        if row.score not in HIDDEN_SCORES and not row.score.startswith("benchmark:"):
            found.setdefault(row.question, []).append(row)
    return {name: Reply(rows[0].completion, sum(row.value for row in rows) / len(rows)) for name, rows in found.items()}


def _spread(replies: list[Reply | None]) -> float:
    shares = [reply.right for reply in replies if reply]
    return max(shares) - min(shares) if shares else 0.0


def within(rows: list[Compared], most: int) -> list[Compared]:
    """The first rows, as many as have at most so many bytes."""
    size, kept = 0, []
    for row in rows:
        size += len(msgspec.json.encode(row))
        if size > most:
            break
        kept.append(row)
    return kept

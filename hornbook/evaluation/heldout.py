"""Are the held-out questions held out? A question that was trained on measures memory, not skill."""

from pathlib import Path

from hornbook.base.files import read_records
from hornbook.base.records import Question, Sample
from hornbook.base.workspace import Workspace


def leave_out_seen(questions: list[Question], training: list[Path], work: Workspace) -> list[Question]:
    """The questions whose prompt no training conversation asks; the others are set aside, with a warning."""
    seen = {
        _normalise(message.content)
        for path in training
        for sample in read_records(path, Sample, work.reject)
        for message in sample.messages
        if message.role == "user"
    }
    kept = [question for question in questions if _normalise(question.prompt) not in seen]
    if len(kept) < len(questions):
        for question in questions:
            if _normalise(question.prompt) in seen:
                work.reject(question.id, "question found in training data")
        work.warn(
            f"{len(questions) - len(kept)} of {len(questions)} held-out questions are in the training data: left out"
        )
    return kept


def _normalise(text: str) -> str:
    return " ".join(text.casefold().split())

"""Are the held-out questions held out? A question that was trained on measures memory, not skill."""

from pathlib import Path

from hornbook.base.records import Question
from hornbook.base.workspace import Workspace
from hornbook.data.readers.load import stream_records


def leave_out_seen(questions: list[Question], training: list[Path], work: Workspace) -> list[Question]:
    """The questions whose prompt no training conversation asks; the others are set aside, with a warning."""
    seen = {
        _normalise(message.content)
        for sample in stream_records(training, "samples", work.reject)
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

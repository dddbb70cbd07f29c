"""The process that judges: it may hang, be killed or run out of memory, and nobody but one judgement suffers.

It reads a batch from standard input (a line of JSON), says that it has loaded what the batch needs, and writes one
line per judgement as soon as that is made. `isolated.py` is at the other end.
"""

import contextlib
import os
import resource
import signal
from typing import BinaryIO

import msgspec

from hornbook.base.errors import HornbookError
from hornbook.base.records import Question
from hornbook.oracles.judgement import Judgement, Outcome, not_judged
from hornbook.oracles.mathematics import library
from hornbook.oracles.question_entry import entry_of
from hornbook.oracles.reasoning_gym import scorer
from hornbook.oracles.registry import judge_here
from hornbook.oracles.settings import OracleSettings
from hornbook.oracles.user_function import load_function

GRACE = 5.0  # seconds after which it ends itself, should the process that watches it be gone


class Batch(msgspec.Struct):
    """Questions, and completions each with the index of its question."""

    questions: list[Question]
    completions: list[tuple[int, str]]


class Reply(msgspec.Struct, omit_defaults=True):
    """Either a judgement, or "the batch is loaded", or what the user must mend before any can be made."""

    score: float = 0.0
    reason: str = ""
    extracted: str = ""
    outcome: Outcome = "correct"
    loaded: bool = False
    error: str = ""

    def judgement(self) -> Judgement:
        return Judgement(self.score, self.reason, self.extracted, self.outcome)


def main() -> None:
    source, target = _take_pipes()
    settings = OracleSettings.model_validate_json(source.readline())
    with contextlib.suppress(ValueError, OSError):  # macOS has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (settings.memory_mb << 20, settings.memory_mb << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    read, encoder = msgspec.json.Decoder(Batch).decode, msgspec.json.Encoder()

    def write(reply: Reply) -> None:
        target.write(encoder.encode(reply) + b"\n")

    for line in source:
        batch = read(line)
        try:
            for question in batch.questions:
                _load(question)
            write(Reply(loaded=True))
            for index, completion in batch.completions:
                signal.setitimer(signal.ITIMER_REAL, settings.seconds + GRACE)
                judged = _judge(batch.questions[index], completion, settings)
                signal.setitimer(signal.ITIMER_REAL, 0)
                write(Reply(*judged))
        except HornbookError as error:
            write(Reply(error=str(error)))


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Our ends of the pipes; what an oracle reads or prints from now on goes nowhere."""
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    return source, target  # type: ignore[return-value]


def _load(question: Question) -> None:
    """Imports take seconds, and are no judgement's fault. What fails here for one question fails there, counted."""
    try:
        if ":" in question.oracle:
            load_function(question.oracle)
        elif question.oracle == "reasoning-gym":
            scorer(entry_of(question)["metadata"].get("source_dataset", question.task))
        elif question.oracle == "math":
            library()
    except HornbookError:
        raise
    except Exception:
        return


def _judge(question: Question, completion: str, settings: OracleSettings) -> Judgement:
    """An oracle that calls sys.exit has no say in whether this process ends."""
    try:
        return judge_here(question, completion, settings)
    except HornbookError:
        raise
    except BaseException as error:
        return not_judged(f"{type(error).__name__}: {error}")

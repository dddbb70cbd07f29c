"""The worker process that judges. If it hangs, is killed or runs out of memory, only one judgement fails.

It reads a request from standard input (a line of JSON), reports that it has loaded what the request needs, and writes
one line per judgement as soon as that is made. `worker_process.py` is the parent's side.
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

GRACE = 5.0  # seconds past the time limit after which it kills itself, in case its parent has died


class JudgeRequest(msgspec.Struct):
    """Questions, and completions each with the index of its question."""

    questions: list[Question]
    completions: list[tuple[int, str]]


class JudgeResponse(msgspec.Struct, omit_defaults=True):
    """A judgement, or "loaded", or an error that the user must fix before anything can be judged."""

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
    read, encoder = msgspec.json.Decoder(JudgeRequest).decode, msgspec.json.Encoder()

    def write(reply: JudgeResponse) -> None:
        target.write(encoder.encode(reply) + b"\n")

    for line in source:
        batch = read(line)
        try:
            for question in batch.questions:
                _load(question)
            write(JudgeResponse(loaded=True))
            for index, completion in batch.completions:
                signal.setitimer(signal.ITIMER_REAL, settings.seconds + GRACE)
                judged = _judge(batch.questions[index], completion, settings)
                signal.setitimer(signal.ITIMER_REAL, 0)
                write(JudgeResponse(*judged))
        except HornbookError as error:
            write(JudgeResponse(error=str(error)))


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Take stdin and stdout for the protocol, and point them at /dev/null for the oracles."""
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    return source, target  # type: ignore[return-value]


def _load(question: Question) -> None:
    """Import what the oracle needs, outside its time limit. If this fails for a question, so will its judgement."""
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
    """Judge; an oracle that calls sys.exit fails its judgement and does not end this process."""
    try:
        return judge_here(question, completion, settings)
    except HornbookError:
        raise
    except BaseException as error:
        return not_judged(f"{type(error).__name__}: {error}")

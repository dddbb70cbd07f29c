"""Judge single completions of Question records; `isolated.Oracles` judges many."""

import atexit
import os
import threading

from hornbook.base.records import Question
from hornbook.oracles.isolated import Oracles
from hornbook.oracles.judgement import Judgement, Outcome
from hornbook.oracles.settings import OracleSettings

_shared: dict[tuple[int, str], Oracles] = {}
_one_at_a_time = threading.Lock()


def judge_question(question: Question, completion: str, settings: OracleSettings | None = None) -> Judgement:
    """Judge a completion by the question's oracle, within the settings' limits on time and memory.

    Raises HornbookError for an unknown oracle, and for one that lacks a package, a function, a sandbox or a model.
    """
    return judge_pairs([(question, completion)], settings)[0]


def judge_pairs(pairs: list[tuple[Question, str]], settings: OracleSettings | None = None) -> list[Judgement]:
    """As `judge_question`, for many at a time; the worker processes are kept for the next call."""
    settings = settings or OracleSettings()
    with _one_at_a_time:
        key = (os.getpid(), settings.model_dump_json())  # a fork must not use its parent's worker processes
        if key not in _shared:
            _shared[key] = Oracles(settings)
        return _shared[key].judge_many(pairs)


def score(question: Question, completion: str) -> float:
    """The score of a completion, in [0, 1]; see `judge_question`."""
    return judge_question(question, completion).score


def is_right(question: Question, completion: str) -> bool:
    return judge_question(question, completion).right is True


def judged_outcome(question: Question, completion: str) -> Outcome:
    """Correct, wrong or not attempted. A question without a reference answer is bogus: every attempt at it is wrong."""
    return judge_question(question, completion).outcome


@atexit.register
def _close() -> None:
    for (process, _), oracles in _shared.items():
        if process == os.getpid():
            oracles.close()

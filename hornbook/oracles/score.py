"""One question, one finished completion: how right is it?"""

from collections.abc import Callable
from typing import NamedTuple

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.records import Question
from hornbook.base.settings import nearest
from hornbook.oracles.answer import extract_answer
from hornbook.oracles.choice import score_choice
from hornbook.oracles.code import score_code
from hornbook.oracles.exact import score_exact
from hornbook.oracles.function import score_function
from hornbook.oracles.fuzzy import score_fuzzy
from hornbook.oracles.gym import score_gym
from hornbook.oracles.mathematics import score_math
from hornbook.oracles.number import score_number
from hornbook.oracles.settings import OracleSettings
from hornbook.oracles.trivia import score_trivia, verdict

__all__ = ["NAMES", "ORACLES", "Judgement", "check_name", "extract_answer", "is_right", "judge", "score", "verdict"]

RIGHT = 0.99  # scores from here on count as right
DEFAULTS = OracleSettings()


class Judgement(NamedTuple):
    score: float  # in [0, 1]; 1 is right
    reason: str  # why it is not 1; "" otherwise
    failed: bool = False  # the oracle itself broke: count it, it says nothing about the answer


ORACLES: dict[str, Callable[[Question, str, OracleSettings], tuple[float, str]]] = {
    "reasoning-gym": lambda question, completion, _: score_gym(question, extract_answer(completion)),
    "number": lambda question, completion, _: score_number(question, extract_answer(completion)),
    "choice": lambda question, completion, _: score_choice(question, extract_answer(completion)),
    "exact": lambda question, completion, _: score_exact(question, extract_answer(completion)),
    "fuzzy": lambda question, completion, s: score_fuzzy(question, extract_answer(completion), s.similarity),
    "math": lambda question, completion, _: score_math(question, completion),
    "code": score_code,
    "trivia": lambda question, completion, _: score_trivia(question, completion),  # a refusal may stand anywhere
}
JUDGE = "judge"  # a judge model: only `guard.Oracles` can ask it
NAMES = [*ORACLES, JUDGE]


def judge(question: Question, completion: str, settings: OracleSettings = DEFAULTS) -> Judgement:
    """Score a completion by the question's oracle. An oracle that raises scores 0, with `failed` and its reason.

    Nothing guards against an oracle that hangs or eats memory: `guard.Oracles` does.
    Raises HornbookError for an oracle nobody knows, and for one that lacks a package, a function or a sandbox.
    """
    try:
        check_name(question.oracle)
    except HornbookError as error:
        raise HornbookError(f"question {question.id}: {error}") from None
    if question.oracle == JUDGE:
        raise HornbookError(f"question {question.id}: the judge model can only be asked through oracles.guard.Oracles")
    try:
        if ":" in question.oracle:
            return Judgement(*score_function(question.oracle, question, completion))
        return Judgement(*ORACLES[question.oracle](question, completion, settings))
    except HornbookError:
        raise
    except Exception as error:
        return Judgement(0.0, one_line(error), failed=True)


def check_name(oracle: str) -> None:
    """Raises HornbookError unless `oracle` is one of NAMES or a function (`file.py:function`, `module:function`)."""
    if oracle not in NAMES and ":" not in oracle:
        hint = nearest(oracle, NAMES)
        raise HornbookError(f"unknown oracle '{oracle}'{hint}, or file.py:function for one of your own")


def score(question: Question, completion: str) -> float:
    """How right a completion is, in [0, 1]; see `judge`."""
    return judge(question, completion).score


def is_right(question: Question, completion: str) -> bool:
    return score(question, completion) >= RIGHT

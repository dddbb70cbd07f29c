"""One question, one finished completion: how right is it?"""

from collections.abc import Callable
from typing import NamedTuple

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.records import Question
from hornbook.base.settings import nearest
from hornbook.oracles.answer import extract_answer
from hornbook.oracles.choice import score_choice
from hornbook.oracles.exact import score_exact
from hornbook.oracles.gym import score_gym
from hornbook.oracles.number import score_number
from hornbook.oracles.trivia import score_trivia, verdict

__all__ = ["ORACLES", "Judgement", "extract_answer", "is_right", "judge", "score", "verdict"]

RIGHT = 0.99  # scores from here on count as right


class Judgement(NamedTuple):
    score: float  # in [0, 1]; 1 is right
    reason: str  # why it is not 1; "" otherwise
    failed: bool = False  # the oracle itself broke: count it, it says nothing about the answer


ORACLES: dict[str, Callable[[Question, str], tuple[float, str]]] = {
    "reasoning-gym": lambda question, completion: score_gym(question, extract_answer(completion)),
    "number": lambda question, completion: score_number(question, extract_answer(completion)),
    "choice": lambda question, completion: score_choice(question, extract_answer(completion)),
    "exact": lambda question, completion: score_exact(question, extract_answer(completion)),
    "trivia": score_trivia,  # reads the whole reply: a refusal may stand anywhere
}


def judge(question: Question, completion: str) -> Judgement:
    """Score a completion by the question's oracle. An oracle that raises scores 0, with `failed` and its reason.

    Raises HornbookError for an oracle nobody knows.
    """
    if question.oracle not in ORACLES:
        hint = nearest(question.oracle, list(ORACLES))
        raise HornbookError(f"question {question.id}: unknown oracle '{question.oracle}'{hint}")
    try:
        return Judgement(*ORACLES[question.oracle](question, completion))
    except Exception as error:
        return Judgement(0.0, one_line(error), failed=True)


def score(question: Question, completion: str) -> float:
    """How right a completion is, in [0, 1]; see `judge`."""
    return judge(question, completion).score


def is_right(question: Question, completion: str) -> bool:
    return score(question, completion) >= RIGHT

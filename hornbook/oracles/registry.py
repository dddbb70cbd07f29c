"""The table of oracles, and judging without limits: only `isolated.py` and `worker.py` call `judge_here`."""

from collections.abc import Callable

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.records import Question
from hornbook.base.settings import nearest
from hornbook.base.thinking import without_thinking
from hornbook.oracles.choice import score_choice
from hornbook.oracles.code import score_code
from hornbook.oracles.judgement import Judgement, not_attempted, not_judged
from hornbook.oracles.mathematics import score_math
from hornbook.oracles.number import score_number
from hornbook.oracles.reasoning_gym import score_gym
from hornbook.oracles.settings import OracleSettings
from hornbook.oracles.text import score_exact, score_fuzzy
from hornbook.oracles.trivia import score_trivia
from hornbook.oracles.user_function import score_function

ORACLES: dict[str, Callable[[Question, str, OracleSettings], Judgement]] = {
    "reasoning-gym": score_gym,
    "number": score_number,
    "math": score_math,
    "choice": score_choice,
    "exact": score_exact,
    "fuzzy": score_fuzzy,
    "code": score_code,
    "trivia": score_trivia,
}
JUDGE = "judge"  # a judge model: only `isolated.Oracles` can ask it
NAMES = [*ORACLES, JUDGE]
CUT_OFF = "the thinking block is cut off before an answer"


def judge_here(question: Question, reply: str, settings: OracleSettings) -> Judgement:
    """Judge a reply by its question's oracle, in this process and without limits on time and memory.

    Thinking blocks are removed first; a user's own function gets the whole reply. An exception in the oracle gives "not
    judged" with its reason. Raises HornbookError for an oracle that lacks a package, a function or a sandbox.
    """
    try:
        if ":" in question.oracle:
            return score_function(question.oracle, question, reply)
        answer = without_thinking(reply)
        if answer is None:
            return not_attempted(CUT_OFF)
        return ORACLES[question.oracle](question, answer, settings)
    except HornbookError:
        raise
    except Exception as error:
        return not_judged(one_line(error))


def check_name(oracle: str) -> None:
    """Raises HornbookError unless `oracle` is one of NAMES or a function (`file.py:function`, `module:function`)."""
    if oracle not in NAMES and ":" not in oracle:
        hint = nearest(oracle, NAMES)
        raise HornbookError(f"unknown oracle '{oracle}'{hint}, or file.py:function for your own")

"""Mathematical expressions, compared by math-verify: 1/2 is 0.5 is \\frac{1}{2}, and (x+1)^2 is x^2+2x+1."""

import logging
import re
from functools import lru_cache
from typing import Any

from hornbook.base.errors import HornbookError
from hornbook.base.records import Question
from hornbook.oracles.extract_answer import extract_answer
from hornbook.oracles.judgement import Judgement, compared, not_attempted
from hornbook.oracles.settings import OracleSettings

LONGEST_ANSWER = 2000  # characters
_MARKED = re.compile(r"\$|\\\(|\\\[|\\boxed")
_PROSE = re.compile(r"(?<![\\a-zA-Z])(?!sqrt|sin|cos|tan|log|exp|inf|pi\b)[a-zA-Z]{3,}")


def score_math(question: Question, completion: str, settings: OracleSettings) -> Judgement:
    """Right when the completion's last \\boxed{...}, else its answer, equals the reference as mathematics.

    Raises HornbookError without math-verify, ValueError when the reference cannot be parsed. It sets no time limit:
    some expressions take for ever, so whoever asks must be able to stop it (`guard.py` is).
    """
    wanted = _reference(question.answer)
    answer = (completion if "\\boxed" in completion else extract_answer(completion))[-LONGEST_ANSWER:]
    given = _parse(answer)
    if not given:
        return not_attempted("no mathematics in the answer")
    right = library().verify(wanted, given, timeout_seconds=None)
    return compared(right, str(given[0]), question.answer)


@lru_cache(maxsize=4096)
def _reference(answer: str) -> Any:
    parsed = _parse(answer)
    if not parsed:
        raise ValueError(f"the reference answer {answer[:80]!r} is no mathematics that math-verify can parse")
    return parsed


def _parse(text: str) -> list[Any]:
    """The expressions in `text`, best first. What bears no marks of LaTeX and holds no words is a formula as it is."""
    bare = not _MARKED.search(text) and not _PROSE.search(text)
    return library().parse(f"${text.strip()}$" if bare else text, parsing_timeout=None)


@lru_cache(maxsize=1)
def library() -> Any:
    """math-verify; importing it and SymPy takes a second. Raises HornbookError when it is missing."""
    try:
        import math_verify
    except ImportError as error:
        raise HornbookError(
            f"oracle 'math' needs math-verify ({error}): pip install 'hornbook[math]', or math-verify by itself"
        ) from None
    logging.getLogger("math_verify").setLevel(logging.CRITICAL)  # its own limits need the main thread; ours do not
    return math_verify

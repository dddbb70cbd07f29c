"""Nearly the same text: for short answers with many spellings."""

from difflib import SequenceMatcher

from hornbook.base.records import Question
from hornbook.oracles.answer import normalise

LONGEST_TEXT = 2000  # characters compared; the time grows with their square


def score_fuzzy(question: Question, answer: str, similarity: float) -> tuple[float, str]:
    """Right when the answer shares at least `similarity` (Ratcliff-Obershelp, in [0, 1]) with the reference, but for
    case, accents and punctuation.

    Raises ValueError when the question has no reference answer.
    """
    wanted = normalise(question.answer)
    if not wanted:
        raise ValueError("the question has no reference answer")
    matcher = SequenceMatcher(None, wanted[:LONGEST_TEXT], normalise(answer)[:LONGEST_TEXT], autojunk=False)
    ratio = matcher.ratio()
    return (1.0, "") if ratio >= similarity else (0.0, f"{ratio:.2f} like {question.answer[:80]!r}")

"""Nearly the same text: for short answers with many spellings."""

from difflib import SequenceMatcher

from hornbook.base.records import Question
from hornbook.oracles.extract_answer import extract_answer
from hornbook.oracles.judgement import Judgement, correct, wrong
from hornbook.oracles.settings import OracleSettings
from hornbook.oracles.text import normalise

LONGEST_TEXT = 2000  # characters compared; the time grows with their square


def score_fuzzy(question: Question, reply: str, settings: OracleSettings) -> Judgement:
    """Right when the answer is like the reference by at least the settings' `similarity` (Ratcliff-Obershelp, 0 to 1),
    but for case, accents and punctuation.

    Raises ValueError when the question has no reference answer.
    """
    wanted = normalise(question.answer)
    if not wanted:
        raise ValueError("the question has no reference answer")
    answer = extract_answer(reply)
    matcher = SequenceMatcher(None, wanted[:LONGEST_TEXT], normalise(answer)[:LONGEST_TEXT], autojunk=False)
    ratio = matcher.ratio()
    if ratio >= settings.similarity:
        return correct(answer[:80])
    return wrong(f"{ratio:.2f} like {question.answer[:80]!r}", answer[:80])

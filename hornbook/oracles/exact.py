"""The same text, but for case, spacing, accents and punctuation."""

from hornbook.base.records import Question
from hornbook.oracles.extract_answer import extract_answer
from hornbook.oracles.judgement import Judgement, compared
from hornbook.oracles.settings import OracleSettings
from hornbook.oracles.text import normalise


def score_exact(question: Question, reply: str, settings: OracleSettings) -> Judgement:
    """Raises ValueError when the question has no reference answer."""
    if not question.answer.strip():
        raise ValueError("the question has no reference answer")
    wanted, given = question.answer.strip(), extract_answer(reply)
    # Answers made of punctuation alone vanish when normalised: compare those as they are.
    same = given == wanted or (normalise(wanted) != "" and normalise(given) == normalise(wanted))
    return compared(same, given, wanted)

"""The same text: case, spaces, quotes, a leading article and a final stop do not count; everything else does."""

from hornbook.base.records import Question
from hornbook.oracles.extract_answer import find_answer
from hornbook.oracles.judgement import Judgement, compared, not_attempted
from hornbook.oracles.settings import OracleSettings
from hornbook.oracles.text import meaning


def score_exact(question: Question, reply: str, settings: OracleSettings) -> Judgement:
    """Raises ValueError when the question has no reference answer."""
    wanted = question.answer.strip()
    if not wanted:
        raise ValueError("the question has no reference answer")
    given = find_answer(reply).text or (reply.strip() if len(reply) <= 2 * len(wanted) else "")
    if not given:
        return not_attempted()
    # Answers made of punctuation alone vanish in meaning: compare those as they are.
    same = given == wanted or (meaning(wanted) != "" and meaning(given) == meaning(wanted))
    return compared(same, given, wanted)

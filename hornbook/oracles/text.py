"""Text answers: equal up to form (`exact`), or similar (`fuzzy`)."""

import re
import unicodedata
from difflib import SequenceMatcher

from hornbook.base.records import Question
from hornbook.oracles.extract_answer import extract_answer, find_answer
from hornbook.oracles.judgement import Judgement, correct, correct_if, not_attempted, wrong
from hornbook.oracles.settings import OracleSettings


def score_exact(question: Question, reply: str, settings: OracleSettings) -> Judgement:
    """Raises ValueError when the question has no reference answer."""
    wanted = question.answer.strip()
    if not wanted:
        raise ValueError("the question has no reference answer")
    given = find_answer(reply).text or (reply.strip() if len(reply) <= 2 * len(wanted) else "")
    if not given:
        return not_attempted()
    # Answers that are only punctuation have an empty canonical text: compare those as they are.
    same = given == wanted or (canonical_text(wanted) != "" and canonical_text(given) == canonical_text(wanted))
    return correct_if(same, given, wanted)


LONGEST_TEXT = 2000  # characters compared; the time grows with their square


def score_fuzzy(question: Question, reply: str, settings: OracleSettings) -> Judgement:
    """Right when the similarity of answer and reference (Ratcliff-Obershelp, 0 to 1; case, accents and punctuation
    ignored) is at least the settings' `similarity`.

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


_ARTICLE = re.compile(r"^(?:the|an?)\s+(?=\w{2})")
_QUOTES = str.maketrans("“”„«»‘’‚`", '"""""\'\'\'\'')
_WRAPPED = re.compile(r"\\(?:text|textbf|mathrm|mbox|operatorname)\s*\{([^{}]*)\}")


def normalise(text: str) -> str:
    """Lower case, single spaces, no accents, no punctuation except within numbers and hyphenated words."""
    text = unicodedata.normalize("NFKD", text).replace("−", "-")
    text = "".join(letter for letter in text if not unicodedata.combining(letter)).casefold()
    text = re.sub(r"(?<!\d)\.|\.(?!\d)|(?<!\w)-(?!\d)|[^\w\s.\-]", " ", text)
    return " ".join(text.split())


def canonical_text(text: str) -> str:
    """A canonical form of a short text: case, spaces, quotes, a leading article and a final full stop are ignored.

    Operators, brackets, signs, accents and the voicing marks of kana are kept.
    """
    text = unicodedata.normalize("NFKC", _WRAPPED.sub(r"\1", text)).replace("−", "-").translate(_QUOTES)
    text = " ".join(text.casefold().split())
    text = re.sub(r"\s*([()\[\]{},;:+*/=<>^|&])\s*", r"\1", text)
    text = text.strip("\"' $")
    text = re.sub(r"(?<=[\w)\]}'\"])\s*[.!?。]+$|^[¿¡]", "", text)
    return _ARTICLE.sub("", text.strip("\"' "))

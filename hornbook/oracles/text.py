"""Text answers: the same but for form (`exact`), or nearly the same (`fuzzy`)."""

import re
import unicodedata
from difflib import SequenceMatcher

from hornbook.base.records import Question
from hornbook.oracles.extract_answer import extract_answer, find_answer
from hornbook.oracles.judgement import Judgement, compared, correct, not_attempted, wrong
from hornbook.oracles.settings import OracleSettings


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


_ARTICLE = re.compile(r"^(?:the|an?)\s+(?=\w{2})")
_QUOTES = str.maketrans("“”„«»‘’‚`", '"""""\'\'\'\'')
_WRAPPED = re.compile(r"\\(?:text|textbf|mathrm|mbox|operatorname)\s*\{([^{}]*)\}")


def normalise(text: str) -> str:
    """Lower case, single spaces, no accents, no punctuation but what belongs to a number or joins a word."""
    text = unicodedata.normalize("NFKD", text).replace("−", "-")
    text = "".join(letter for letter in text if not unicodedata.combining(letter)).casefold()
    text = re.sub(r"(?<!\d)\.|\.(?!\d)|(?<!\w)-(?!\d)|[^\w\s.\-]", " ", text)
    return " ".join(text.split())


def meaning(text: str) -> str:
    """What a short text says, whatever its form: case, spaces, quotes, an article and a final stop do not count.

    Operators, brackets, signs, accents and the marks of kana do.
    """
    text = unicodedata.normalize("NFKC", _WRAPPED.sub(r"\1", text)).replace("−", "-").translate(_QUOTES)
    text = " ".join(text.casefold().split())
    text = re.sub(r"\s*([()\[\]{},;:+*/=<>^|&])\s*", r"\1", text)
    text = text.strip("\"' $")
    text = re.sub(r"(?<=[\w)\]}'\"])\s*[.!?。]+$|^[¿¡]", "", text)
    return _ARTICLE.sub("", text.strip("\"' "))

"""Multiple choice: the letter or the text of one of the choices."""

import re
import string

from hornbook.base.records import Question
from hornbook.oracles.extract_answer import extract_answer, first_line
from hornbook.oracles.judgement import Judgement, correct, wrong
from hornbook.oracles.settings import OracleSettings
from hornbook.oracles.text import normalise

# "B", "(B)", "B.", "B) because", "option B", "the answer is B" ...
_LETTER = re.compile(r"^\(?([A-Z])\)?(?:$|[.:,)]|\s+[-–(])|(?:option|choice|answer is|answer:)\s*\(?([A-Z])\b", re.I)


def score_choice(question: Question, reply: str, settings: OracleSettings) -> Judgement:
    """Right when the answer picks the reference choice, by letter or by its whole text.

    Raises ValueError when the reference is none of the choices.
    """
    wanted = _picked(question.answer, question.choices)
    if wanted is None:
        raise ValueError(f"the reference answer {question.answer!r} is none of the {len(question.choices)} choices")
    given = _picked(first_line(extract_answer(reply)), question.choices)
    if given is None:
        return wrong("none of the choices")
    chosen = _name(given)
    return correct(chosen) if given == wanted else wrong(f"chose {chosen}, expected {_name(wanted)}", chosen)


def _picked(text: str, choices: list[str]) -> int | None:
    """Index of the choice that `text` names. Its whole text goes before its letter: a choice may be called "A"."""
    plain = normalise(text)
    for index, choice in enumerate(choices):
        if plain and plain == normalise(choice):
            return index
    match = _LETTER.search(text.strip())
    if match is None:
        return None
    index = string.ascii_uppercase.index((match.group(1) or match.group(2)).upper())
    return index if index < len(choices) else None


def _name(index: int) -> str:
    return string.ascii_uppercase[index]

"""Trivia: correct, wrong or not attempted, as SimpleQA grades it (report §4.4, appendix A.1)."""

import re

from hornbook.base.records import Question
from hornbook.oracles.entry import entry_of
from hornbook.oracles.extract_answer import extract_answer
from hornbook.oracles.judgement import Judgement, Outcome
from hornbook.oracles.settings import OracleSettings
from hornbook.oracles.text import normalise

_REFUSAL = re.compile(
    r"\b(?:"
    r"(?:do not|don t|did not|didn t|cannot|can t|could not|couldn t) "
    r"(?:know|recall|remember|say|tell|answer|verify|find|confirm)"
    r"|(?:am|m) (?:not sure|unsure|not certain|unaware|not aware|not familiar|unable)"
    r"|(?:do not|don t) have (?:any |enough |reliable |that |this )*(?:information|knowledge|data|record)"
    r"|no (?:information|knowledge|record|idea)|not (?:heard|know) of|never heard of"
    r"|(?:does not|doesn t|do not|don t|may not|might not) (?:seem to |appear to )?exist"
    r"|unknown to me|beyond my knowledge"
    r")\b"
)


def refuses(completion: str) -> bool:
    """Whether a reply declines to answer ("I do not know", "I'm not sure", "there may not exist ...")."""
    return _REFUSAL.search(_plain(completion)) is not None


def _verdict(question: Question, completion: str) -> Outcome:
    """How a reply fares. A question without a reference answer is bogus: every attempt at it is wrong.

    Correct when the reference, or one of `aliases` in the question's entry, stands in the reply as whole words.
    """
    reply = extract_answer(completion)
    if not reply or refuses(completion):
        return "not attempted"
    if not question.answer:
        return "wrong"
    names = [question.answer, *entry_of(question).get("aliases", [])]
    return "correct" if any(_says(reply, name) for name in names) else "wrong"


def score_trivia(question: Question, completion: str, settings: OracleSettings) -> Judgement:
    """1 for a correct answer and for refusing a bogus question, else 0."""
    outcome = _verdict(question, completion)
    right = outcome == ("correct" if question.answer else "not attempted")
    return Judgement(float(right), "" if right else outcome, extract_answer(completion)[:80], outcome)


def _says(reply: str, name: str) -> bool:
    wanted = _plain(name)
    return bool(wanted) and f" {wanted} " in f" {_plain(reply)} "


def _plain(text: str) -> str:
    return normalise(text.replace("’", "'")).replace("-", " ")

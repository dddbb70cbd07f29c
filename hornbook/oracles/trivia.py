"""The trivia oracle: correct, wrong or not attempted, as in SimpleQA (report §4.4, appendix A.1)."""

import re
import unicodedata
from functools import lru_cache

from hornbook.base.records import Question
from hornbook.base.sentences import sentences
from hornbook.oracles.extract_answer import find_answer
from hornbook.oracles.judgement import Judgement, Outcome
from hornbook.oracles.question_entry import entry_of
from hornbook.oracles.refusals import refuses
from hornbook.oracles.settings import OracleSettings

__all__ = ["refuses", "score_trivia"]

_NEGATED = re.compile(
    r"(?:\b(?:not|isn t|wasn t|never|neither|nor|rather than|instead of|unlike|nicht|pas|no es|não é|не)|不是|ではなく)"
    r"(?: \w+){0,3} ?$"
)
_NEGATED_AFTER = re.compile(
    r"^ ?(?:(?:is|was|are|were) (?:not|wrong|incorrect)|isn t|wasn t|ではない|ではありません|不是|is not)"
)
_TURN = re.compile(r"[,;:.!?()\n]|\b(?:but|however|rather|sondern|mais|sino|mas|а)\b")
_GUESS = r"(?:or|oder|ou|или|或者?|または|veya|or maybe|or perhaps|or possibly)"
_HEDGED = re.compile(
    r"\b(?:but|though)?\s*(?:i think|i believe|my (?:best )?guess|(?:might|may|could) be|probably|perhaps|maybe)\b"
)
_ABOUT_THE_QUESTION = re.compile(  # "perhaps the name is different" is no guess at the answer
    r"\b(?:i think|i believe|probably|perhaps|maybe) (?:(?:the|its|that|this|your) (?:name|spelling|question)|you"
    r"|it (?:is spelled|goes by|has|does not|doesn t|is known|is called)|there (?:is|was) (?:a|some|no))\b"
)
_SPACELESS = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
_NUMERALS = {word: str(number) for number, word in enumerate(_WORDS)} | {
    "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90",
}  # fmt: skip


def score_trivia(question: Question, reply: str, settings: OracleSettings) -> Judgement:
    """1 for a correct answer and for refusing a bogus question, else 0.

    A question without a reference answer is bogus: every attempt at it is wrong.
    """
    outcome = _outcome(question, reply)
    right = outcome == ("correct" if question.answer else "not attempted") and bool(reply.strip())
    return Judgement(float(right), "" if right else outcome, find_answer(reply).text[:80], outcome)


def _outcome(question: Question, reply: str) -> Outcome:
    """Correct when the reference, or one of `aliases` in the entry, occurs in the reply as whole words, is not negated
    and is not one of several guesses."""
    if not reply.strip():
        return "not attempted"
    if not question.answer:
        return "not attempted" if refuses(reply) else "wrong"
    names = [name for name in [question.answer, *entry_of(question).get("aliases", [])] if _plain(name)]
    if any(_plain(reply) == _plain(name) for name in names) or any(_says(reply, name) for name in names):
        return "correct"
    for name in names:  # a name may contain the words of a refusal
        reply = re.sub(re.escape(name), " ", reply, flags=re.IGNORECASE)
    plain = _ABOUT_THE_QUESTION.sub(" ", _plain(reply))
    guesses = _HEDGED.search(plain) and re.search(r"\b(?:but|though|maybe|perhaps|guess)\b", plain)
    return "not attempted" if refuses(reply) and not guesses else "wrong"


def _says(reply: str, name: str) -> bool:
    """Whether a sentence of the reply states the name."""
    wanted = _plain(name)
    return any(_states(sentence, wanted) for sentence in sentences(reply))


def _states(sentence: str, wanted: str) -> bool:
    """Whether a sentence contains the name, neither negated in its clause nor one of several guesses."""
    named = _pattern(wanted)
    if not named.search(_plain(sentence)) or _is_guess(sentence, wanted):
        return False
    clauses = [_plain(clause) for clause in _TURN.split(sentence)]
    if not any(named.search(clause) for clause in clauses):  # the name itself contains a comma or a point
        clauses = [_plain(sentence)]
    return any(
        not _NEGATED.search(clause[: match.start()]) and not _NEGATED_AFTER.match(clause[match.end() :])
        for clause in clauses
        for match in named.finditer(clause)
    )


@lru_cache(maxsize=4096)
def _pattern(wanted: str) -> re.Pattern[str]:
    """Matches a name as whole words; in languages without spaces, anywhere."""
    name = re.escape(wanted)
    return re.compile(name if _SPACELESS.search(wanted) else rf"(?<![\w+#]){name}(?![\w+#])")


def _is_guess(sentence: str, wanted: str) -> bool:
    """Whether the name is one of several that "or" joins."""
    plain = _plain(sentence)
    if re.search(rf"\b{_GUESS}\b", wanted):
        return False
    listed = rf"(?<!\w){re.escape(wanted)}(?!\w)"
    if re.search(rf"{listed}(?: \w+){{0,6}}? {_GUESS} \w|\b{_GUESS} (?:\w+ ){{0,2}}{listed}", plain):
        return not re.search(rf"{listed} {_GUESS} (?:simply|just|also known|so|rather)\b", plain)
    return bool(re.search(rf"{re.escape(wanted)}(?:或|または|か)\w", plain)) if _SPACELESS.search(wanted) else False


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    """Lower case, Latin and Greek accents removed, numbers in one form, words separated by single spaces."""
    text = unicodedata.normalize("NFKC", text).replace("−", "-").replace("’", "'").casefold()
    text = "".join(_folded(letter) for letter in text)
    text = re.sub(r"(?<=\d)[,\u202f ](?=\d{3}(?!\d))", "", text)
    text = re.sub(r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?<![a-z])(?=\d)", " ", text)
    text = re.sub(r"(?<=\b[a-z])\.(?=[a-z]\b)", " ", text)
    text = re.sub(r"(?<!\d)\.|\.(?!\d)|[^\w\s.+#]", " ", text)
    words = [_NUMERALS.get(word, word) for word in text.split()]
    return " ".join(words)


def _folded(letter: str) -> str:
    if ord(letter) < 128 or not unicodedata.name(letter, "").startswith(("LATIN", "GREEK")):
        return letter
    return "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))

"""Whether a passage bears out what a teacher wrote: by its sentences, its numbers and its negations.

Programs decide here, by the stems of content words: what they let pass is worded like the passage. That costs some
good paraphrases; it lets few inventions through (report §2.2: groundedness).
"""

import re

from hornbook.base.sentences import sentences
from hornbook.synthetic.words import stems, words

DIGITS = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
COUNTED = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
NUMBER_WORDS = {word: str(value) for value, word in enumerate(COUNTED, start=2)}
NEGATION = re.compile(r"\b(?:not|no|never|none|nor|neither|without|cannot|nothing|unless)\b|n't\b", re.IGNORECASE)
ENOUGH = 0.6  # share of a reference's content words from which a longer answer states it


def numbers(text: str) -> set[str]:
    """Its numbers, "two" to "twelve" and "1,000" as digits; "one" is not counted: it is mostly a pronoun."""
    found = {number.replace(",", "") for number in DIGITS.findall(text)}
    return found | {NUMBER_WORDS[word] for word in words(text) if word in NUMBER_WORDS}


def negations(text: str) -> int:
    return len(NEGATION.findall(text))


def support(statement: str, source: str) -> float:
    """Largest share of the statement's stems that two neighbouring sentences of the source hold."""
    return _best(statement, source, 2)[0]


def evidence(statement: str, source: str) -> str:
    """The sentence of the source that has most of the statement's stems; the first of equals."""
    return _best(statement, source, 1)[1]


def stated(statement: str, source: str, least: float = ENOUGH) -> bool:
    """Whether the source says it: enough of its words close together, its numbers, negated where the source negates."""
    if support(statement, source) < least or numbers(statement) - numbers(source):
        return False
    return bool(negations(statement)) == bool(negations(evidence(statement, source)))


def _best(statement: str, source: str, width: int) -> tuple[float, str]:
    mine, parts = stems(statement), sentences(source)
    windows = [" ".join(parts[start : start + width]) for start in range(max(1, len(parts) - width + 1))]
    shares = [len(mine & stems(window)) / len(mine) if mine else 0.0 for window in windows]
    best = shares.index(max(shares))
    return shares[best], windows[best]


def states(answer: str, reference: str) -> bool:
    """Whether an answer, however long, says the reference: its numbers, most of its words, negated alike."""
    wanted = stems(reference)
    if numbers(reference) - numbers(answer) or negations(answer) % 2 != negations(reference) % 2:
        return False
    return not wanted or len(wanted & stems(answer)) / len(wanted) >= ENOUGH

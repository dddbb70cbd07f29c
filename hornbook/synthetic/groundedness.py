"""Whether a passage supports what a teacher wrote: by word stems, numbers and negations.

This is decided by rules, not by a model, so only text worded like the passage passes. Some good paraphrases are lost,
but few inventions pass (report §2.2: groundedness).
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
    """Its numbers as digits, including "two" to "twelve" and "1,000"; not "one", which is mostly a pronoun."""
    found = {number.replace(",", "") for number in DIGITS.findall(text)}
    return found | {NUMBER_WORDS[word] for word in words(text) if word in NUMBER_WORDS}


def negations(text: str) -> int:
    return len(NEGATION.findall(text))


def support(statement: str, source: str) -> float:
    """The largest share of the statement's stems that occur in two neighbouring sentences of the source."""
    return _best(statement, source, 2)[0]


def evidence(statement: str, source: str) -> str:
    """The sentence of the source with the most of the statement's stems; the first of equals."""
    return _best(statement, source, 1)[1]


def is_supported(statement: str, source: str, least: float = ENOUGH) -> bool:
    """Whether the source supports it: enough of its words close together, all its numbers, and the same negation."""
    if support(statement, source) < least or numbers(statement) - numbers(source):
        return False
    return bool(negations(statement)) == bool(negations(evidence(statement, source)))


def _best(statement: str, source: str, width: int) -> tuple[float, str]:
    mine, parts = stems(statement), sentences(source)
    windows = [" ".join(parts[start : start + width]) for start in range(max(1, len(parts) - width + 1))]
    shares = [len(mine & stems(window)) / len(mine) if mine else 0.0 for window in windows]
    best = shares.index(max(shares))
    return shares[best], windows[best]


def states_reference(answer: str, reference: str) -> bool:
    """Whether an answer of any length contains the reference: its numbers, most of its words, the same negation."""
    wanted = stems(reference)
    if numbers(reference) - numbers(answer) or negations(answer) % 2 != negations(reference) % 2:
        return False
    return not wanted or len(wanted & stems(answer)) / len(wanted) >= ENOUGH

"""A quality score in [0, 1] from interpretable features (in place of the classifiers of report §2.3).

Each feature maps a measured share or mean to [0, 1]: 1 inside the usual range of good text, falling linearly to 0 at
the limits given beside it. The score is their weighted mean.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from hornbook.base.records import Document
from hornbook.base.sentences import sentence_ends
from hornbook.data.filters.clean import spaced_parts

PARTS, PART_CHARS = 3, 1_000  # of a longer document, evenly spaced parts of so many characters are scored
SENTENCE_CHARS = 1_000  # of them for the length of sentences, which takes longest
WORD = re.compile(r"[^\W\d_]+")
DATA_LINE = re.compile(r"^[\s\d.,;:+\-*/()\[\]{}'\"xXeE|=<>#~^_&%]*$")
COMMENT = re.compile(r"^\s*(#|//|/\*|\*|--|;;)|#\s|//\s")
BLOCK = re.compile(r"^\s*(def|class|function|func|fn|public|private|static|struct|impl|type|var|let|const)\b")

_ENGLISH = """
the of and to a in is that for it as with be by on not this are or if can from an at which will when you have
has but all one other then there their its than only may more each any such into between where must should
"""
ENGLISH = frozenset(_ENGLISH.split())
_REASONING = """
because therefore thus hence since so if then when whereas however although unless implies follows suppose
assume given example instance note means consider let must otherwise first second finally compare explain
"""
REASONING = frozenset(_REASONING.split())


class Feature(NamedTuple):
    """Grade 1 from `low` to `high`, falling to 0 at `zero` and at `top`."""

    weight: float
    zero: float
    low: float
    high: float
    top: float

    def grade(self, value: float) -> float:
        if value < self.low:
            return max(0.0, (value - self.zero) / (self.low - self.zero))
        return 1.0 if value <= self.high else max(0.0, (self.top - value) / (self.top - self.high))


PROSE = {
    "letters": Feature(2, 0.4, 0.8, 1, 2),  # share of the characters that are not white space
    "word length": Feature(1, 2, 3.8, 6.5, 12),  # mean, in letters
    "sentence length": Feature(3, 2, 8, 40, 150),  # mean, in words
    "variety": Feature(1, 0.1, 0.45, 0.9, 1.3),  # distinct words ÷ words, of the first 400
    "data lines": Feature(2, -1, 0, 0.05, 0.5),  # share of lines of digits and signs only
    "repeated lines": Feature(1, -1, 0, 0.05, 0.5),  # share of lines that occurred before
    "function words": Feature(4, 0.05, 0.33, 0.7, 1),  # share of the words; English only
    "reasoning": Feature(2, 0, 0.03, 0.2, 0.5),  # share of the words that mark an argument; English only
    "length": Feature(2, 0, 250, 1e9, 2e9),  # words
}
CODE = {
    "letters": Feature(2, 0.3, 0.65, 0.95, 1.5),
    "line length": Feature(2, 8, 28, 55, 120),  # mean, in characters
    "longest line": Feature(1, -1, 0, 120, 1000),
    "data lines": Feature(3, -1, 0, 0.15, 0.6),
    "repeated lines": Feature(1, -1, 0, 0.2, 0.7),
    "comments": Feature(2, 0, 0.12, 0.5, 1),  # share of lines with one
    "structure": Feature(3, 0, 0.05, 0.3, 0.8),  # share of lines that open a function, class or the like
    "variety": Feature(1, 0.05, 0.35, 0.9, 1.3),
    "length": Feature(2, 0, 300, 1e9, 2e9),
}


def quality(document: Document) -> float:
    """The document's score in [0, 1]."""
    table, grades = features(document)
    return sum(table[name].weight * grade for name, grade in grades.items()) / sum(
        table[name].weight for name in grades
    )


def features(document: Document) -> tuple[dict[str, Feature], dict[str, float]]:
    """The table of features for this kind of document, and the grade of each that applies to its language."""
    code = document.kind == "code"
    table = CODE if code else PROSE
    text = spaced_parts(document.text, PARTS, PART_CHARS)
    values = _code_values(text) if code else _prose_values(text, document.language)
    return table, {name: table[name].grade(value) for name, value in values.items()}


def _prose_values(text: str, language: str) -> dict[str, float]:
    words = WORD.findall(text.lower())
    values = _common_values(text, words)
    values["word length"] = _mean(len, words)
    start = text[:SENTENCE_CHARS]
    values["sentence length"] = len(WORD.findall(start)) / max(1, sum(1 for _ in sentence_ends(start)))
    if language in ("en", ""):
        values["function words"] = sum(map(ENGLISH.__contains__, words)) / max(1, len(words))
        values["reasoning"] = sum(map(REASONING.__contains__, words)) / max(1, len(words))
    return values


def _code_values(text: str) -> dict[str, float]:
    lines = [line for line in text.split("\n") if line.strip()]
    values = _common_values(text, WORD.findall(text.lower()))
    values["line length"] = _mean(len, lines)
    values["longest line"] = max(map(len, lines), default=0)
    values["comments"] = sum(bool(COMMENT.search(line)) for line in lines) / max(1, len(lines))
    values["structure"] = sum(bool(BLOCK.match(line)) for line in lines) / max(1, len(lines))
    return values


def _common_values(text: str, words: list[str]) -> dict[str, float]:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return {
        "letters": sum(map(len, words)) / max(1, len("".join(text.split()))),
        "variety": len(set(words[:400])) / max(1, len(words[:400])),
        "data lines": sum(bool(DATA_LINE.match(line)) for line in lines) / max(1, len(lines)),
        "repeated lines": 1 - len(set(lines)) / max(1, len(lines)),
        "length": len(words),
    }


def _mean(measure: Callable[[str], int], items: list[str]) -> float:
    return sum(map(measure, items)) / max(1, len(items))

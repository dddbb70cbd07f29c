"""Words of a text, and measures on them for checks and statistics."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property

# Signs that stand with a letter belong to its word: accents, the vowels of the scripts of India and South-East Asia.
_SIGNS = (
    r"\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0963\u0981-\u0df3\u0e31-\u0ecd\u102b-\u103e\u17b4-\u17d3"
    r"\u200c\u200d"
)
WORD = re.compile(rf"[^\W_]+(?:[{_SIGNS}]+[^\W_]*)*")
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")  # Japanese and Chinese: no spaces between words
_RUN = re.compile(r"[\u3400-\u9fff々]+|[\u3040-\u309f]+|[\u30a0-\u30ffー]+|(?:(?![\u3040-\u30ff\u3400-\u9fff])[^\W_])+")
_KANA = re.compile(r"[\u3040-\u30ff]")
_FUNCTION_WORDS = """
    the of and to a in is that for it as with be by on not this are or if can from an at which will when you have
    has but all one other then there their its than only may more each any such into between where must should was
    were been do does did he she they we his her our your them these those what how why who also so because would
    could about up out no i me my us very just some most both same own being had having over under again here s t
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
SPREAD = 0.05  # of texts' rarity, in parts of the logarithm of their number; measured on encyclopedias
QUINTILES = (-0.84, -0.25, 0.25, 0.84)  # of a normal distribution
STEM = 5  # first letters of a word: "compute", "computed" and "computing" have one stem


def words(text: str) -> list[str]:
    """The words in lower case. Japanese is divided where its script changes, Chinese into overlapping pairs of
    characters, so that texts can be compared without a dictionary."""
    lower = text.lower()
    if not UNSPACED.search(lower):
        return WORD.findall(lower)
    runs = _RUN.findall(lower)
    if _KANA.search(lower):
        return runs
    return [part for run in runs for part in (_pairs(run) if UNSPACED.match(run) else [run])]


def _pairs(run: str) -> list[str]:
    return [run[place : place + 2] for place in range(len(run) - 1)] or [run]


def content_words(text: str) -> list[str]:
    """The words without function words and single letters."""
    return [word for word in words(text) if len(word) > 1 and word not in FUNCTION_WORDS]


def stems(text: str) -> set[str]:
    return {word[:STEM] for word in content_words(text)}


def ngrams(tokens: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(tokens[start : start + n]) for start in range(len(tokens) - n + 1)]


def copied(text: str, source: str, n: int = 5) -> float:
    """Share of the text's word n-grams that occur in `source` too."""
    mine, theirs = ngrams(words(text), n), set(ngrams(words(source), n))
    return sum(gram in theirs for gram in mine) / len(mine) if mine else 0.0


def leaked(text: str, example: str, source: str) -> int:
    """Number of pairs of neighbouring content words shared with the prompt's example but not with the source."""
    mine, shown, own = (set(ngrams(content_words(part), 2)) for part in (text, example, source))
    return len((mine & shown) - own)


def grounded(text: str, source: str) -> float:
    """Share of the text's content words whose stems occur in `source`."""
    mine = stems(text)
    return len(mine & stems(source)) / len(mine) if mine else 0.0


def repetition(text: str, n: int = 3) -> float:
    """Share of the word n-grams that occurred before: 0 for fluent text, near 1 for a loop."""
    grams = ngrams(words(text), n)
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


class Rarity:
    """How rare words are in a corpus, by the number of texts that have them."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = 0
        self.with_word: Counter[str] = Counter()
        for text in texts:
            self.texts += 1
            self.with_word.update(set(words(text)))

    def rare(self, text: str) -> list[str]:
        """Its content words that occur in at most one text in a hundred, with repetitions."""
        limit = max(1, self.texts // 100)
        return [word for word in content_words(text) if self.with_word[word] <= limit]

    def grade(self, text: str) -> int:
        """1 (common words) to 5, in about equal shares: how rare its words are beside those of the whole corpus.

        Words that more than one text in twenty has are left out: function words of any language.
        """
        logs = [
            math.log(self.with_word[word] or 1) for word in content_words(text) if self._tells(self.with_word[word])
        ]
        if not logs:
            return 1
        rarer = (self._mean_log - sum(logs) / len(logs)) / (SPREAD * math.log(max(2, self.texts)))
        return 1 + sum(rarer > limit for limit in QUINTILES)

    def _tells(self, count: int) -> bool:
        return count <= max(2, self.texts / 20)

    @cached_property
    def _mean_log(self) -> float:
        """The mean logarithm of how many texts have a word, over the words of all texts."""
        counts = [count for count in self.with_word.values() if self._tells(count)]
        return sum(count * math.log(count) for count in counts) / max(1, sum(counts))

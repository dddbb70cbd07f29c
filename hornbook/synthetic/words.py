"""Words of a text, and measures on them for checks and statistics."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

# Signs that stand with a letter belong to its word: accents, the vowels of the scripts of India and South-East Asia.
_SIGNS = (
    r"\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0963\u0981-\u0df3\u0e31-\u0ecd\u102b-\u103e\u17b4-\u17d3"
    r"\u200c\u200d"
)
WORD = re.compile(rf"[^\W_]+(?:[{_SIGNS}]+[^\W_]*)*")
_FUNCTION_WORDS = """
    the of and to a in is that for it as with be by on not this are or if can from an at which will when you have
    has but all one other then there their its than only may more each any such into between where must should was
    were been do does did he she they we his her our your them these those what how why who also so because would
    could about up out no i me my us very just some most both same own being had having over under again here s t
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
STEM = 5  # first letters of a word: "compute", "computed" and "computing" have one stem


def words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def tokens_in(text: str) -> int:
    """About how many tokens a text has for a strong model's tokenizer: by its bytes, since its script is unknown."""
    return -(-len(text.encode("utf-8", "replace")) // 4)


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
        """1 (common words) to 5, by the share of rare ones among the content words."""
        mine = content_words(text)
        return 1 + min(4, int(8 * len(self.rare(text)) / len(mine))) if mine else 1

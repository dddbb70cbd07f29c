"""How much of a text is repetition, by Gopher's thresholds (Rae et al. 2021, table A1)."""

from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LINES, LINE_CHARS = 0.30, 0.20  # of the lines, of the characters in them
PARAGRAPHS, PARAGRAPH_CHARS = 0.30, 0.20
MOST_FREQUENT = {2: 0.20, 3: 0.18, 4: 0.16}  # n → share of the characters in the most frequent n-gram
REPEATED = {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}  # n → share of the characters in repeated n-grams


def repetition(words: list[str], lines: list[str], text: str, spaced: bool) -> str:
    """The first threshold that is exceeded, "" if none is. `lines` are those that are not empty.

    Where words are not `spaced` they are single characters, and n-grams twice as long; the most frequent ones are not
    looked at, since two characters are often one word.
    """
    paragraphs = [part for part in map(str.strip, text.split("\n\n")) if part]
    for what, parts, most, most_chars in (
        ("lines", lines, LINES, LINE_CHARS),
        ("paragraphs", paragraphs, PARAGRAPHS, PARAGRAPH_CHARS),
    ):
        if len(set(parts)) < len(parts) and (broken := _repeated_parts(what, parts, most, most_chars)):
            return broken
    return _repeated_words(words, 1 if spaced else 2)


def _repeated_parts(what: str, parts: list[str], most: float, most_chars: float) -> str:
    counts = Counter(parts)
    again = sum(number - 1 for number in counts.values()) / len(parts)
    if again > most:
        return f"{again:.0%} of the {what} are repeated"
    chars = sum((number - 1) * len(part) for part, number in counts.items()) / sum(map(len, parts))
    return f"{chars:.0%} of the characters in repeated {what}" if chars > most_chars else ""


def _repeated_words(words: list[str], per_word: int) -> str:
    """By n-grams, of `per_word` words for each of Gopher's: most texts are cleared by their pairs of words alone."""
    ids_W = np.fromiter(map(hash, words), np.int64, len(words)).view(np.uint64)  # only compared with each other
    pairs = _repeated(ids_W, 2)
    if not pairs.most_often:
        return ""
    lengths_W = np.fromiter(map(len, words), np.int64, len(words))
    total = int(lengths_W.sum())
    in_pairs_G = np.maximum(lengths_W[:-1], lengths_W[1:])[pairs.everywhere_G]
    longest = int(in_pairs_G.max())  # word of an n-gram that is repeated: it consists of repeated pairs
    for n, most in MOST_FREQUENT.items() if per_word == 1 else ():
        if pairs.most_often * n * longest > most * total:
            share = _most_frequent(words, n) / total
            if share > most:
                return f"{share:.0%} of the characters in one {n}-gram"
    shortest = min(REPEATED) * per_word
    if b"\1" * (shortest - 1) not in pairs.everywhere_G.tobytes():
        return ""
    for n, most in REPEATED.items():
        share = _covered(_repeated(ids_W, n * per_word).again_G, lengths_W, n * per_word) / total
        if share > most:
            return f"{share:.0%} of the characters in repeated {n}-grams"
        if share <= min(REPEATED.values()):  # what longer ones cover is covered by shorter ones
            break
    return ""


class _Repeated(NamedTuple):
    """Of the n-gram that begins at each word: is it there more than once, was it there before?"""

    everywhere_G: NDArray[np.bool_]
    again_G: NDArray[np.bool_]
    most_often: int  # how often the most frequent one is there; 0 if none is repeated


def _repeated(ids_W: NDArray[np.uint64], n: int) -> _Repeated:
    size = max(0, len(ids_W) - n + 1)
    hashes_G = ids_W[:size].copy()
    for place in range(1, n):
        hashes_G *= np.uint64(0x9E3779B97F4A7C15)
        hashes_G ^= hashes_G >> np.uint64(29)
        hashes_G += ids_W[place : place + size]
    order_G = np.argsort(hashes_G, kind="stable")
    ordered_G = hashes_G[order_G]
    equal = ordered_G[1:] == ordered_G[:-1]
    everywhere_G, again_G = np.zeros(size, bool), np.zeros(size, bool)
    if not equal.any():
        return _Repeated(everywhere_G, again_G, 0)
    again_G[order_G[1:]] = equal
    everywhere_G[order_G[:-1]] = equal
    bounds = np.flatnonzero(np.concatenate([[True], ~equal, [True]]))
    return _Repeated(everywhere_G | again_G, again_G, int(np.diff(bounds).max()))


def _most_frequent(words: list[str], n: int) -> int:
    """Characters in all places of the n-gram that has most of them, if it is there at least twice."""
    counts = Counter(zip(*(words[place:] for place in range(n)), strict=False))
    return max((count * sum(map(len, ngram)) for ngram, count in counts.items() if count > 1), default=0)


def _covered(again_G: NDArray[np.bool_], lengths_W: NDArray[np.int64], n: int) -> int:
    """Characters of the words in any n-gram that was there before, each counted once."""
    places = np.flatnonzero(again_G)
    marks = np.zeros(len(lengths_W) + 1, np.int64)
    marks[places] += 1
    marks[places + n] -= 1
    return int(lengths_W[np.cumsum(marks[:-1]) > 0].sum())

"""Words and n-grams of many texts at once, as 64-bit hashes in numpy arrays.

A word is a run of letters, digits and combining marks, in lower case; a character of a script that is written
without spaces (Chinese, Japanese) is a word by itself. Names of dimensions: C code points, W words, G n-grams.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Indices = NDArray[np.int64]

BATCH_CHARS = 1 << 19  # arrays of this size stay in the processor's cache
_KNOWN = 0x30000  # code points above are rare ideographs
_LETTER, _IDEOGRAPH = 1, 2
_IDEOGRAPHS = ((0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, _KNOWN))
_BASE = 0xD1342543DE82EF95  # odd, so that it has an inverse modulo 2^64
_STEP = np.uint64(0x9E3779B97F4A7C15)


class Grams(NamedTuple):
    """Hashes in the order of the texts, and the number of the text each comes from (non-decreasing)."""

    hashes: Hashes
    texts: Indices


def batches(texts: Sequence[str], chars: int = BATCH_CHARS) -> Iterator[tuple[int, int]]:
    """Ranges of texts of about `chars` characters each, for functions that work on many texts at once."""
    start = size = 0
    for number, text in enumerate(texts):
        size += len(text)
        if size >= chars:
            yield start, number + 1
            start, size = number + 1, 0
    if start < len(texts):
        yield start, len(texts)


def hash_words(texts: Sequence[str]) -> Grams:
    """Hashes of the words of the texts. A word's hash does not depend on its position."""
    lowered = [text.lower() for text in texts]
    joined = "\n".join(lowered) + "\n"
    codes_C = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    kinds_C = _kinds()[np.minimum(codes_C, _KNOWN)]
    starts_W = np.flatnonzero(_word_starts(kinds_C))
    if not len(starts_W):
        return Grams(np.empty(0, np.uint64), np.empty(0, np.int64))
    powers_C, inverses_C = _powers(1 << (len(codes_C) - 1).bit_length())
    terms_C = codes_C * powers_C[: len(codes_C)]
    terms_C *= kinds_C > 0
    # The sum over a word is its polynomial times base^start; the inverse power removes that factor.
    hashes_W = np.add.reduceat(terms_C, starts_W) * inverses_C[starts_W]
    ends_T = np.cumsum([len(text) + 1 for text in lowered])
    return Grams(_mix(hashes_W), np.searchsorted(ends_T, starts_W, side="right"))


def hash_ngrams(words: Grams, n: int) -> Grams:
    """The n-grams of words, in order and with repetitions; none crosses from one text into the next."""
    count = len(words.hashes) - n + 1
    if count <= 0:
        return Grams(np.empty(0, np.uint64), np.empty(0, np.int64))
    hashes_G = np.full(count, n, np.uint64)
    for place in range(n):
        hashes_G *= _STEP
        hashes_G += words.hashes[place : place + count]
    inside_G = words.texts[:count] == words.texts[n - 1 :]
    return Grams(_mix(hashes_G)[inside_G], words.texts[:count][inside_G])


def unique_per_text(grams: Grams) -> Grams:
    """Each n-gram once per text, sorted by text, then by hash."""
    order = np.lexsort((grams.hashes, grams.texts))
    hashes, texts = grams.hashes[order], grams.texts[order]
    new = np.ones(len(hashes), bool)
    new[1:] = (hashes[1:] != hashes[:-1]) | (texts[1:] != texts[:-1])
    return Grams(hashes[new], texts[new])


def _word_starts(kinds_C: NDArray[np.uint8]) -> NDArray[np.bool_]:
    before_C = np.concatenate([np.zeros(1, np.uint8), kinds_C[:-1]])
    return (kinds_C > 0) & ((before_C != _LETTER) | (kinds_C == _IDEOGRAPH))


def _mix(hashes: Hashes) -> Hashes:
    """Spread the bits, so that any of them can be used to look a hash up."""
    hashes = hashes ^ (hashes >> np.uint64(32))
    hashes *= np.uint64(0xD6E8FEB86659FD93)
    return hashes ^ (hashes >> np.uint64(32))


@lru_cache(maxsize=1)
def _kinds() -> NDArray[np.uint8]:
    """For each code point: 0 between words, 1 in a word, 2 a word by itself."""
    kinds = np.zeros(_KNOWN + 1, np.uint8)
    for code in range(_KNOWN):
        if unicodedata.category(chr(code))[0] in "LNM":
            kinds[code] = _LETTER
    for first, last in _IDEOGRAPHS:
        block = kinds[first : last + 1]
        block[block > 0] = _IDEOGRAPH
    kinds[_KNOWN] = _IDEOGRAPH
    return kinds


@lru_cache(maxsize=4)
def _powers(count: int) -> tuple[Hashes, Hashes]:
    """base^0 .. base^(count - 1) modulo 2^64, and their inverses."""
    both = []
    for base in (_BASE, pow(_BASE, -1, 1 << 64)):
        powers = np.full(count, base, np.uint64)
        powers[0] = 1
        both.append(np.cumprod(powers, dtype=np.uint64))
    return both[0], both[1]

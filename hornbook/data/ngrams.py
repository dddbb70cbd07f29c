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
_STEP = 0x9E3779B97F4A7C15


class Grams(NamedTuple):
    """Hashes in the order of the texts, and the number of the text each comes from (non-decreasing)."""

    hashes: Hashes
    texts: Indices


def batches(texts: Sequence[str], chars: int = BATCH_CHARS) -> Iterator[tuple[int, int]]:
    """Ranges of texts of about `chars` characters each, for functions that work on many texts at once."""
    start = size = 0
    for number, text in enumerate(texts):
        size += len(text) + 1
        if size >= chars:
            yield start, number + 1
            start, size = number + 1, 0
    if start < len(texts):
        yield start, len(texts)


def hash_words(texts: Sequence[str]) -> Grams:
    """Hashes of the words of the texts. A word's hash does not depend on its position."""
    joined = "\n".join(texts) + "\n"
    lowered = joined.lower()
    if len(lowered) != len(joined):  # a few capital letters become two characters
        texts = [text.lower() for text in texts]
    codes_C = _codes(lowered)
    kinds, values = _tables()
    starts_W = np.flatnonzero(_word_starts(kinds.take(codes_C, mode="clip")))
    if not len(starts_W):
        return Grams(np.empty(0, np.uint64), np.empty(0, np.int64))
    powers_C, inverses_C = _powers(max(2 * BATCH_CHARS, 1 << len(codes_C).bit_length()))
    terms_C = values.take(codes_C, mode="clip")
    terms_C *= powers_C[: len(codes_C)]
    # The sum over a word is its polynomial times base^start; the inverse power removes that factor.
    hashes_W = np.add.reduceat(terms_C, starts_W) * inverses_C[starts_W]
    ends_T = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1)
    words_T = np.diff(np.searchsorted(starts_W, ends_T), prepend=0)
    return Grams(_mix(hashes_W), np.repeat(np.arange(len(texts)), words_T))


def word_ranges(text: str) -> NDArray[np.int64]:
    """(W, 2): where each word of `hash_words([text])` starts and ends in the text."""
    lowered = text.lower()
    kinds_C = _tables()[0].take(_codes(lowered + "\n"), mode="clip")
    starts_W = np.flatnonzero(_word_starts(kinds_C))
    breaks_C = np.flatnonzero((kinds_C == 0) | _word_starts(kinds_C))
    ends_W = breaks_C[np.searchsorted(breaks_C, starts_W, side="right")]
    ranges_W2 = np.stack([starts_W, ends_W], axis=1)
    if len(lowered) != len(text):  # a few capital letters become two characters
        origins_C = np.repeat(np.arange(len(text)), [len(character.lower()) for character in text])
        ranges_W2 = np.stack([origins_C[starts_W], origins_C[ends_W - 1] + 1], axis=1)
    return ranges_W2


def windows(hashes_W: Hashes, n: int) -> Hashes:
    """The hash of the n words from each place on; windows that reach into the next text are among them."""
    count = len(hashes_W) - n + 1
    if count <= 0:
        return np.empty(0, np.uint64)
    hashes_G, size = hashes_W, 1
    for bit in bin(n)[3:]:  # n is doubled up to: 7 = 2 · (2 · 1 + 1) + 1
        hashes_G = hashes_G[:-size] * _step(size) + hashes_G[size:]
        size *= 2
        if bit == "1":
            hashes_G = hashes_G[:-1] * _step(1) + hashes_W[size : size + len(hashes_G) - 1]
            size += 1
    return _mix(hashes_G)


def windows_at(hashes_W: Hashes, places: Indices, n: int) -> Hashes:
    """Those of `windows` that begin at these places."""
    hashes_G = np.zeros(len(places), np.uint64)
    for place in range(n):
        hashes_G *= _step(1)
        hashes_G += hashes_W[places + place]
    return _mix(hashes_G)


def within_text(words: Grams, places: Indices, n: int) -> Indices:
    """The places from which n words belong to one text."""
    places = places[places + n <= len(words.texts)]
    return places[words.texts[places] == words.texts[places + n - 1]]


def hash_ngrams(words: Grams, n: int) -> Grams:
    """The n-grams of words, in order and with repetitions; none crosses from one text into the next."""
    hashes_G = windows(words.hashes, n)
    places = within_text(words, np.arange(len(hashes_G)), n)
    return Grams(hashes_G[places], words.texts[places])


def unique_per_text(grams: Grams) -> Grams:
    """Each n-gram once per text, in the order of the texts."""
    keys = pair_keys(grams)
    order = np.argsort(keys)
    new = np.ones(len(keys), bool)
    new[1:] = keys[order[1:]] != keys[order[:-1]]
    kept = np.sort(order[new])
    return Grams(grams.hashes[kept], grams.texts[kept])


def pair_keys(grams: Grams) -> Hashes:
    """One number for each n-gram and its text."""
    return grams.hashes ^ (grams.texts.astype(np.uint64) * np.uint64(_STEP))


def _word_starts(kinds_C: NDArray[np.uint8]) -> NDArray[np.bool_]:
    before_C = np.concatenate([np.zeros(1, np.uint8), kinds_C[:-1]])
    return (kinds_C > 0) & ((before_C != _LETTER) | (kinds_C == _IDEOGRAPH))


def _mix(hashes: Hashes) -> Hashes:
    """Spread the bits, so that any of them can be used to look a hash up."""
    hashes = hashes ^ (hashes >> np.uint64(32))
    hashes *= np.uint64(0xD6E8FEB86659FD93)
    return hashes ^ (hashes >> np.uint64(32))


def _codes(text: str) -> Indices:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64)


def _step(places: int) -> np.uint64:
    return np.uint64(pow(_STEP, places, 1 << 64))


@lru_cache(maxsize=1)
def _tables() -> tuple[NDArray[np.uint8], Hashes]:
    """For each code point: 0 between words, 1 in a word, 2 a word by itself; and its value in a word's hash."""
    kinds = np.zeros(_KNOWN + 1, np.uint8)
    for code in range(_KNOWN):
        if unicodedata.category(chr(code))[0] in "LNM":
            kinds[code] = _LETTER
    for first, last in _IDEOGRAPHS:
        block = kinds[first : last + 1]
        block[block > 0] = _IDEOGRAPH
    kinds[_KNOWN] = _IDEOGRAPH
    return kinds, np.arange(_KNOWN + 1, dtype=np.uint64) * (kinds > 0)


@lru_cache(maxsize=1)
def _powers(count: int) -> tuple[Hashes, Hashes]:
    """base^0 .. base^(count - 1) modulo 2^64, and their inverses."""
    both = []
    for base in (_BASE, pow(_BASE, -1, 1 << 64)):
        powers = np.full(count, base, np.uint64)
        powers[0] = 1
        both.append(np.cumprod(powers, dtype=np.uint64))
    return both[0], both[1]

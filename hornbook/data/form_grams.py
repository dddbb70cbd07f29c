"""The 7-grams and 13-grams of benchmark items in all their forms."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from hornbook.data.benchmark_forms import LONG, SHORT, item_forms
from hornbook.data.benchmarks import BenchmarkItem
from hornbook.data.ngrams import Grams, Hashes, Indices, hash_words, unique_per_text, windows, within_text

_AT_ONCE = 500  # items
_NUMBERS = 10_000  # words that are numbers below this


class FormGrams(NamedTuple):
    """Of all items: the item of each form, the number of 7-grams of the form when it is written once, the pairs of
    7-gram and form, and the pairs of 13-gram and item. Pairs are distinct."""

    item_F: Indices
    size_F: Indices
    short: Grams
    long: Grams


def form_grams(items: Sequence[BenchmarkItem]) -> FormGrams:
    """N-grams of nothing but numbers are left out: any table has them."""
    parts = [_some(items[start : start + _AT_ONCE], start) for start in range(0, len(items), _AT_ONCE)]
    before = np.cumsum([0, *(len(part.item_F) for part in parts)])[:-1]
    return FormGrams(
        np.concatenate([np.empty(0, np.int64), *(part.item_F for part in parts)]),
        np.concatenate([np.empty(0, np.int64), *(part.size_F for part in parts)]),
        _joined(
            [Grams(part.short.hashes, part.short.texts + first) for part, first in zip(parts, before, strict=True)]
        ),
        _joined([part.long for part in parts]),
    )


def covered_grams(items: Sequence[BenchmarkItem], hashes: Hashes) -> Grams:
    """The 13-grams (with the item's number) of the texts in which every 13-gram is one of `hashes`."""
    parts = []
    for start in range(0, len(items), _AT_ONCE):
        texts, _, item_T = _texts(items[start : start + _AT_ONCE])
        grams = _telling(hash_words(texts), LONG)
        others_T = np.bincount(grams.texts[~np.isin(grams.hashes, hashes)], minlength=len(texts))
        covered = others_T[grams.texts] == 0
        parts.append(Grams(grams.hashes[covered], item_T[grams.texts[covered]] + start))
    return _joined(parts)


def _some(items: Sequence[BenchmarkItem], first: int) -> FormGrams:
    texts, form_T, item_T = _texts(items)
    words = hash_words(texts)
    short, long = _telling(words, SHORT), _telling(words, LONG)
    item_F = np.zeros(form_T[-1] + 1, np.int64)
    item_F[form_T] = item_T
    # size of the first text of each form
    size_T = np.bincount(unique_per_text(short).texts, minlength=len(texts))
    first_T = np.unique(form_T, return_index=True)[1]
    return FormGrams(
        item_F + first,
        size_T[first_T],
        unique_per_text(Grams(short.hashes, form_T[short.texts])),
        unique_per_text(Grams(long.hashes, item_T[long.texts] + first)),
    )


def _texts(items: Sequence[BenchmarkItem]) -> tuple[list[str], Indices, Indices]:
    """All texts of all forms, and the form and item of each."""
    rows = [(text, form, item) for form, (item, texts) in enumerate(_forms(items)) for text in texts]
    return [row[0] for row in rows], np.array([row[1] for row in rows]), np.array([row[2] for row in rows])


def _forms(items: Sequence[BenchmarkItem]) -> Iterator[tuple[int, list[str]]]:
    for number, item in enumerate(items):
        for form in item_forms(item):
            yield number, form.texts


def _telling(words: Grams, n: int) -> Grams:
    """The n-grams within texts that have a word besides numbers."""
    hashes = windows(words.hashes, n)
    numbers = _number_words()
    places_W = np.minimum(np.searchsorted(numbers, words.hashes), len(numbers) - 1)
    numbers_W = np.concatenate([[0], np.cumsum(numbers[places_W] == words.hashes)])
    places = within_text(words, np.flatnonzero(numbers_W[n:][: len(hashes)] - numbers_W[: len(hashes)] < n), n)
    return Grams(hashes[places], words.texts[places])


@lru_cache(maxsize=1)
def _number_words() -> Hashes:
    return np.sort(hash_words([" ".join(map(str, range(_NUMBERS)))]).hashes)


def _joined(parts: Sequence[Grams]) -> Grams:
    return Grams(
        np.concatenate([np.empty(0, np.uint64), *(part.hashes for part in parts)]),
        np.concatenate([np.empty(0, np.int64), *(part.texts for part in parts)]),
    )

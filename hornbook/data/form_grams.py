"""The 7-grams and 13-grams of benchmark items in all their forms."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from string import ascii_lowercase
from typing import NamedTuple

import numpy as np

from hornbook.data.benchmark_forms import LONG, SHORT, item_forms
from hornbook.data.benchmarks import BenchmarkItem
from hornbook.data.ngrams import BATCH_CHARS, Grams, Hashes, Indices, hash_words, unique_per_text, windows, within_text

_NUMBERS = 10_000  # words that are numbers below this
_NONE, _NO_HASHES = np.empty(0, np.int64), np.empty(0, np.uint64)


class FormGrams(NamedTuple):
    """Of all items: the item of each form, the number of 7-grams of the form when it is written once, the pairs of
    7-gram and form, and the pairs of 13-gram and item. Pairs are distinct."""

    item_F: Indices
    size_F: Indices
    short: Grams
    long: Grams


def form_grams(items: Sequence[BenchmarkItem]) -> FormGrams:
    """N-grams of nothing but numbers and single letters are left out: any table or list has them."""
    item_F, size_F, short, long = [_NONE], [_NONE], [Grams(_NO_HASHES, _NONE)], [Grams(_NO_HASHES, _NONE)]
    forms = 0
    for batch in _batches(items):
        words = hash_words(batch.texts)
        short_T, long_T = _telling(words, SHORT), _telling(words, LONG)
        first_T = np.unique(batch.form_T, return_index=True)[1]  # the first text of each form
        item_F.append(batch.item_T[first_T])
        size_F.append(np.bincount(unique_per_text(short_T).texts, minlength=len(batch.texts))[first_T])
        short.append(_narrow(unique_per_text(Grams(short_T.hashes, batch.form_T[short_T.texts] + forms))))
        long.append(_narrow(unique_per_text(Grams(long_T.hashes, batch.item_T[long_T.texts]))))
        forms += len(first_T)
    return FormGrams(np.concatenate(item_F), np.concatenate(size_F), _joined(short), _joined(long))


def covered_grams(items: Sequence[BenchmarkItem], hashes: Hashes) -> Grams:
    """The 13-grams (with the item's number) of the texts in which every 13-gram is one of `hashes`."""
    found = [Grams(_NO_HASHES, _NONE)]
    for batch in _batches(items):
        grams = _telling(hash_words(batch.texts), LONG)
        others_T = np.bincount(grams.texts[~np.isin(grams.hashes, hashes)], minlength=len(batch.texts))
        covered = others_T[grams.texts] == 0
        found.append(Grams(grams.hashes[covered], batch.item_T[grams.texts[covered]]))
    return _joined(found)


class _Batch(NamedTuple):
    """Texts of forms, with the number of each one's form in the batch and of its item in all."""

    texts: list[str]
    form_T: Indices
    item_T: Indices


def _batches(items: Sequence[BenchmarkItem]) -> Iterator[_Batch]:
    """All texts of all forms; a batch has about as many characters as `hash_words` is quick with."""
    rows: list[tuple[str, int, int]] = []
    size, form = 0, 0
    for number, item in enumerate(items):
        for made in item_forms(item):
            rows += [(text, form, number) for text in made.texts]
            size += sum(map(len, made.texts))
            form += 1
        if size >= BATCH_CHARS:
            yield _batch(rows)
            rows, size, form = [], 0, 0
    if rows:
        yield _batch(rows)


def _batch(rows: Sequence[tuple[str, int, int]]) -> _Batch:
    return _Batch([row[0] for row in rows], np.array([row[1] for row in rows]), np.array([row[2] for row in rows]))


def _narrow(grams: Grams) -> Grams:
    """With owners of four bytes."""
    return Grams(grams.hashes, grams.texts.astype(np.int32))  # type: ignore[arg-type]


def _telling(words: Grams, n: int) -> Grams:
    """The n-grams within texts that have a word besides numbers and single letters."""
    hashes = windows(words.hashes, n)
    signs = _signs()
    places_W = np.minimum(np.searchsorted(signs, words.hashes), len(signs) - 1)
    signs_W = np.concatenate([[0], np.cumsum(signs[places_W] == words.hashes)])
    places = within_text(words, np.flatnonzero(signs_W[n:][: len(hashes)] - signs_W[: len(hashes)] < n), n)
    return Grams(hashes[places], words.texts[places])


@lru_cache(maxsize=1)
def _signs() -> Hashes:
    """The hashes of numbers and of single letters, sorted."""
    return np.sort(hash_words([" ".join([*map(str, range(_NUMBERS)), *ascii_lowercase])]).hashes)


def _joined(parts: list[Grams]) -> Grams:
    """All of them; the list is emptied, to save memory."""
    joined = Grams(np.concatenate([part.hashes for part in parts]), np.concatenate([part.texts for part in parts]))
    parts.clear()
    return joined

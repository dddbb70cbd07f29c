"""An index from n-grams to benchmark items: a sorted array, with two bitmaps that reject most look-ups."""

import numpy as np
from numpy.typing import NDArray

from hornbook.data.ngrams import Grams, Hashes, Indices

_MOST_BITS = 24  # 16 MB; with three million n-grams, 3 % of unknown ones pass both bitmaps


class NgramIndex:
    """The distinct n-grams of a list of items.

    Attributes:
        sizes_I: number of distinct n-grams of each item.
    """

    def __init__(self, grams: Grams, items: int) -> None:
        """`grams.texts` are the item numbers, from 0 to `items` - 1, in ascending order."""
        order = np.argsort(grams.hashes, kind="stable")  # items stay in ascending order within a hash
        hashes, numbers = grams.hashes[order], grams.texts[order]
        new = np.ones(len(hashes), bool)
        new[1:] = (hashes[1:] != hashes[:-1]) | (numbers[1:] != numbers[:-1])
        self.sizes_I = np.bincount(numbers[new], minlength=items)
        self._set(hashes[new], numbers[new])

    def _set(self, hashes_P: Hashes, items_P: Indices) -> None:
        self._hashes_P, self._items_P = hashes_P, items_P
        bits = min(_MOST_BITS, len(hashes_P).bit_length() + 3)
        self._shift, self._mask = np.uint64(64 - bits), np.uint64((1 << bits) - 1)
        self._high: NDArray[np.bool_] = np.zeros(1 << bits, bool)  # values of the highest bits that occur
        self._low: NDArray[np.bool_] = np.zeros(1 << bits, bool)  # values of the lowest bits that occur
        self._high[hashes_P >> self._shift] = True
        self._low[hashes_P & self._mask] = True

    def remove(self, hashes: Hashes) -> None:
        """Remove these n-grams (`sizes_I` is not changed)."""
        keep = ~np.isin(self._hashes_P, hashes)
        self._set(self._hashes_P[keep], self._items_P[keep])

    def common(self, items: int) -> Hashes:
        """N-grams found in at least `items` items."""
        hashes, counts = np.unique(self._hashes_P, return_counts=True)
        return hashes[counts >= items]

    def known(self, hashes_G: Hashes) -> Indices:
        """Positions in `hashes_G` of the n-grams that are in the index."""
        maybe = np.flatnonzero(self._high[hashes_G >> self._shift])
        maybe = maybe[self._low[hashes_G[maybe] & self._mask]]
        found = np.searchsorted(self._hashes_P, hashes_G[maybe])
        inside = found < len(self._hashes_P)
        maybe, found = maybe[inside], found[inside]
        return maybe[self._hashes_P[found] == hashes_G[maybe]]

    def items(self, hashes_Q: Hashes) -> tuple[Indices, Indices]:
        """All pairs (position in `hashes_Q`, item that contains it), for n-grams that are in the index."""
        first_Q = np.searchsorted(self._hashes_P, hashes_Q, side="left")
        counts_Q = np.searchsorted(self._hashes_P, hashes_Q, side="right") - first_Q
        queries = np.repeat(np.arange(len(hashes_Q)), counts_Q)
        within = np.arange(len(queries)) - np.repeat(np.cumsum(counts_Q) - counts_Q, counts_Q)
        return queries, self._items_P[first_Q[queries] + within]

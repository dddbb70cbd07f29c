"""An index from n-grams to numbered owners (items, or forms of items): a sorted array, with a bitmap before it."""

import numpy as np
from numpy.typing import NDArray

from hornbook.data.ngrams import Grams, Hashes, Indices

_SPARSE = 5  # the bitmap has at least 2^5 bits for each n-gram, so that one unknown n-gram in 32 passes it
_MOST_BITS = 28  # 32 MB


class NgramIndex:
    """The distinct pairs of an n-gram and its owner, sorted by n-gram, then by owner."""

    def __init__(self, grams: Grams) -> None:
        """`grams.texts` are the owners; pairs may repeat, in any order."""
        order = np.lexsort((grams.texts, grams.hashes))
        hashes, owners = grams.hashes[order], grams.texts[order]
        new = np.ones(len(hashes), bool)
        new[1:] = (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1])
        self._set(hashes[new], owners[new].astype(np.int32))

    def _set(self, hashes_P: Hashes, owners_P: NDArray[np.int32]) -> None:
        self.hashes_P, self.owners_P = hashes_P, owners_P
        bits = min(_MOST_BITS, len(hashes_P).bit_length() + _SPARSE)
        self._shift = np.uint64(64 - bits)
        self._bitmap = np.zeros(1 << (bits - 3), np.uint8)
        places_P = hashes_P >> self._shift
        np.bitwise_or.at(self._bitmap, places_P >> np.uint64(3), _BIT[places_P & np.uint64(7)])

    def remove(self, pairs_P: NDArray[np.bool_]) -> None:
        """Remove the marked pairs."""
        self._set(self.hashes_P[~pairs_P], self.owners_P[~pairs_P])

    def common(self, owners: int) -> Hashes:
        """N-grams with at least so many owners."""
        hashes, counts = np.unique(self.hashes_P, return_counts=True)
        return hashes[counts >= owners]

    def known(self, hashes_G: Hashes) -> Indices:
        """Positions in `hashes_G` of the n-grams that are in the index."""
        places_G = hashes_G >> self._shift
        maybe = np.flatnonzero(self._bitmap[places_G >> np.uint64(3)] & _BIT[places_G & np.uint64(7)])
        found = np.searchsorted(self.hashes_P, hashes_G[maybe])
        inside = found < len(self.hashes_P)
        maybe, found = maybe[inside], found[inside]
        return maybe[self.hashes_P[found] == hashes_G[maybe]]

    def owners(self, hashes_Q: Hashes) -> tuple[Indices, Indices]:
        """All pairs (position in `hashes_Q`, owner of that n-gram)."""
        first_Q = np.searchsorted(self.hashes_P, hashes_Q, side="left")
        counts_Q = np.searchsorted(self.hashes_P, hashes_Q, side="right") - first_Q
        queries = np.repeat(np.arange(len(hashes_Q)), counts_Q)
        within = np.arange(len(queries)) - np.repeat(np.cumsum(counts_Q) - counts_Q, counts_Q)
        return queries, self.owners_P[first_Q[queries] + within].astype(np.int64)


_BIT = (1 << np.arange(8)).astype(np.uint8)

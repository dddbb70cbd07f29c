"""An index from n-grams to numbered owners (items, or their forms): a sorted array behind a Bloom filter."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hornbook.data.ngrams import Grams, Hashes, Indices

_SPARSE = 4  # the filter has at least 2^4 bits for each n-gram, of which two are set: one unknown n-gram in 64 passes
_MOST_BITS = 28  # 32 MB
_AT_ONCE = 1 << 20  # n-grams put into the filter, to save memory
TABLES = ("hashes_P", "owners_P", "_filter")
_EIGHTH, _SEVEN = np.uint64(3), np.uint64(7)
_BIT = (1 << np.arange(8)).astype(np.uint8)


class NgramIndex:
    """Distinct pairs of an n-gram and its owner, sorted by n-gram."""

    def __init__(self, grams: Grams) -> None:
        """`grams.texts` are the owners. No pair may be there twice."""
        order = np.argsort(grams.hashes)
        self.hashes_P, self.owners_P = grams.hashes[order], grams.texts[order].astype(np.int32)
        bits = min(_MOST_BITS, len(order).bit_length() + _SPARSE)
        self._filter = np.zeros(1 << (bits - 3), np.uint8)
        self._set_bits()
        for start in range(0, len(order), _AT_ONCE):
            some = self.hashes_P[start : start + _AT_ONCE]
            for places in (some >> self._high, some & self._low):
                np.bitwise_or.at(self._filter, places >> _EIGHTH, _BIT[places & _SEVEN])

    def save(self, folder: Path) -> None:
        """Write the tables into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in TABLES:
            np.save(folder / f"{name}.npy", getattr(self, name))

    @classmethod
    def load(cls, folder: Path) -> "NgramIndex":
        """The tables that were saved, mapped into memory: processes on one machine share them."""
        made = cls.__new__(cls)
        for name in TABLES:
            setattr(made, name, np.load(folder / f"{name}.npy", mmap_mode="r"))
        made._set_bits()
        return made

    def _set_bits(self) -> None:
        """Which bits of a hash are its two places in the filter."""
        bits = (8 * len(self._filter) - 1).bit_length()
        self._high, self._low = np.uint64(64 - bits), np.uint64((1 << bits) - 1)

    def remove(self, pairs: Indices) -> None:
        """Remove the pairs at these places."""
        kept_P = np.ones(len(self.hashes_P), bool)
        kept_P[pairs] = False
        self.hashes_P, self.owners_P = self.hashes_P[kept_P], self.owners_P[kept_P]

    def common(self, owners: int) -> Hashes:
        """N-grams with at least so many owners."""
        starts = np.flatnonzero(np.diff(self.hashes_P, prepend=self.hashes_P[:1] - np.uint64(1)))
        counts = np.diff(starts, append=len(self.hashes_P))
        return self.hashes_P[starts[counts >= owners]]

    def pairs(self, hashes_Q: Hashes) -> tuple[Indices, Indices]:
        """All (position in `hashes_Q`, place of a pair with that n-gram)."""
        first_Q = np.searchsorted(self.hashes_P, hashes_Q, side="left")
        counts_Q = np.searchsorted(self.hashes_P, hashes_Q, side="right") - first_Q
        queries = np.repeat(np.arange(len(hashes_Q)), counts_Q)
        within = np.arange(len(queries)) - np.repeat(np.cumsum(counts_Q) - counts_Q, counts_Q)
        return queries, first_Q[queries] + within

    def owners(self, hashes_Q: Hashes) -> tuple[Indices, Indices]:
        """All (position in `hashes_Q`, owner of that n-gram)."""
        queries, pairs = self.pairs(hashes_Q)
        return queries, self.owners_P[pairs].astype(np.int64)

    def known(self, hashes_G: Hashes) -> Indices:
        """Positions in `hashes_G` of the n-grams that are in the index."""
        maybe = np.flatnonzero(self._in_filter(hashes_G >> self._high))
        maybe = maybe[self._in_filter(hashes_G[maybe] & self._low) > 0]
        found = np.searchsorted(self.hashes_P, hashes_G[maybe])
        inside = found < len(self.hashes_P)
        maybe, found = maybe[inside], found[inside]
        return maybe[self.hashes_P[found] == hashes_G[maybe]]

    def _in_filter(self, places: Hashes) -> NDArray[np.uint8]:
        return self._filter[places >> _EIGHTH] & _BIT[places & _SEVEN]

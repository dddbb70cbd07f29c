"""13-grams that are common in a corpus, for the allow-list of algorithm 1 (report B)."""

from pathlib import Path
from typing import Self
from zipfile import BadZipFile

import numpy as np

from hornbook.base.errors import HornbookError
from hornbook.base.files import atomic
from hornbook.data.ngrams import Hashes, Indices


class CommonGrams:
    """In how many documents of a corpus each 13-gram of the benchmarks is found.

    A corpus may be counted in parts, in any order and in several processes: `Decontaminator.count_common` counts one,
    `save` keeps it, `merge` adds it to others, and `Decontaminator.allow` takes what is common.

    Attributes:
        documents: how many were counted.
    """

    def __init__(self) -> None:
        self.documents = 0
        self._hashes, self._counts = np.empty(0, np.uint64), np.empty(0, np.int64)

    def add(self, hashes: Hashes, documents: int) -> None:
        """Count the 13-grams of so many documents; `hashes` has each one once a document."""
        self._add(hashes, np.ones(len(hashes), np.int64), documents)

    def merge(self, other: "CommonGrams") -> None:
        """Add the counts of another part of the corpus."""
        self._add(other._hashes, other._counts, other.documents)

    def _add(self, hashes: Hashes, counts: Indices, documents: int) -> None:
        self.documents += documents
        self._hashes, places = np.unique(np.concatenate([self._hashes, hashes]), return_inverse=True)
        counts = np.concatenate([self._counts, counts])
        self._counts = np.bincount(places, weights=counts, minlength=len(self._hashes)).astype(np.int64)

    def common(self, documents: float) -> Hashes:
        """The 13-grams in at least so many documents."""
        return self._hashes[self._counts >= documents]

    def save(self, path: Path) -> None:
        with atomic(path) as temporary, temporary.open("wb") as file:
            np.savez(file, hashes=self._hashes, counts=self._counts, documents=self.documents)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises HornbookError if the file is not one that `save` wrote."""
        made = cls()
        try:
            with np.load(path) as arrays:
                made._hashes, made._counts = arrays["hashes"], arrays["counts"]
                made.documents = int(arrays["documents"])
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            raise HornbookError(f"{path}: not a file of counted 13-grams") from None
        return made

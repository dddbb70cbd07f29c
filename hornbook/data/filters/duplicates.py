"""Exact duplicates (the same text up to case and white space) and near-duplicates.

Near-duplicates: MinHash over word 5-grams (rensa), candidates by LSH bands, decided by estimated Jaccard similarity.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import xxhash
from numpy.typing import NDArray
from rensa import RMinHash

from hornbook.base.records import Document
from hornbook.data.ngrams import batches, hash_ngrams, hash_words, unique_per_text

SHINGLE_WORDS = 5
PERMUTATIONS, BANDS = 128, 32  # bands of four: a pair at Jaccard 0.7 becomes a candidate with probability 0.9998
MINHASH_SEED = 20412

Drop = Callable[[Document, str], None]  # (document, reason): called by the filters to set a document aside


def drop_exact_duplicates(documents: list[Document], drop: Drop) -> list[Document]:
    """Keeps the first of each text."""
    first: dict[bytes, str] = {}
    kept = []
    for document in documents:
        key = exact_key(document.text)
        if key in first:
            drop(document, f"exact duplicate: of {first[key]}")
        else:
            first[key] = document.origin
            kept.append(document)
    return kept


def exact_key(text: str) -> bytes:
    """The same for texts that differ in case and white space only."""
    return xxhash.xxh3_128_digest(" ".join(text.lower().split()).encode("utf-8", "surrogatepass"))


def drop_near_duplicates(documents: list[Document], threshold: float, drop: Drop) -> list[Document]:
    """Keeps a document unless an earlier kept one has an estimated Jaccard similarity of at least `threshold`.

    A threshold above 1 keeps everything. Texts of fewer than five words are always kept.
    """
    if threshold > 1 or not documents:
        return documents
    index = NearDuplicates(threshold)
    kept = []
    for document, signature in zip(documents, signed([document.text for document in documents]), strict=True):
        if like := index.like(signature):
            drop(document, f"near duplicate: of {like}")
        else:
            index.add(document.origin, signature)
            kept.append(document)
    return kept


class Signature(NamedTuple):
    """A text's MinHash signature and the keys of its bands; none where it has fewer than five words."""

    values_P: NDArray[np.uint32]
    keys: list[int]


class NearDuplicates:
    """Texts so far, by name, to be asked whether a new one is like any of them."""

    def __init__(self, threshold: float) -> None:
        """`threshold`: the least estimated Jaccard similarity of two texts that are alike."""
        self.threshold = threshold
        self._names: list[str] = []
        self._values_NP = np.empty((1024, PERMUTATIONS), np.uint32)
        self._buckets: list[dict[int, int | list[int]]] = [{} for _ in range(BANDS)]  # one number is no list: memory

    def like(self, signature: Signature) -> str:
        """The name of the first text that is alike; "" if none is."""
        found: set[int] = set()
        for bucket, key in zip(self._buckets, signature.keys, strict=False):
            numbers = bucket.get(key, ())
            found.update((numbers,) if isinstance(numbers, int) else numbers)
        candidates = sorted(found)
        alike = (self._values_NP[candidates] == signature.values_P).mean(axis=1) >= self.threshold
        return self._names[candidates[int(alike.argmax())]] if alike.any() else ""

    def add(self, name: str, signature: Signature) -> None:
        if not signature.keys:
            return
        number = len(self._names)
        if number == len(self._values_NP):
            self._values_NP = np.concatenate([self._values_NP, np.empty_like(self._values_NP)])
        self._values_NP[number] = signature.values_P
        self._names.append(name)
        for bucket, key in zip(self._buckets, signature.keys, strict=True):
            before = bucket.get(key)
            if before is None:
                bucket[key] = number
            elif isinstance(before, int):
                bucket[key] = [before, number]
            else:
                before.append(number)


def signed(texts: Sequence[str]) -> Iterator[Signature]:
    """The signature of each text."""
    values_NP, has_shingles_N = signatures(texts)
    keys_NB = _band_keys(values_NP)
    for values_P, keys_B, any_shingle in zip(values_NP, keys_NB, has_shingles_N, strict=True):
        yield Signature(values_P, keys_B.tolist() if any_shingle else [])


def signatures(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
    """MinHash signatures, shape (texts, 128), and whether a text has any shingle at all."""
    rows, filled = [], []
    for start, end in batches(texts):
        shingles = unique_per_text(hash_ngrams(hash_words(texts[start:end]), SHINGLE_WORDS))
        offsets = np.searchsorted(shingles.texts, np.arange(end - start + 1)).astype(np.uint64)
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(shingles.hashes, offsets, PERMUTATIONS, MINHASH_SEED)
        rows.append(np.asarray(matrix.to_rows(), np.uint32).reshape(-1, PERMUTATIONS))
        filled.append(np.diff(offsets) > 0)
    return np.concatenate(rows), np.concatenate(filled)


def _band_keys(signatures_NP: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """One 64-bit key per band of each signature, shape (texts, BANDS)."""
    keys_NB = np.zeros((len(signatures_NP), BANDS), np.uint64)
    for column in range(PERMUTATIONS // BANDS):
        keys_NB *= np.uint64(0x9E3779B97F4A7C15)
        keys_NB += signatures_NP[:, column :: PERMUTATIONS // BANDS]
    return keys_NB

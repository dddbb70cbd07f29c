"""Exact duplicates (the same text up to case and white space) and near-duplicates.

Near-duplicates: MinHash over word 5-grams (rensa), candidates by LSH bands, decided by estimated Jaccard similarity.
A signature has 128 values of 16 bits, of which two unrelated texts have 2^-16 in common by chance. Four make a band, a
64-bit number. Names of dimensions: N texts, B bands.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import xxhash
from numpy.typing import NDArray
from rensa import RMinHash

from hornbook.base.records import Document
from hornbook.data.ngrams import batches, hash_ngrams, hash_words

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
    return hash_words_only(words_only(text))


def words_only(text: str) -> str:
    """The text in lower case with one space between words."""
    return " ".join(text.lower().split())


def hash_words_only(words: str) -> bytes:
    """`exact_key` of a text whose `words_only` are known."""
    return xxhash.xxh3_128_digest(words.encode("utf-8", "surrogatepass"))


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
    """A text's MinHash signature; `any_shingle` is false where it has fewer than five words."""

    bands_B: NDArray[np.uint64]
    any_shingle: bool


class NearDuplicates:
    """Texts so far, by name, to be asked whether a new one is like any of them."""

    def __init__(self, threshold: float) -> None:
        """`threshold`: the least estimated Jaccard similarity of two texts that are alike."""
        self.threshold = threshold
        self._names: list[str] = []
        self._bands_NB = np.empty((1024, BANDS), np.uint64)
        self._buckets: list[dict[int, int | list[int]]] = [{} for _ in range(BANDS)]  # one number is no list: memory

    def like(self, signature: Signature) -> str:
        """The name of the first text that is alike; "" if none is."""
        if not signature.any_shingle:
            return ""
        found: set[int] = set()
        for bucket, key in zip(self._buckets, signature.bands_B.tolist(), strict=True):
            numbers = bucket.get(key, ())
            found.update((numbers,) if isinstance(numbers, int) else numbers)
        candidates = sorted(found)
        alike = similarities(self._bands_NB[candidates], signature.bands_B[None]) >= self.threshold
        return self._names[candidates[int(alike.argmax())]] if alike.any() else ""

    def add(self, name: str, signature: Signature) -> None:
        if not signature.any_shingle:
            return
        number = len(self._names)
        if number == len(self._bands_NB):
            self._bands_NB = np.concatenate([self._bands_NB, np.empty_like(self._bands_NB)])
        self._bands_NB[number] = signature.bands_B
        self._names.append(name)
        for bucket, key in zip(self._buckets, signature.bands_B.tolist(), strict=True):
            before = bucket.get(key)
            if before is None:
                bucket[key] = number
            elif isinstance(before, int):
                bucket[key] = [before, number]
            else:
                before.append(number)


def signed(texts: Sequence[str]) -> Iterator[Signature]:
    """The signature of each text."""
    bands_NB, any_shingle_N = signatures(texts)
    yield from map(Signature, bands_NB, any_shingle_N.tolist())


def signatures(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """MinHash signatures, shape (texts, BANDS), and whether a text has any shingle at all."""
    rows, filled = [np.empty((0, BANDS), np.uint64)], [np.empty(0, bool)]
    for start, end in batches(texts):
        shingles = hash_ngrams(hash_words(texts[start:end]), SHINGLE_WORDS)
        offsets = np.searchsorted(shingles.texts, np.arange(end - start + 1)).astype(np.uint64)
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(shingles.hashes, offsets, PERMUTATIONS, MINHASH_SEED)
        values_NP = np.asarray(matrix.to_rows(), np.uint32).reshape(-1, PERMUTATIONS).astype(np.uint16)
        rows.append(values_NP.view(np.uint64))
        filled.append(np.diff(offsets) > 0)
    return np.concatenate(rows), np.concatenate(filled)


def similarities(one_NB: NDArray[np.uint64], other_NB: NDArray[np.uint64]) -> NDArray[np.float64]:
    """The estimated Jaccard similarity of each pair of texts, from their bands (shape (pairs, BANDS) or (1, BANDS))."""
    return (one_NB.view(np.uint16) == other_NB.view(np.uint16)).mean(axis=1, dtype=np.float64)

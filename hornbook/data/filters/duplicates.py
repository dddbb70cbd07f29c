"""Exact duplicates (the same text up to case and white space) and near-duplicates.

Near-duplicates: MinHash over word 5-grams (rensa), candidates by LSH bands, decided by estimated Jaccard similarity.
"""

from collections.abc import Callable, Sequence

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
        key = xxhash.xxh3_128_digest(" ".join(document.text.lower().split()).encode("utf-8", "surrogatepass"))
        if key in first:
            drop(document, f"exact duplicate: of {first[key]}")
        else:
            first[key] = document.origin
            kept.append(document)
    return kept


def drop_near_duplicates(documents: list[Document], threshold: float, drop: Drop) -> list[Document]:
    """Keeps a document unless an earlier kept one has an estimated Jaccard similarity of at least `threshold`.

    A threshold above 1 keeps everything. Texts of fewer than five words are always kept.
    """
    if threshold > 1 or not documents:
        return documents
    signatures_NP, has_shingles_N = signatures([document.text for document in documents])
    bands_NB = _band_keys(signatures_NP)
    buckets: list[dict[int, list[int]]] = [{} for _ in range(BANDS)]
    kept = []
    for number, document in enumerate(documents):
        if has_shingles_N[number]:
            keys = bands_NB[number].tolist()
            candidates = sorted(
                {other for bucket, key in zip(buckets, keys, strict=True) for other in bucket.get(key, ())}
            )
            similar = (signatures_NP[candidates] == signatures_NP[number]).mean(axis=1) >= threshold
            if similar.any():
                drop(document, f"near duplicate: of {documents[candidates[int(similar.argmax())]].origin}")
                continue
            for bucket, key in zip(buckets, keys, strict=True):
                bucket.setdefault(key, []).append(number)
        kept.append(document)
    return kept


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

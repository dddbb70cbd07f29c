"""Hashed n-grams of texts: words, and runs of 3 and 5 bytes. They need no tokenizer and no language.

A hash of any run of bytes follows from two prefix sums, as in Rabin and Karp's search: so a batch of texts is hashed by
a few operations on arrays, and Japanese costs as much as English.
"""

from collections.abc import Sequence

import numpy as np

CHARS = 1000  # characters of a text, from its beginning, that are seen
BITS = 15
BUCKETS = 1 << BITS
RUNS = (3, 5)  # bytes
BATCH = 16  # texts hashed at a time
STEPS = 8  # of a value between 0 and 1

_BASE = 0x9E3779B97F4A7C15  # odd, so it has an inverse modulo 2**64
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_WORD = np.array([byte >= 128 or chr(byte).isalnum() for byte in range(256)])
_DIGITS_ALIKE = bytes(ord("0") if chr(byte).isdigit() and byte < 128 else byte for byte in range(256))
_LONGEST = BATCH * (4 * CHARS + 1)  # bytes of a batch


def _powers(base: int) -> np.ndarray:
    powers = np.full(_LONGEST, base, np.uint64)
    powers[0] = 1
    return np.multiply.accumulate(powers)


_POWERS, _INVERSE = _powers(_BASE), _powers(pow(_BASE, -1, 1 << 64))


def embed(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """(values, lengths) of at most BATCH texts: [texts, BUCKETS] in float32, and the Euclidean lengths of the rows.

    The values are square roots of the counts of n-grams, rounded to eighths, times 8: whole numbers, so small that sums
    of their products with weights in 8 bits are exact in any order.
    """
    buckets, rows = _hashed(texts)
    values = np.bincount(rows * BUCKETS + buckets, minlength=len(texts) * BUCKETS).astype(np.float32)
    np.sqrt(values, out=values)
    values *= STEPS
    values = np.rint(values, out=values).reshape(len(texts), BUCKETS)
    return values, np.maximum(1.0, np.sqrt(np.einsum("ij,ij->i", values, values, dtype=np.float64)))


def _hashed(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The bucket of each n-gram, and the number of its text."""
    raw = [text[:CHARS].lower()[:CHARS].encode("utf-8", "replace").translate(_DIGITS_ALIKE) for text in texts]
    lengths = np.array([len(part) + 1 for part in raw])
    data = np.frombuffer(b"\0".join(raw) + b"\0", np.uint8)
    owner = np.repeat(np.arange(len(texts)), lengths)
    sums = np.zeros(len(data) + 1, np.uint64)
    np.cumsum((data.astype(np.uint64) + np.uint64(1)) * _POWERS[: len(data)], out=sums[1:])

    edges = np.flatnonzero(np.diff(_WORD[data], prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    buckets, rows = [_bucket((sums[ends] - sums[starts]) * _INVERSE[starts])], [owner[starts]]
    for length in RUNS:
        first = np.arange(max(0, len(data) - length + 1))
        first = first[owner[first] == owner[first + length - 1]]
        buckets.append(_bucket((sums[first + length] - sums[first]) * _INVERSE[first] + np.uint64(length)))
        rows.append(owner[first])
    return np.concatenate(buckets), np.concatenate(rows)


def _bucket(hashes: np.ndarray) -> np.ndarray:
    return (((hashes ^ (hashes >> np.uint64(29))) * _MIX) >> np.uint64(64 - BITS)).astype(np.int64)

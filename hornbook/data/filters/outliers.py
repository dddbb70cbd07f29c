"""Corrupt text and binaries: outliers of n-gram statistics and compression among texts of their kind (report §2.3).

What is typical of a kind (code or not) and language is learned from a sample of its documents: those with the smallest
hashes, so that it is the same sample however the corpus is divided.
"""

import heapq
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hornbook.base.records import Document

CHARS = 8_192  # characters of a document that are checked
MIN_GROUP = 50  # documents of a kind and language needed to find outliers
SAMPLE = 400  # documents of a kind and language
# compressed ÷ plain size: a repeated line; random data (of 500 bytes or more)
LOWEST_RATIO, HIGHEST_RATIO = 0.06, 0.95
OUTLIER_DEVIATIONS = 8.0  # robust standard deviations from the typical value
MAX_BITS = 8.0  # of a bigram, so that a few names in another script do not make a text an outlier


class SampleText(msgspec.Struct):
    """A document of the sample: the beginning of its text, and its hash."""

    code: bool
    language: str
    hash: str
    text: str


def sample_documents(documents: Iterable[Document], hashes: Iterable[str]) -> list[SampleText]:
    """The sample of these documents, whose hashes depend on their content only."""
    return join_samples(
        SampleText(document.kind == "code", document.language, name, document.text[:CHARS])
        for document, name in zip(documents, hashes, strict=True)
    )


def join_samples(samples: Iterable[SampleText]) -> list[SampleText]:
    """The sample of all documents, from samples of their parts."""
    groups: dict[tuple[bool, str], list[SampleText]] = {}
    for one in samples:
        group = groups.setdefault((one.code, one.language), [])
        group.append(one)
        if len(group) >= 2 * SAMPLE:
            group[:] = _smallest(group)
    return [one for _, group in sorted(groups.items()) for one in _smallest(group)]


def _smallest(group: list[SampleText]) -> list[SampleText]:
    return heapq.nsmallest(SAMPLE, group, key=lambda one: (one.hash, one.text))


class Outliers:
    """Judges documents by what is typical of the sample."""

    def __init__(self, sample: Sequence[SampleText]) -> None:
        groups: dict[tuple[bool, str], list[bytes]] = {}
        for one in sample:
            groups.setdefault((one.code, one.language), []).append(_encoded(one.text))
        self._groups = {name: _Group(texts) for name, texts in groups.items()}

    def reason(self, document: Document) -> str:
        """Why a document is set aside, "" if it is no outlier. Where the sample has few documents of its kind, only
        texts that are nothing but repetition or random bytes are."""
        text = _encoded(document.text)
        length, ratio = len(text), _ratio(text)
        group = self._groups.get((document.kind == "code", document.language))
        ratio_score = group.ratio.score(ratio, length) if group else 0.0
        too_even = ratio < LOWEST_RATIO or (ratio > HIGHEST_RATIO and length >= 500)
        if too_even or abs(ratio_score) > OUTLIER_DEVIATIONS:
            return f"compression: ratio {ratio:.2f}, {ratio_score:+.1f} deviations"
        bits = group.bits(text) if group else 0.0
        if group and (score := group.entropy.score(bits, length)) > OUTLIER_DEVIATIONS:
            return f"n-grams: {bits:.1f} bits a byte, {score:+.1f} deviations"
        return ""


class _Group:
    """What is typical of the texts of a kind and language: compression, and bits per byte under their bigrams."""

    def __init__(self, texts: list[bytes]) -> None:
        counts = np.ones(1 << 16)
        for text in texts:
            counts += np.bincount(_pairs(text), minlength=1 << 16)
        table = counts.reshape(256, 256)
        bits = np.minimum(-np.log2(table / table.sum(axis=1, keepdims=True)), MAX_BITS)
        self._bits = bits.ravel().astype(np.float32)
        lengths_N = np.array([len(text) for text in texts])
        self.ratio = _Typical(np.array([_ratio(text) for text in texts]), lengths_N)
        self.entropy = _Typical(np.array([self.bits(text) for text in texts]), lengths_N)

    def bits(self, text: bytes) -> float:
        return float(self._bits[_pairs(text)].mean(dtype=np.float64)) if len(text) > 1 else 0.0


class _Typical:
    """What is typical for a text's length: medians, and robust standard deviations, of ten classes of length, with
    values between them over log(length). Both figures fall with length, and vary more in short texts."""

    def __init__(self, values_N: NDArray[np.float64], lengths_N: NDArray[np.int64]) -> None:
        self.known = len(values_N) >= MIN_GROUP
        if self.known:
            logs_N = np.log(np.maximum(lengths_N, 1))
            parts = np.array_split(np.argsort(logs_N, kind="stable"), 10)
            self.logs, self.values = (np.array([np.median(v[part]) for part in parts]) for v in (logs_N, values_N))
            distances_N = np.abs(values_N - np.interp(logs_N, self.logs, self.values))
            least = max(np.median(distances_N) / 2, 1e-9)  # texts that are all alike do not make others outliers
            self.spreads = 1.4826 * np.array([max(np.median(distances_N[part]), least) for part in parts])

    def score(self, value: float, length: int) -> float:
        """Distance from the typical value, in robust standard deviations (0 in small groups)."""
        if not self.known:
            return 0.0
        log = np.log(max(length, 1))
        return float((value - np.interp(log, self.logs, self.values)) / np.interp(log, self.logs, self.spreads))


def _encoded(text: str) -> bytes:
    return text[:CHARS].encode("utf-8", "replace")


def _ratio(text: bytes) -> float:
    return len(zlib.compress(text, 1)) / max(1, len(text))


def _pairs(text: bytes) -> NDArray[np.integer[Any]]:
    codes = np.frombuffer(text, np.uint8).astype(np.uint16)
    return codes[:-1] << 8 | codes[1:]

"""Corrupt text and binaries: impossible characters, and outliers of n-gram statistics and compression (report §2.3).

What is usual is learned from a sample of each kind and language, and then each document is judged alone. The sample is
the same however the corpus is divided: `sample_texts` of each part, `merge_samples`, `outlier_limits`, and in a second
pass `outlier_reasons`.
"""

import re
import zlib
from collections.abc import Iterable
from heapq import nsmallest
from typing import NamedTuple

import numpy as np
import xxhash
from numpy.typing import NDArray

from hornbook.base.records import Document
from hornbook.data.filters.duplicates import Drop

CHARS = 8_192  # characters of a document that are checked
SAMPLE = 400  # documents of a group that the limits are learned from
MIN_GROUP = 50  # of them needed to find outliers
BAD_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufffd\ufffe\uffff\ud800-\udfff\ue000-\uf8ff]")
MAX_BAD_SHARE = 0.002
# compressed ÷ plain size: a repeated line; random data (of 500 bytes or more)
LOWEST_RATIO, HIGHEST_RATIO = 0.06, 0.95
OUTLIER_DEVIATIONS = 8.0  # robust standard deviations from the typical value
MAX_BITS = 8.0  # of a bigram, so that a name in another script does not make a text an outlier

Group = tuple[str, str]  # "code" or "prose", and the language
Samples = dict[Group, list[tuple[int, bytes]]]  # a hash of the document's id, by which it was chosen, and its text


class Measures(NamedTuple):
    """Of N texts: bytes, compressed ÷ plain size, bits a byte under the group's byte bigrams."""

    lengths_N: NDArray[np.int64]
    ratios_N: NDArray[np.float64]
    entropies_N: NDArray[np.float64]


class Typical(NamedTuple):
    """The typical value of a measure and its spread (a robust standard deviation), both over log(length)."""

    logs: NDArray[np.float64]
    values: NDArray[np.float64]
    spreads: NDArray[np.float64]

    def deviations(self, values_N: NDArray[np.float64], lengths_N: NDArray[np.int64]) -> NDArray[np.float64]:
        logs_N = np.log(np.maximum(lengths_N, 1))
        spreads_N = np.interp(logs_N, self.logs, self.spreads)
        return (values_N - np.interp(logs_N, self.logs, self.values)) / np.maximum(spreads_N, 1e-9)


class Limits(NamedTuple):
    """What is usual in a group. `bits` are those of each byte bigram, shape (65536,)."""

    bits: NDArray[np.float32]
    ratio: Typical
    entropy: Typical


def bad_characters(text: str) -> str:
    """The reason to drop a text with more than `MAX_BAD_SHARE` of control characters, failed decodings and private
    code points; "" for a good one."""
    start = text[:CHARS]
    share = len(BAD_CHARACTERS.findall(start)) / max(1, len(start))
    return f"bad characters: {share:.1%} of the text" if share > MAX_BAD_SHARE else ""


def sample_texts(documents: Iterable[Document]) -> Samples:
    """At most `SAMPLE` texts of each group, drawn by a hash of the documents' ids."""
    found: Samples = {}
    for document in documents:
        order = xxhash.xxh3_64_intdigest(document.id.encode())
        found.setdefault(_group(document), []).append((order, _checked(document)))
    return merge_samples([found])


def merge_samples(parts: Iterable[Samples]) -> Samples:
    """The sample of all parts together."""
    merged: Samples = {}
    for part in parts:
        for group, texts in part.items():
            merged[group] = nsmallest(SAMPLE, merged.get(group, []) + texts)
    return merged


def outlier_limits(samples: Samples) -> dict[Group, Limits]:
    """What is usual in each group with at least `MIN_GROUP` texts in the sample."""
    return {
        group: _limits([text for _, text in texts])
        for group, texts in sorted(samples.items())
        if len(texts) >= MIN_GROUP
    }


def outlier_reasons(documents: list[Document], limits: dict[Group, Limits]) -> list[str]:
    """The reason to drop each text whose compression or letters are unusual for its kind, language and length; ""
    for the others. Without limits for its group a text is dropped for extreme compression only."""
    reasons = [""] * len(documents)
    groups: dict[Group, list[int]] = {}
    for number, document in enumerate(documents):
        groups.setdefault(_group(document), []).append(number)
    for group, numbers in groups.items():
        texts = [_checked(documents[number]) for number in numbers]
        for number, reason in zip(numbers, _reasons(texts, limits.get(group)), strict=True):
            reasons[number] = reason
    return reasons


def drop_outliers(documents: list[Document], drop: Drop) -> list[Document]:
    """Drop texts that are outliers among texts of their kind and language, in a corpus that fits into memory."""
    reasons = outlier_reasons(documents, outlier_limits(sample_texts(documents)))
    for document, reason in zip(documents, reasons, strict=True):
        if reason:
            drop(document, reason)
    return [document for document, reason in zip(documents, reasons, strict=True) if not reason]


def _group(document: Document) -> Group:
    return ("code" if document.kind == "code" else "prose", document.language)


def _checked(document: Document) -> bytes:
    return document.text[:CHARS].encode("utf-8", "replace")


def _limits(texts: list[bytes]) -> Limits:
    counts = np.ones(1 << 16)
    for text in texts:
        counts += np.bincount(_pairs(text), minlength=1 << 16)
    table = counts.reshape(256, 256)
    bits = np.minimum(-np.log2(table / table.sum(axis=1, keepdims=True)), MAX_BITS).ravel().astype(np.float32)
    measures = _measure(texts, bits)
    return Limits(
        bits,
        _typical(measures.ratios_N, measures.lengths_N),
        _typical(measures.entropies_N, measures.lengths_N),
    )


def _measure(texts: list[bytes], bits: NDArray[np.float32]) -> Measures:
    return Measures(
        np.array([len(text) for text in texts]),
        np.array([len(zlib.compress(text, 1)) / max(1, len(text)) for text in texts]),
        np.array([bits[_pairs(text)].mean(dtype=np.float64) if len(text) > 1 else 0.0 for text in texts]),
    )


def _pairs(text: bytes) -> NDArray[np.integer]:
    """Each byte with the next one, as a number."""
    codes = np.frombuffer(text, np.uint8).astype(np.uint16)
    return (codes[:-1] << 8) | codes[1:]


def _typical(values_N: NDArray[np.float64], lengths_N: NDArray[np.int64]) -> Typical:
    """Medians of ten classes of length: both measures fall with length, and vary more in short texts."""
    logs_N = np.log(np.maximum(lengths_N, 1))
    parts = np.array_split(np.argsort(logs_N, kind="stable"), 10)
    logs, values = (np.array([np.median(every[part]) for part in parts]) for every in (logs_N, values_N))
    distances_N = np.abs(values_N - np.interp(logs_N, logs, values))
    spread = np.median(distances_N)  # a class of like texts must not make all others outliers
    spreads = np.array([max(np.median(distances_N[part]), spread / 2) for part in parts])
    return Typical(logs, values, 1.4826 * spreads)


def _reasons(texts: list[bytes], limits: Limits | None) -> list[str]:
    bits = limits.bits if limits else np.zeros(1 << 16, np.float32)
    measures = _measure(texts, bits)
    nothing_N = np.zeros(len(texts))
    ratio_N = limits.ratio.deviations(measures.ratios_N, measures.lengths_N) if limits else nothing_N
    entropy_N = limits.entropy.deviations(measures.entropies_N, measures.lengths_N) if limits else nothing_N
    extreme_N = (measures.ratios_N < LOWEST_RATIO) | ((measures.ratios_N > HIGHEST_RATIO) & (measures.lengths_N >= 500))
    reasons = []
    for number in range(len(texts)):
        if extreme_N[number] or abs(ratio_N[number]) > OUTLIER_DEVIATIONS:
            reasons.append(f"compression: ratio {measures.ratios_N[number]:.2f}, {ratio_N[number]:+.1f} deviations")
        elif entropy_N[number] > OUTLIER_DEVIATIONS:
            reasons.append(
                f"n-grams: {measures.entropies_N[number]:.1f} bits a byte, {entropy_N[number]:+.1f} deviations"
            )
        else:
            reasons.append("")
    return reasons

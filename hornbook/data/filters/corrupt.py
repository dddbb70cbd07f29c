"""Corrupt text and binaries: impossible characters, and outliers of n-gram statistics and compression (report §2.3)."""

import re
import zlib
from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from hornbook.base.records import Document
from hornbook.data.filters.duplicates import Drop

CHARS = 16_384  # characters of a document that are checked
MIN_GROUP = 50  # documents of a kind and language needed to find outliers
BAD_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufffd\ufffe\uffff\ud800-\udfff\ue000-\uf8ff]")
MAX_BAD_SHARE = 0.002
# compressed ÷ plain size: a repeated line; random data (of 500 bytes or more)
LOWEST_RATIO, HIGHEST_RATIO = 0.06, 0.95
OUTLIER_DEVIATIONS = 8.0  # robust standard deviations from the typical value


def bad_characters(text: str) -> str:
    """The reason to drop a text with more than `MAX_BAD_SHARE` of control characters, failed decodings and private
    code points; "" for a good one."""
    start = text[:CHARS]
    share = len(BAD_CHARACTERS.findall(start)) / max(1, len(start))
    return f"bad characters: {share:.1%} of the text" if share > MAX_BAD_SHARE else ""


def drop_outliers(documents: list[Document], drop: Drop) -> list[Document]:
    """Drop texts whose compression ratio or letter bigrams are outliers among texts of their kind and language."""
    groups: dict[tuple[bool, str], list[int]] = defaultdict(list)
    for number, document in enumerate(documents):
        groups[document.kind == "code", document.language].append(number)
    reasons: dict[int, str] = {}
    for _, numbers in sorted(groups.items()):
        texts = [documents[number].text[:CHARS].encode("utf-8", "replace") for number in numbers]
        for number, reason in zip(numbers, _judge(texts), strict=True):
            if reason:
                reasons[number] = reason
    for number, reason in sorted(reasons.items()):
        drop(documents[number], reason)
    return [document for number, document in enumerate(documents) if number not in reasons]


def _judge(texts: list[bytes]) -> list[str]:
    """A reason for each text that is corrupt, else an empty string."""
    ratios_N = np.array([len(zlib.compress(text, 6)) / max(1, len(text)) for text in texts])
    lengths_N = np.array([len(text) for text in texts])
    entropies_N = _bigram_entropies(texts)
    too_even_N = (ratios_N < LOWEST_RATIO) | ((ratios_N > HIGHEST_RATIO) & (lengths_N >= 500))
    ratio_scores_N = _robust_scores(ratios_N, lengths_N)
    entropy_scores_N = _robust_scores(entropies_N, lengths_N)
    reasons = []
    for number in range(len(texts)):
        if too_even_N[number] or abs(ratio_scores_N[number]) > OUTLIER_DEVIATIONS:
            reasons.append(f"compression: ratio {ratios_N[number]:.2f}, {ratio_scores_N[number]:+.1f} deviations")
        elif entropy_scores_N[number] > OUTLIER_DEVIATIONS:
            reasons.append(
                f"n-grams: {entropies_N[number]:.1f} bits a byte, {entropy_scores_N[number]:+.1f} deviations"
            )
        else:
            reasons.append("")
    return reasons


def _bigram_entropies(texts: list[bytes]) -> NDArray[np.float64]:
    """Bits per byte of each text under the byte bigrams of all texts together."""
    pairs = [_pairs(text) for text in texts]
    counts = np.ones(1 << 16)
    for pair in pairs:
        counts += np.bincount(pair, minlength=1 << 16)
    table = counts.reshape(256, 256)
    bits = -np.log2(table / table.sum(axis=1, keepdims=True)).ravel()
    return np.array([bits[pair].mean() if len(pair) else 0.0 for pair in pairs])


def _pairs(text: bytes) -> NDArray[np.int64]:
    codes = np.frombuffer(text, np.uint8).astype(np.int64)
    return codes[:-1] * 256 + codes[1:]


def _robust_scores(values_N: NDArray[np.float64], lengths_N: NDArray[np.int64]) -> NDArray[np.float64]:
    """Distance from the typical value for the text's length, in robust standard deviations (0 in small groups).

    Both figures fall with length, so the typical value is interpolated over log(length) between medians.
    """
    if len(values_N) < MIN_GROUP:
        return np.zeros(len(values_N))
    logs_N = np.log(np.maximum(lengths_N, 1))
    parts = np.array_split(np.argsort(logs_N, kind="stable"), 10)
    x, y = (np.array([np.median(v[part]) for part in parts]) for v in (logs_N, values_N))
    residuals_N = values_N - np.interp(logs_N, x, y)
    spread = 1.4826 * np.median(np.abs(residuals_N - np.median(residuals_N)))
    return residuals_N / max(spread, 1e-9)

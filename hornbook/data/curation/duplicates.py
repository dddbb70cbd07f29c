"""Exact and near-duplicates among the documents of all shards: groups of copies, of which the best one is kept.

Documents are numbered in the order of the shards. Candidates are documents with a band of their signatures in common
(`filters.duplicates`); pairs of them that are similar enough connect documents to groups. In memory is a band of all
documents and a limited number of pairs at a time. Names of dimensions: N documents, E pairs.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hornbook.base.progress import Bar
from hornbook.data.filters.duplicates import BANDS, PERMUTATIONS

LARGE_BUCKET = 32  # documents, of which all pairs are compared; of more, each with the first and the one before
PAIRS_AT_ONCE = 1 << 22

Band = Callable[[int], NDArray[np.uint64]]  # a band's number → its value in all documents
Numbers = NDArray[np.int64]
Pairs = tuple[Numbers, Numbers]


class Copies(NamedTuple):
    """What is known of each of N documents.

    `keys_N2` are hashes of the whole texts, `any_shingle_N` whether there is a signature, `length_N` characters but for
    white space between words. The best copy is the first of
    those with the greatest length, among those with the greatest quality.
    """

    keys_N2: NDArray[np.uint64]
    any_shingle_N: NDArray[np.bool_]
    quality_N: NDArray[np.float64]
    length_N: NDArray[np.int64]


class Twins(NamedTuple):
    """Documents that are copies, the number of the kept copy of each, and their similarity (1: the same text)."""

    copies: Numbers
    kept: Numbers
    similarity: NDArray[np.float64]


def find_twins(copies: Copies, band: Band, threshold: float, bar: Bar) -> Twins:
    """The documents that are a copy of a better one. A `threshold` above 1 finds exact duplicates only."""
    first_N = _same_text(copies.keys_N2)
    group_N = first_N.copy()
    if threshold <= 1:
        members = np.flatnonzero((first_N == np.arange(len(first_N))) & copies.any_shingle_N)
        for left, right in _candidates(members, band, bar):
            alike = group_N[left] != group_N[right]
            left, right = left[alike], right[alike]
            similar = similarities(left, right, band) >= threshold
            connect(group_N, left[similar], right[similar])
    order = np.lexsort((-copies.length_N, -copies.quality_N, group_N))  # stable: the first of equal ones comes first
    groups, start = np.unique(group_N[order], return_index=True)
    best_N = order[start][np.searchsorted(groups, group_N)]
    removed = np.flatnonzero(best_N != np.arange(len(best_N)))
    kept = best_N[removed]
    similarity = np.where(first_N[removed] == first_N[kept], 1.0, 0.0)
    other = similarity < 1
    similarity[other] = similarities(removed[other], kept[other], band)
    return Twins(removed, kept, similarity)


def _same_text(keys_N2: NDArray[np.uint64]) -> Numbers:
    """For each document the first one with the same text."""
    order = np.lexsort((keys_N2[:, 1], keys_N2[:, 0]))
    new = np.ones(len(order), bool)
    new[1:] = (keys_N2[order[1:]] != keys_N2[order[:-1]]).any(axis=1)
    first = np.empty(len(order), np.int64)
    first[order] = order[np.flatnonzero(new)][np.cumsum(new) - 1]
    return first


def _candidates(members: Numbers, band: Band, bar: Bar) -> Iterator[Pairs]:
    """Pairs of members that have a band in common, each of them once in a batch."""
    waiting: list[Numbers] = []
    count, base = 0, int(members[-1]) + 1 if len(members) else 0
    for number in range(BANDS):
        for left, right in _pairs_in_buckets(band(number)[members]):
            waiting.append(members[left] * base + members[right])
            count += len(left)
            if count >= PAIRS_AT_ONCE:
                yield np.divmod(np.unique(np.concatenate(waiting)), base)
                waiting, count = [], 0
        bar.advance()
    if waiting:
        yield np.divmod(np.unique(np.concatenate(waiting)), base)


def _pairs_in_buckets(values_N: NDArray[np.uint64]) -> Iterator[Pairs]:
    """Pairs of places with equal values, the smaller one first."""
    if len(values_N) < 2:
        return
    order = np.argsort(values_N, kind="stable")
    equal = values_N[order[1:]] == values_N[order[:-1]]
    several = np.append(equal, False) | np.append(False, equal)
    order, starts = order[several], np.flatnonzero(np.append(True, ~equal)[several])
    sizes = np.diff(np.append(starts, len(order)))
    start_N, size_N = np.repeat(starts, sizes), np.repeat(sizes, sizes)
    within_N = np.arange(len(order)) - start_N
    small_N = size_N <= LARGE_BUCKET
    for distance in range(1, int(size_N[small_N].max(initial=1))):
        later = np.flatnonzero(small_N & (within_N >= distance))
        yield order[later - distance], order[later]
    later = np.flatnonzero(~small_N & (within_N > 0))
    yield order[later - 1], order[later]
    yield order[start_N[later]], order[later]


def similarities(left_E: Numbers, right_E: Numbers, band: Band) -> NDArray[np.float64]:
    """The estimated Jaccard similarity of each pair of documents."""
    equal_E = np.zeros(len(left_E), np.int64)
    if len(left_E):
        for number in range(BANDS):
            values_N = band(number)
            one, other = (values_N[side_E].view(np.uint16).reshape(-1, 4) for side_E in (left_E, right_E))
            equal_E += (one == other).sum(axis=1)
    return equal_E / PERMUTATIONS


def connect(group_N: Numbers, left_E: Numbers, right_E: Numbers) -> None:
    """Join the groups of each pair: a group is called by the smallest number in it."""
    while len(left_E):
        one, other = group_N[left_E], group_N[right_E]
        apart = one != other
        left_E, right_E, one, other = left_E[apart], right_E[apart], one[apart], other[apart]
        np.minimum.at(group_N, np.maximum(one, other), np.minimum(one, other))
        while (group_N[group_N] != group_N).any():
            group_N[:] = group_N[group_N]

"""Lines found in many documents of a corpus: navigation, notices, licences. They are cut out of prose.

A passage that is repeated is cut line by line. Code stays as it is, also in prose: indented lines and fenced blocks.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
import xxhash
from numpy.typing import NDArray

from hornbook.base.records import Document

MIN_BYTES = 24  # shorter lines are never cut: headings, names
FENCES = ("```", "~~~")
NOT_PROSE = (" ", "\t", "|", "#", ">>>", "$$", "\\")  # what a line of code, tables, headings and formulas begins with


def line_hashes(document: Document) -> set[int]:
    """A hash of each line of prose in a document."""
    return {_hash(document.text[start:end]) for start, end in _prose_lines(document)}


def count_lines(hashes: Iterable[NDArray[np.uint64]], documents: int, parts: int = 1) -> NDArray[np.uint64]:
    """The hashes that occur at least `documents` times, sorted. `hashes` can be iterated several times, one array for
    each shard; a part of their range is in memory at a time."""
    found = [np.empty(0, np.uint64)]
    edges = [part * (1 << 64) // parts for part in range(parts + 1)]
    for first, end in pairwise(edges):
        inside = [some[(some >= np.uint64(first)) & (some <= np.uint64(end - 1))] for some in hashes]
        values, counts = np.unique(np.concatenate([np.empty(0, np.uint64), *inside]), return_counts=True)
        found.append(values[counts >= documents])
    return np.concatenate(found)


def cut_lines(document: Document, repeated: NDArray[np.uint64]) -> Counter[str]:
    """Cut lines whose hashes are in `repeated` (sorted) out of a document; returns these lines, counted."""
    if not len(repeated):
        return Counter()
    places = list(_prose_lines(document))
    hashes = np.array([_hash(document.text[start:end]) for start, end in places], np.uint64)
    near = np.minimum(np.searchsorted(repeated, hashes), len(repeated) - 1)
    cut = [place for place, hit in zip(places, (repeated[near] == hashes).tolist(), strict=True) if hit]
    lines = Counter(document.text[start:end].strip() for start, end in cut)
    if cut:
        bounds = [0, *(bound for start, end in cut for bound in (start, min(end + 1, len(document.text)))), None]
        kept = (document.text[bounds[n] : bounds[n + 1]] for n in range(0, len(bounds), 2))
        document.text = "".join(kept).strip("\n")
    return lines


def _prose_lines(document: Document) -> Iterator[tuple[int, int]]:
    """(start, end) of each line of prose that is long enough."""
    if document.kind == "code":
        return
    fenced, place = False, 0
    for line in document.text.split("\n"):
        if line.startswith(FENCES):
            fenced = not fenced
        elif not fenced and _is_long(line) and not line.startswith(NOT_PROSE):
            yield place, place + len(line)
        place += len(line) + 1


def _is_long(line: str) -> bool:
    if line.isascii():
        return len(line) >= MIN_BYTES
    return len(line.encode("utf-8", "surrogatepass")) >= MIN_BYTES


def _hash(line: str) -> int:
    return xxhash.xxh3_64_intdigest(line.strip().encode("utf-8", "surrogatepass"))

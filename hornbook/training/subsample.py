"""Limit the number of training records by kind."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeVar

from hornbook.base.records import Pair, Sample
from hornbook.base.rng import derive

R = TypeVar("R", Sample, Pair)


def limit_kinds(records: list[R], maximum: Mapping[str, int], seed: int) -> list[R]:
    """Records sorted by id, each id once, with a random choice of at most `maximum[kind]` of a kind."""
    kept = {record.id: record for record in records}
    order = sorted(kept, key=lambda id: (derive(seed, "choice", id), id))
    seen: Counter[str] = Counter()
    for id in order:
        kind = kept[id].kind
        seen[kind] += 1
        if seen[kind] > maximum.get(kind, seen[kind]):
            del kept[id]
    return [kept[id] for id in sorted(kept)]


def count_kinds(records: Iterable[Sample] | Iterable[Pair]) -> dict[str, int]:
    """The number of records of each kind."""
    return dict(sorted(Counter(record.kind for record in records).items()))

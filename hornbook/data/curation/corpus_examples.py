"""Documents to show on the page of a corpus: those closest to a threshold, and copies with what was kept instead."""

import heapq
from collections import defaultdict
from collections.abc import Iterator

import xxhash

from hornbook.base.records import Document
from hornbook.data.curation.shard import RejectedDocument
from hornbook.data.decontaminator import CONTAMINATED, PARTIAL

EACH = 6  # documents shown for each reason


class CorpusExamples:
    """Keeps a few documents in memory, the same ones whatever their order. All `drop` come before the first `keep`."""

    def __init__(self) -> None:
        self._dropped: dict[str, _Smallest] = defaultdict(_Smallest)
        self._lowest, self._unclear = _Smallest(), _Smallest()
        self._wanted: set[str] | None = None  # ids of kept copies of documents that are shown
        self.twins: dict[str, Document] = {}  # the kept copies by id

    def drop(self, document: RejectedDocument) -> None:
        """Documents with text of benchmarks are left out: some must not be shown (see `contamination_page`)."""
        reason = document.reason.partition(":")[0]
        if reason not in (PARTIAL, CONTAMINATED):
            self._dropped[reason].add(_distance(document), document)

    def keep(self, document: Document) -> None:
        if self._wanted is None:
            self._wanted = {shown.twin for kept in self._dropped.values() for shown in kept if shown.twin}
        if document.id in self._wanted:
            self.twins[document.id] = document
        self._lowest.add(document.quality, document)
        if document.language:
            self._unclear.add(document.language_score, document)

    def dropped(self) -> dict[str, list[RejectedDocument]]:
        """Reason → documents, those that were almost kept first."""
        return {reason: list(kept) for reason, kept in sorted(self._dropped.items())}

    def lowest(self) -> list[Document]:
        """The kept documents of the lowest quality."""
        return list(self._lowest)

    def unclear(self) -> list[Document]:
        """The kept documents whose language is least certain."""
        return list(self._unclear)


class _Smallest:
    """The `EACH` documents with the smallest keys; of equal keys those that a hash of the id puts first."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Document]] = []

    def add(self, key: float, document: Document) -> None:
        if len(self._heap) == EACH and -self._heap[0][0] < key:
            return
        entry = (
            -key,
            -xxhash.xxh3_64_intdigest(f"{document.id} {document.origin}".encode("utf-8", "surrogatepass")),
            document,
        )
        if len(self._heap) < EACH:
            heapq.heappush(self._heap, entry)
        elif entry[:2] > self._heap[0][:2]:
            heapq.heapreplace(self._heap, entry)

    def __iter__(self) -> Iterator:
        return (document for *_, document in sorted(self._heap, key=lambda entry: entry[:2], reverse=True))


def _distance(document: RejectedDocument) -> float:
    """How far a document is from being kept, among those with the same reason."""
    reason = document.reason.partition(":")[0]
    if reason == "low quality":
        return -document.quality
    return document.similarity if document.twin else 0.0

"""Counts of a corpus, document by document, for the report."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec

from hornbook.base.records import Document
from hornbook.data.classifier.selection import topics_of
from hornbook.data.curation.shard import RejectedDocument
from hornbook.data.readers.documents import SOURCES
from hornbook.data.sites import site_of

HISTOGRAM_BINS = 10
LONG = 8_000  # characters
MOST_ORIGINS = 100_000  # that are counted at a time; rare ones are dropped when there are more


class Flow(msgspec.Struct):
    """Documents found and kept, and the characters of those kept."""

    found: int = 0
    kept: int = 0
    characters: int = 0


class CorpusCounts:
    """Documents found, kept and dropped.

    Attributes:
        found: source → number of documents.
        reasons: first words of the reason → source → number of documents.
        origins: source → site (see `sites`) → characters kept.
        flows: "sources", "languages" or "topics" → name → Flow, of the documents whose language or topic is known.
    """

    def __init__(self, found: Counter[str]) -> None:
        self.found = found
        self.reasons: dict[str, Counter[str]] = defaultdict(Counter)
        self.languages: Counter[str] = Counter()
        self.topics: Counter[str] = Counter()  # of prose
        self.origins: dict[str, Counter[str]] = defaultdict(Counter)
        self.flows: dict[str, dict[str, Flow]] = {
            name: defaultdict(Flow) for name in ("sources", "languages", "topics")
        }
        self._sources = {source: _SourceCounts() for source in SOURCES}

    @property
    def documents(self) -> int:
        return sum(source.documents for source in self._sources.values())

    @property
    def characters(self) -> int:
        return sum(source.characters for source in self._sources.values())

    @property
    def mean_quality(self) -> float:
        return sum(source.quality for source in self._sources.values()) / max(1, self.documents)

    def keep(self, document: Document) -> None:
        for flow in self._flows(document):
            flow.found += 1
            flow.kept += 1
            flow.characters += len(document.text)
        self.languages[document.language] += 1
        self.topics.update(topics_of([document]))
        origins = self.origins[document.source]
        origins[site_of(document.origin)] += len(document.text)
        if len(origins) > MOST_ORIGINS:
            self.origins[document.source] = Counter(dict(origins.most_common(MOST_ORIGINS // 2)))
        self._sources[document.source].add(document)

    def drop(self, document: RejectedDocument) -> None:
        for flow in self._flows(document):
            flow.found += 1
        self.reasons[document.reason.partition(":")[0]][document.source] += 1

    def _flows(self, document: Document) -> Iterator[Flow]:
        named = {"sources": document.source, "languages": document.language, "topics": document.topic}
        return (self.flows[table][name] for table, name in named.items() if name)

    def notes(self) -> dict[str, Any]:
        """Tables for the report."""
        return {
            "sources": {source: counts.row(self.found[source]) for source, counts in self._sources.items()},
            "rejected_by_source": {reason: dict(sorted(row.items())) for reason, row in sorted(self.reasons.items())},
            "languages": dict(self.languages.most_common()),
        }


class _SourceCounts:
    """The documents kept of one source."""

    def __init__(self) -> None:
        self.documents = self.characters = self.long = 0
        self.quality = 0.0
        self.histogram = [0] * HISTOGRAM_BINS
        self.kinds: Counter[str] = Counter()

    def add(self, document: Document) -> None:
        self.documents += 1
        self.characters += len(document.text)
        self.quality += document.quality
        self.histogram[min(HISTOGRAM_BINS - 1, int(document.quality * HISTOGRAM_BINS))] += 1
        self.long += len(document.text) >= LONG
        self.kinds[document.kind] += 1

    def row(self, found: int) -> dict[str, Any]:
        return {
            "found": found,
            "documents": self.documents,
            "characters": self.characters,
            "mean_quality": round(self.quality / max(1, self.documents), 4),
            "quality_histogram": self.histogram,  # ten bins from 0 to 1
            "long_documents": self.long,
            "kinds": dict(sorted(self.kinds.items())),
        }

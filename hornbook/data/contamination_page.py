"""A page of what was found of benchmarks in texts: counts, and texts beside the items that they share words with."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hornbook.data.benchmark_sets import SEALED
from hornbook.data.decontaminator import ContaminationVerdict, Decontaminator, count_verdicts, shared_ranges
from hornbook.data.write_page import write_page

NAME = "contamination.html"
SHOWN = 20  # matches of a benchmark
AROUND = 300  # characters shown before and after what is shared
LONGEST = 4_000  # characters shown of a text

Marked = list[tuple[str, bool]]  # pieces of a text, and whether they are marked


class ContaminationPage:
    """Collects the matches of texts that come in parts; each benchmark shows its first ones.

    Of benchmarks whose text must not be published it shows ids and counts only.
    """

    def __init__(self, decontaminator: Decontaminator, compared: int = 0) -> None:
        """`compared`: the number of texts, where only those that may have matches are added; 0: those that are."""
        self._decontaminator = decontaminator
        self._items = {item.id: item for item in decontaminator.items}
        self._texts, self._compared = 0, compared
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        self._matches: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._sealed: dict[str, Counter[str]] = defaultdict(Counter)

    def add(self, names: Sequence[str], texts: Sequence[str], verdicts: Sequence[ContaminationVerdict]) -> None:
        """`names` say which text it is."""
        self._texts += len(texts)
        for benchmark, row in count_verdicts(verdicts).items():
            self._counts[benchmark].update(row)
        for name, text, verdict in zip(names, texts, verdicts, strict=True):
            if verdict.benchmark in SEALED:
                self._sealed[verdict.benchmark][verdict.item] += 1
            elif verdict.benchmark and len(self._matches[verdict.benchmark]) < SHOWN:
                self._matches[verdict.benchmark].append(self._match(name, text, verdict))

    def write(self, folder: Path) -> Path:
        """Write FOLDER/contamination.html; returns its path."""
        items = Counter(item.benchmark for item in self._decontaminator.items)
        too_short = self._decontaminator.too_short
        return write_page(
            folder / NAME,
            "contamination.html.jinja",
            texts=self._compared or self._texts,
            items=len(self._decontaminator.items),
            table=[
                {"name": name, "known": items[name], "too_short": too_short.get(name, 0), **self._counts[name]}
                for name in sorted(items)
            ],
            benchmarks=[self._benchmark(name) for name in sorted(items) if self._counts[name]],
        )

    def _benchmark(self, name: str) -> dict[str, Any]:
        matches, sealed = self._matches.get(name, []), dict(sorted(self._sealed[name].items()))
        left_out = 0 if sealed else self._counts[name].total() - len(matches)
        return {"name": name, "matches": matches, "sealed": sealed, "left_out": left_out}

    def _match(self, name: str, text: str, verdict: ContaminationVerdict) -> dict[str, Any]:
        item = self._items[verdict.item].whole
        spans = verdict.spans or [(0, 0)]
        start, end = max(0, spans[0][0] - AROUND), min(len(text), spans[-1][1] + AROUND)
        return {
            "name": name,
            "verdict": verdict,
            "text": _marked(text, spans, start, min(end, start + LONGEST)),
            "item": _marked(item, shared_ranges(item, text), 0, LONGEST),
        }


def _marked(text: str, spans: Sequence[tuple[int, int]], start: int, end: int) -> Marked:
    """The text from start to end in pieces, those of the spans marked."""
    pieces, place = [], start
    for first, last in spans:
        first, last = max(first, start), min(last, end)
        if first < last:
            pieces += [(text[place:first], False), (text[first:last], True)]
            place = last
    return [*pieces, (text[place:end], False)]

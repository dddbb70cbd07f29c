"""Monitors the diversity of each kind's records during the run: warns of near-duplicates, and can stop a kind.

Decisions use records in the order of their seeds, not of their arrival, so a kind always stops at the same seed,
whatever the teacher's speed and however often the run was restarted (report §9, first failure signature).
"""

from collections import defaultdict

import msgspec

from hornbook.base.progress import console
from hornbook.synthetic.diversity import LEAST_RECORDS, repeating
from hornbook.synthetic.engine import RecordJob, RecordOutcome
from hornbook.synthetic.settings import SynthSettings

EVERY = 32  # seeds of a kind between two checks
WINDOW = 64  # last seeds that a check covers


class _Kind(msgspec.Struct):
    """A kind's records so far: `texts` by the seed's index, checked up to `seen`; records from `end` on are ignored."""

    texts: dict[int, list[str]] = {}
    seen: int = 0
    end: int | None = None
    warned: bool = False


class DiversityMonitor:
    """Attributes: stopped: kind → index of the first seed that is left out."""

    def __init__(self, jobs: list[RecordJob], settings: SynthSettings) -> None:
        self.settings = settings
        self.places: dict[tuple[str, str], int] = {}
        counts: dict[str, int] = defaultdict(int)
        for job in jobs:
            self.places[job.kind.name, job.seed.id] = counts[job.kind.name]
            counts[job.kind.name] += 1
        self._kinds: dict[str, _Kind] = {name: _Kind() for name in counts}

    @property
    def stopped(self) -> dict[str, int]:
        return {name: kind.end for name, kind in self._kinds.items() if kind.end is not None}

    def wants(self, job: RecordJob) -> bool:
        """Whether the record's kind is not stopped before it."""
        end = self._kinds[job.kind.name].end
        return end is None or self.places[job.kind.name, job.seed.id] < end

    def saw(self, outcome: RecordOutcome) -> None:
        """Add a finished record, and check whenever EVERY more seeds in order are finished."""
        name = outcome.job.kind.name
        kind = self._kinds[name]
        kind.texts[self.places[name, outcome.job.seed.id]] = [made.written() for made in outcome.made]
        while kind.end is None and all(place in kind.texts for place in range(kind.seen, kind.seen + EVERY)):
            kind.seen += EVERY
            self._look(name, kind)

    def _look(self, name: str, kind: _Kind) -> None:
        begin = max(0, kind.seen - WINDOW)
        texts = [text for place in range(begin, kind.seen) for text in kind.texts[place]]
        for place in range(max(0, kind.seen - EVERY - WINDOW), begin):
            kind.texts[place] = []  # not needed any more
        if len(texts) < LEAST_RECORDS:
            return
        share = repeating(texts, self.settings.near_duplicate)
        limits = self.settings.diversity
        if limits.stop_at is not None and share >= limits.stop_at:
            kind.end = kind.seen
            console.print(f"  [yellow]stopped[/yellow] {name} after {kind.seen} seeds: {share:.0%} near-duplicates")
        elif share > limits.max_near_duplicates and not kind.warned:
            kind.warned = True
            console.print(f"  [yellow]warning[/yellow] {name}: {share:.0%} of the latest records are near-duplicates")

"""Watches what each kind makes while it is made: says so when records repeat themselves, and stops a kind, if asked.

Decisions are taken on records in the order of their seeds, never of their arrival: a kind that is stopped ends at the
same seed however fast the teacher was and however often the run was killed (report §9, first failure signature).
"""

from collections import defaultdict

import msgspec

from hornbook.base.progress import console
from hornbook.synthetic.diversity import LEAST_RECORDS, repeating
from hornbook.synthetic.engine import Job, Outcome
from hornbook.synthetic.settings import SynthSettings

EVERY = 32  # seeds of a kind between two looks
WINDOW = 64  # of its last seeds are looked at


class _Kind(msgspec.Struct):
    """A kind's records so far. `texts` by the seed's place; looked at up to `seen`; nothing from `end` on counts."""

    texts: dict[int, list[str]] = {}
    seen: int = 0
    end: int | None = None
    warned: bool = False


class Watch:
    """Attributes: stopped: kind → place of the first seed that is left out."""

    def __init__(self, jobs: list[Job], settings: SynthSettings) -> None:
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

    def wants(self, job: Job) -> bool:
        """Whether the record still counts."""
        end = self._kinds[job.kind.name].end
        return end is None or self.places[job.kind.name, job.seed.id] < end

    def saw(self, outcome: Outcome) -> None:
        """Take note of a finished record, and look again where EVERY seeds more are finished in order."""
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
            kind.texts[place] = []  # never looked at again
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

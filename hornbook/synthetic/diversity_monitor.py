"""Monitors the diversity of each kind's records during the run: warns of near-duplicates, and can stop a kind.

Records come in the order of their jobs, not of their arrival, so a kind always stops at the same seed, whatever the
teacher's speed and however often the run was restarted (report §9, first failure signature).
"""

from collections import defaultdict, deque

import msgspec

from hornbook.base.progress import console
from hornbook.synthetic.diversity import LEAST_RECORDS, repeating
from hornbook.synthetic.engine import RecordOutcome
from hornbook.synthetic.settings import SynthSettings

EVERY = 32  # seeds of a kind between two checks
WINDOW = 64  # last seeds that a check covers


def _window() -> deque[list[str]]:
    return deque(maxlen=WINDOW)


class _Kind(msgspec.Struct):
    """A kind's last records: `texts` of each seed."""

    texts: deque[list[str]] = msgspec.field(default_factory=_window)
    seen: int = 0
    warned: bool = False


class DiversityMonitor:
    """Attributes: stopped: kind → number of its seeds when it was stopped."""

    def __init__(self, settings: SynthSettings) -> None:
        self.settings = settings
        self.stopped: dict[str, int] = {}
        self._kinds: dict[str, _Kind] = defaultdict(_Kind)

    def saw(self, outcome: RecordOutcome) -> None:
        """Add the next outcome of its kind, and check after every EVERY of them."""
        name = outcome.job.kind.name
        kind = self._kinds[name]
        kind.texts.append([made.written() for made in outcome.made])
        kind.seen += 1
        if kind.seen % EVERY == 0 and name not in self.stopped:
            self._look(name, kind)

    def _look(self, name: str, kind: _Kind) -> None:
        texts = [text for each in kind.texts for text in each]
        if len(texts) < LEAST_RECORDS:
            return
        share = repeating(texts, self.settings.near_duplicate)
        limits = self.settings.diversity
        if limits.stop_at is not None and share >= limits.stop_at:
            self.stopped[name] = kind.seen
            console.print(f"  [yellow]stopped[/yellow] {name} after {kind.seen} seeds: {share:.0%} near-duplicates")
        elif share > limits.max_near_duplicates and not kind.warned:
            kind.warned = True
            console.print(f"  [yellow]warning[/yellow] {name}: {share:.0%} of the latest records are near-duplicates")

"""The kinds of data set as a list to read (`hornbook synth --list`), and what a run of them will ask of the teacher."""

from typing import NamedTuple

from hornbook.synthetic.kinds import FAMILIES, load_kind
from hornbook.synthetic.settings import SynthSettings


class Entry(NamedTuple):
    """One line of the catalogue."""

    name: str
    about: str
    seeds: str
    stages: tuple[str, ...]
    calls_per_record: int  # at most, with the kind's default settings
    checks: tuple[str, ...]
    source: str  # row of table 5
    report: str


def catalogue() -> list[Entry]:
    """All kinds by name."""
    entries = []
    for name in sorted(FAMILIES):
        kind = load_kind(name)
        entries.append(
            Entry(
                name,
                kind.about,
                kind.seeded_by,
                kind.stages,
                kind.calls(kind.settings()),
                kind.checks,
                kind.source,
                kind.report,
            )
        )
    return entries


def expected_calls(settings: SynthSettings) -> int:
    """The most calls that a run with these settings makes: each record goes through all stages and all its rounds."""
    return sum(kind.records * load_kind(name).calls(kind) for name, kind in settings.kinds.items())

"""The catalogue of kinds (`hornbook synth --list`), and the number of teacher calls to expect of a run."""

import importlib
from collections.abc import Iterator
from typing import NamedTuple

from hornbook.synthetic.kinds import FAMILIES, load_kind
from hornbook.synthetic.measured_yields import Measured, measured
from hornbook.synthetic.settings import SynthSettings, kinds_named


class CatalogueEntry(NamedTuple):
    """One kind in the catalogue."""

    name: str
    family: str
    about: str
    seeds: str
    stages: tuple[str, ...]
    calls_per_record: int  # at most, with the kind's default settings
    checks: tuple[str, ...]
    source: str  # row of table 5
    report: str
    measured: Measured | None


def catalogue() -> list[CatalogueEntry]:
    """All kinds, by family and name."""
    yields = measured()
    entries = []
    for name, family in FAMILIES.items():
        kind = load_kind(name)
        calls = kind.calls(kind.settings())
        entries.append(
            CatalogueEntry(
                name,
                family,
                kind.about,
                kind.seeded_by,
                kind.stages,
                calls,
                kind.checks,
                kind.source,
                kind.report,
                yields.get(name),
            )
        )
    return sorted(entries, key=lambda entry: (entry.family, entry.name))


def listing(name: str = "") -> Iterator[str]:
    """The catalogue as lines of text, a paragraph for each kind: of all kinds, or of the kind or family `name`.
    Raises HornbookError when there is none."""
    chosen = kinds_named([name] if name else FAMILIES)
    entries = [entry for entry in catalogue() if entry.name in chosen]
    yield f"{len(entries)} kind{'s' * (len(entries) > 1)}. `--kinds NAME` runs one, a family's name all of its kinds.\n"
    family = ""
    for entry in entries:
        if entry.family != family:
            family = entry.family
            about = (importlib.import_module(f"hornbook.synthetic.kinds.{family}").__doc__ or "").strip()
            yield f"{family.upper()}: {about}\n"
        yield f"  {entry.name}: {entry.about}"
        yield f"    seeds: {entry.seeds}"
        yield f"    stages: {', '.join(entry.stages)} (at most {entry.calls_per_record} calls a record)"
        yield f"    checks: {', '.join(entry.checks)}"
        yield f"    source: {entry.source}; report {entry.report}; yield: {yielded(entry.measured)}\n"


def yielded(row: Measured | None) -> str:
    """A measured yield in words."""
    if row is None:
        return "not measured"
    return f"{row.kept} kept of {row.seeds} seeds, {row.calls} calls ({row.teacher})"


def expected_calls(settings: SynthSettings) -> int:
    """The number of calls of a run in which all that is begun passes, through all stages and rounds."""
    return sum(kind.records * load_kind(name, settings.profile).calls(kind) for name, kind in settings.kinds.items())


def expected_verify_calls(settings: SynthSettings) -> int:
    """How many of the expected calls the verifier may answer."""
    return sum(
        kind.records * load_kind(name, settings.profile).verify_calls(kind) for name, kind in settings.kinds.items()
    )


def markdown() -> Iterator[str]:
    """The catalogue as a Markdown table: `python -m hornbook.synthetic.catalogue`."""
    yield "| family | kind | what it makes | calls a record, at most | kept of seeds | calls made | checks |"
    yield "| --- | --- | --- | ---: | ---: | ---: | --- |"
    for entry in catalogue():
        row = entry.measured
        counts = f"{row.kept} of {row.seeds} | {row.calls}" if row else "– | –"
        cells = [entry.family, f"`{entry.name}`", entry.about, str(entry.calls_per_record), counts]
        yield f"| {' | '.join(cells)} | {', '.join(entry.checks)} |"


if __name__ == "__main__":
    print("\n".join(markdown()))

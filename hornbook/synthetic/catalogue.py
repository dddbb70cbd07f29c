"""The catalogue of kinds (`hornbook synth --list`)."""

import importlib
from collections.abc import Iterator
from typing import NamedTuple

from hornbook.synthetic.expected import of_record
from hornbook.synthetic.kinds import FAMILIES, load_kind
from hornbook.synthetic.measured_yields import Measured, measured
from hornbook.synthetic.passages import PassageSettings
from hornbook.synthetic.settings import kinds_named
from hornbook.teacher.cost import Expected


class CatalogueEntry(NamedTuple):
    """One kind in the catalogue."""

    name: str
    family: str
    about: str
    seeds: str
    stages: tuple[str, ...]
    calls_per_record: int  # at most, with the kind's default settings
    expected: Expected  # of a record
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
                of_record(kind, kind.settings(), PassageSettings()).all(),
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
    chosen = kinds_named(FAMILIES if name in ("", "kinds") else [name])
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
        yield f"    stages: {', '.join(entry.stages)}"
        yield f"    a record: {costs(entry.expected)}; at most {entry.calls_per_record} calls"
        yield f"    checks: {', '.join(entry.checks)}"
        yield f"    source: {entry.source}; report {entry.report}; yield: {yielded(entry.measured)}\n"


def costs(expected: Expected) -> str:
    """What a record is expected to cost, in words."""
    calls, tokens_in, tokens_out = expected
    return f"about {calls:.1f} calls, {tokens_in:,.0f} tokens in and {tokens_out:,.0f} out"


def yielded(row: Measured | None) -> str:
    """A measured yield in words."""
    if row is None:
        return "not measured"
    return f"{row.kept} kept of {row.seeds} seeds, {row.calls} calls ({row.teacher})"


def markdown() -> Iterator[str]:
    """The catalogue as a Markdown table: `python -m hornbook.synthetic.catalogue`."""
    yield "| family | kind | what it makes | calls a record | tokens in | tokens out | calls at most | checks |"
    yield "| --- | --- | --- | ---: | ---: | ---: | ---: | --- |"
    for entry in catalogue():
        calls, tokens_in, tokens_out = entry.expected
        numbers = [f"{calls:.1f}", f"{tokens_in:,.0f}", f"{tokens_out:,.0f}", str(entry.calls_per_record)]
        cells = [entry.family, f"`{entry.name}`", entry.about, *numbers]
        yield f"| {' | '.join(cells)} | {', '.join(entry.checks)} |"


if __name__ == "__main__":
    print("\n".join(markdown()))

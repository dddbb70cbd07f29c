"""What the card of a synthetic corpus says: teachers, kinds with their yields, the seeds' licence, contamination."""

from typing import Any


def about_corpus(stage: dict[str, Any], seeds_licence: str = "") -> list[str]:
    """The parts of the card for the folder of `hornbook synth`, from its stage.json; none for another stage's."""
    notes, settings = stage.get("notes", {}), stage["settings"]
    if "yields" not in notes:
        return []
    licence = seeds_licence or "Nobody has said; find out before you use the data."
    return [
        "## Teacher",
        "\n".join(_models(notes["yields"], settings)),
        "## Kinds",
        "\n".join(_kinds(notes["yields"])),
        "## Seeds",
        f"The records were written from passages of documents and from questions. Licence of the documents: {licence}",
        "## Contamination",
        _contamination(notes.get("contamination"), settings),
    ]


def _models(yields: dict[str, Any], settings: dict[str, Any]) -> list[str]:
    written = sorted({teacher for row in yields.values() for teacher in row["teachers"]})
    verifier = settings.get("verifier") or {}
    name = next((verifier[key] for key in ("model", "local", "recorded") if verifier.get(key)), "")
    return [f"- written by {', '.join(written) or 'nobody'}", f"- verified by {name or 'the teacher that wrote it'}"]


def _kinds(yields: dict[str, Any]) -> list[str]:
    rows = [
        "| kind | records | begun | kept of begun | calls | tokens answered |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, row in sorted(yields.items()):
        share = f"{row['passed'] / row['seeds']:.0%}" if row["seeds"] else ""
        numbers = [f"{row['kept']:,}", f"{row['seeds']:,}", share, f"{row['calls']:,}", f"{row['tokens']:,}"]
        rows.append(f"| `{name}` | {' | '.join(numbers)} |")
    return rows


def _contamination(found: dict[str, dict[str, int]] | None, settings: dict[str, Any]) -> str:
    benchmarks = settings.get("benchmarks")
    if found is None or not benchmarks:
        return "The records were not compared with benchmarks."
    dropped = "partly or wholly" if settings.get("drop_partial") else "wholly"
    said = f"Compared with {', '.join(benchmarks)}; records that overlap {dropped} were set aside."
    rows = [
        f"- {name}: " + ", ".join(f"{number:,} {label}" for label, number in row.items()) for name, row in found.items()
    ]
    return "\n".join([said, *(["", *rows] if rows else ["None did."])])

"""Set the records of files aside that overlap with benchmarks, and show both side by side (report B)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_text
from hornbook.base.workspace import Workspace
from hornbook.data.benchmark_sets import ALL, SEALED, missing_of_report
from hornbook.data.contamination_page import NAME, ContaminationPage
from hornbook.data.decontaminate import note_contamination, open_decontaminator, unwanted_labels
from hornbook.data.decontaminator import CONTAMINATED, PARTIAL, ContaminationVerdict, Decontaminator
from hornbook.data.record_files import find_record_files, kept_name, read_record_file, write_kept
from hornbook.data.settings import DecontaminateSettings

VERDICTS, ASIDE = "verdicts.jsonl", "contaminated.jsonl"


def decontaminate_files(settings: DecontaminateSettings, work: Workspace, *, records: Sequence[Path]) -> None:
    """Write each file of records (documents, samples, questions, or any JSONL with text) without contaminated ones.

    The files keep their names and formats. Beside them: verdicts.jsonl, a line for each record; contaminated.jsonl,
    the records set aside, each with its text, the item that it matches and where; contamination.html, which shows
    them side by side. Raises HornbookError for missing or unreadable files and unknown benchmarks.
    """
    if not settings.against:
        raise HornbookError("decontaminate: against names no benchmarks to compare with")
    files = [read_record_file(path, work.reject) for path in find_record_files(records)]
    texts = [text for file in files for text in file.texts]
    taken = {VERDICTS, ASIDE, NAME} & {kept_name(file.path) for file in files}
    if taken:
        raise HornbookError(f"decontaminate: an input is called {taken.pop()}, as a file that is written; rename it")
    if not texts:
        raise HornbookError(f"decontaminate: nothing to compare in the files given{work.first_set_aside()}")
    with work.progress("comparing with benchmarks", 2) as bar:
        decontaminator = open_decontaminator(settings, [texts])
        bar.advance()
        verdicts = decontaminator.verdicts(texts)
        bar.advance()
    unwanted = unwanted_labels(settings)
    keep = [verdict.label not in unwanted for verdict in verdicts]
    start = 0
    for file in files:
        write_kept(file, keep[start : start + len(file.texts)], work.path)
        start += len(file.texts)
    names = [(file.path.name, name) for file in files for name in file.names]
    rows = [_row(*name, verdict) for name, verdict in zip(names, verdicts, strict=True)]
    aside = []
    for row, text, verdict, kept in zip(rows, texts, verdicts, keep, strict=True):
        if not kept:
            work.reject(row["record"], verdict.reason())
            aside.append(row | {"text": "" if verdict.benchmark in SEALED else text})
    _write_lines(work.path / VERDICTS, rows)
    _write_lines(work.path / ASIDE, aside)
    page = ContaminationPage(decontaminator)
    page.add([record for _, record in names], texts, verdicts)
    page.write(work.path)
    work.count(records_in=len(texts) + sum(work.rejected.values()) - keep.count(False), records_out=keep.count(True))
    note_contamination(work, settings, decontaminator, verdicts)
    work.conclude(_conclusion(settings, decontaminator, verdicts))


def _conclusion(
    settings: DecontaminateSettings, decontaminator: Decontaminator, verdicts: Sequence[ContaminationVerdict]
) -> str:
    labels = [verdict.label for verdict in verdicts]
    found = f"{labels.count(CONTAMINATED)} of {len(labels)} contaminated, {labels.count(PARTIAL)} partial; see {NAME}"
    short = ", ".join(f"{name} {count}" for name, count in decontaminator.too_short.items())
    parts = [found, f"items of less than seven words, which nothing matches: {short}" if short else ""]
    return "; ".join(filter(None, [*parts, missing_of_report() if ALL in settings.against else ""]))


def _row(file: str, record: str, verdict: ContaminationVerdict) -> dict[str, Any]:
    """A line of verdicts.jsonl; the spans are ranges of the record's whole text."""
    return {
        "file": file,
        "record": record,
        "label": verdict.label,
        "item": verdict.item,
        "ratio": round(verdict.ratio, 4),
        "spans": verdict.spans,
    }


def _write_lines(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    write_text(path, "".join(msgspec.json.encode(row).decode() + "\n" for row in rows))

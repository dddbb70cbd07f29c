"""samples.html: twenty documents beside their sources, so that a reader sees what extraction keeps and drops."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from hornbook.base.files import read_records, write_text
from hornbook.base.records import Document
from hornbook.base.rng import rng
from hornbook.data.extract.containers import Member
from hornbook.data.extract.document import NotExtractable
from hornbook.data.extract.encoding import decode
from hornbook.data.readers.sources import Source
from hornbook.data.readers.texts import find_members

NAME = "samples.html"
SAMPLES = 20
SHOWN = 20_000  # characters of a text
LARGEST_PDF = 2 << 20  # bytes that are put into the page
TEMPLATES = Path(__file__).parent / "template"
# The pages of others are shown without scripts, and nothing is loaded for them.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src data:; object-src data:"


def write_sample_page(
    out: Path, wheres: Mapping[str, Sequence[tuple[str, str]]], sources: Sequence[Source], seed: int
) -> Path:
    """Write OUT/samples.html from OUT/documents.parquet; returns its path. `wheres` has the (place, id) of all
    documents of each format; samples are drawn by `seed`, of each format in turn."""
    chosen = dict(_drawn(wheres, seed))
    found = find_members(sources, chosen)
    documents = {document.id: document for document in read_records(out, Document) if document.id in chosen.values()}
    samples = [_sample(where, documents[name], found.get(where)) for where, name in chosen.items()]
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    style = Markup((TEMPLATES / "samples.css").read_text(encoding="utf-8"))
    counts = {name: len(places) for name, places in sorted(wheres.items())}
    page = environment.get_template("samples.html.jinja").render(
        samples=samples, counts=counts, style=style, policy=POLICY
    )
    write_text(out / NAME, page)
    return out / NAME


def _drawn(wheres: Mapping[str, Sequence[tuple[str, str]]], seed: int) -> list[tuple[str, str]]:
    """Up to SAMPLES places: one of each format, then another of each, and so on."""
    order = {name: rng(seed, "samples", name).permutation(len(places)) for name, places in sorted(wheres.items())}
    turns = max(map(len, wheres.values()), default=0)
    drawn = [
        wheres[name][int(places[turn])] for turn in range(min(turns, SAMPLES)) for name, places in order.items()
        if turn < len(places)
    ]  # fmt: skip
    return drawn[:SAMPLES]


def _sample(where: str, document: Document, member: Member | None) -> dict[str, Any]:
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

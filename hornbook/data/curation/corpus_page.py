"""corpus.html: what came in and what went out, with documents at the thresholds and copies side by side."""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from hornbook.base.charts import bar
from hornbook.base.records import Document
from hornbook.data.contamination_page import NAME as PAGE_OF_MATCHES
from hornbook.data.curation.corpus_counts import CorpusCounts, Flow
from hornbook.data.curation.corpus_examples import CorpusExamples
from hornbook.data.curation.shard import RejectedDocument
from hornbook.data.write_page import write_page

NAME = "corpus.html"
SHOWN = 3_000  # characters of a text
TABLES = {"source": "sources", "language": "languages", "topic": "topics"}
PIECE = re.compile(r"\s*\S+")


def write_corpus_page(out: Path, counts: CorpusCounts, examples: CorpusExamples) -> Path:
    """Write OUT/corpus.html; returns its path."""
    found, kept = counts.found.total(), counts.documents
    return write_page(
        out / NAME,
        "corpus.html.jinja",
        found=f"{found:,}",
        kept=f"{kept:,}",
        share=f"{kept / found:.1%}" if found else "",
        characters=f"{counts.characters:,}",
        tables=[
            {"name": name, "rows": [_flow_row(key, flow) for key, flow in _ordered(counts.flows[title])]}
            for name, title in TABLES.items()
            if any(counts.flows[title])
        ],
        reasons=_reasons(counts),
        dropped=[
            {"reason": reason, "documents": [_dropped(document, examples.twins) for document in documents]}
            for reason, documents in examples.dropped().items()
        ],
        lowest=[_kept(document, f"quality {document.quality:.2f}") for document in examples.lowest()],
        unclear=[
            _kept(document, f"{document.language} {document.language_score:.2f}") for document in examples.unclear()
        ],
        contamination=PAGE_OF_MATCHES if (out / PAGE_OF_MATCHES).exists() else "",
    )


def _ordered(flows: Mapping[str, Flow]) -> list[tuple[str, Flow]]:
    return sorted(flows.items(), key=lambda item: (-item[1].found, item[0]))


def _flow_row(name: str, flow: Flow) -> dict[str, Any]:
    return {
        "name": name or "–",
        "found": f"{flow.found:,}",
        "kept": f"{flow.kept:,}",
        "share": f"{flow.kept / flow.found:.1%}",
        "bar": Markup(bar(flow.kept / flow.found)),
        "characters": f"{flow.characters:,}",
    }


def _reasons(counts: CorpusCounts) -> list[dict[str, Any]]:
    """Reasons with the number of documents, and by source; the most frequent first."""
    total = max(1, counts.found.total())
    rows = sorted(counts.reasons.items(), key=lambda item: (-item[1].total(), item[0]))
    return [
        {
            "reason": reason,
            "documents": f"{row.total():,}",
            "share": f"{row.total() / total:.1%}",
            "bar": Markup(bar(row.total() / total)),
            "sources": ", ".join(f"{source} {number:,}" for source, number in sorted(row.items())),
        }
        for reason, row in rows
    ]


def _kept(document: Document, why: str) -> dict[str, Any]:
    return {"origin": document.origin, "why": why, "text": _cut(document.text)}


def _dropped(document: RejectedDocument, twins: Mapping[str, Document]) -> dict[str, Any]:
    shown: dict[str, Any] = {"origin": document.origin, "why": document.reason, "text": _cut(document.text)}
    twin = twins.get(document.twin)
    if twin:
        left, right = side_by_side(shown["text"], _cut(twin.text))
        shown |= {"left": left, "right": right, "twin": twin.origin}
    return shown


def side_by_side(one: str, other: str) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    """Both texts in pieces, each with whether it is different in the other text."""
    words, others = PIECE.findall(one), PIECE.findall(other)
    left: list[tuple[str, bool]] = []
    right: list[tuple[str, bool]] = []
    matcher = difflib.SequenceMatcher(None, words, others, autojunk=False)
    for kind, start, end, other_start, other_end in matcher.get_opcodes():
        for side, part in ((left, words[start:end]), (right, others[other_start:other_end])):
            if part:
                side.append(("".join(part), kind != "equal"))
    return left, right


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} …"

"""Exact duplicates: the same text but for case and white space."""

from collections.abc import Callable

import xxhash

from hornbook.base.records import Document

Drop = Callable[[Document, str], None]  # (document, reason): the filters' way to set a document aside


def drop_exact_duplicates(documents: list[Document], drop: Drop) -> list[Document]:
    """Keeps the first of each text."""
    first: dict[bytes, str] = {}
    kept = []
    for document in documents:
        key = xxhash.xxh3_128_digest(" ".join(document.text.lower().split()).encode("utf-8", "surrogatepass"))
        if key in first:
            drop(document, f"exact duplicate: of {first[key]}")
        else:
            first[key] = document.origin
            kept.append(document)
    return kept

"""A row → a document: its text, origin and language."""

from typing import Any

from hornbook.base.records import Document, make_id
from hornbook.data.readers.fields import Row, loaded

TEXTS = ("text", "content", "raw_content", "body", "document", "article", "page_content", "code", "markdown")
ORIGINS = ("origin", "url", "path", "max_stars_repo_path", "file_path", "warc_target_uri", "id")
LANGUAGES = ("language", "lang")
SOURCES = ("web", "code", "acquired")  # the organic rows of table 5
METADATA = {  # of a document, and the columns that have it
    "id": ("id", "doc_id", "document_id"),
    "url": ("url", "warc_target_uri", "source_url"),
    "date": ("date", "created", "published", "timestamp", "warc_date", "publication_date", "year"),
    "license": ("license", "licence", "max_stars_repo_licenses", "licenses"),
    "title": ("title",),
    "author": ("author", "authors"),
}
# fields that only rows of source code have: The Stack, StarCoder, CodeParrot
CODE = ("hexsha", "max_stars_repo_path", "max_stars_repo_name", "repo_name", "blob_id", "repository_name")


def read_document(row: Row, name: str, prose_source: str = "web") -> Document:
    """The document in a row. `name` is its origin and `prose_source` its source if the row names none.

    Raises ValueError if there is no text.
    """
    field = next((field for field in TEXTS if isinstance(row.get(field), str) and row[field].strip()), "")
    if not field:
        raise ValueError(f"no text: expected one of {', '.join(TEXTS)}; its fields: {', '.join(map(str, row)) or '-'}")
    meta = loaded(row.get("meta") or row.get("metadata"))
    known: Row = {**(meta if isinstance(meta, dict) else {}), **row}
    ours = _is_ours(row)
    code = row.get("source") == "code" or (field in ("content", "code") and any(known.get(key) for key in CODE))
    kept = row.get("source") in SOURCES or (_first(row, ("source",)) and _first(row, ("origin",)))  # our records do
    source = row["source"] if kept else "code" if code else prose_source
    origin = _first(known, ORIGINS) or name
    return Document(
        id=row["id"] if ours else make_id("doc", origin, row[field]),
        parents=row["parents"] if ours else [],
        calls=row["calls"] if ours else [],
        text=row[field],
        source=source,
        origin=origin,
        kind=_first(row, ("kind",)) or ("code" if source == "code" else "prose"),
        language=_first(known, LANGUAGES),
        language_score=row["language_score"] if ours else 0.0,
        quality=row["quality"] if ours else 0.0,
        topic=row["topic"] if ours else "",
        metadata=_own_metadata(row.get("metadata")) if ours else _metadata(known),
    )


def _metadata(row: Row) -> dict[str, str]:
    """The columns of a user's row that travel with the document."""
    found: dict[str, str] = {}
    for name, columns in METADATA.items():
        value = next((row[column] for column in columns if row.get(column) not in (None, "", [])), "")
        if isinstance(value, list):
            value = ", ".join(str(item) for item in value if isinstance(item, str | int | float))
        if isinstance(value, str | int | float) and value != "":
            found[name] = str(value)
    return found


def _own_metadata(value: Any) -> dict[str, str]:
    """The metadata of a record of ours, a mapping or as Parquet has it: a list of names with values."""
    if isinstance(value, list):
        value = {
            item["name"]: item["value"] for item in value if isinstance(item, dict) and {"name", "value"} <= {*item}
        }
    return {str(key): str(item) for key, item in value.items()} if isinstance(value, dict) else {}


def new_document(text: str, origin: str, source: str, kind: str, language: str = "") -> Document:
    """A document whose id is a hash of its origin and text."""
    name = make_id("doc", origin, text)
    return Document(id=name, text=text, source=source, origin=origin, kind=kind, language=language)


def _is_ours(row: Row) -> bool:
    """Whether a row is a Document record, as the stages write them."""
    texts = ("id", "text", "source", "origin", "kind", "topic")
    return (
        all(isinstance(row.get(name), str) for name in texts)
        and all(isinstance(row.get(name), list) for name in ("parents", "calls"))
        and all(isinstance(row.get(name), float | int) for name in ("language_score", "quality"))
    )


def _first(row: Row, names: tuple[str, ...]) -> str:
    value: Any = next((row[name] for name in names if isinstance(row.get(name), str) and row[name]), "")
    return str(value)

"""One way to make a Document: its id follows from where it was found and what it says."""

from hornbook.base.records import Document, make_id


def new_document(text: str, origin: str, source: str, kind: str, language: str = "") -> Document:
    name = make_id("doc", origin, text)
    return Document(id=name, text=text, source=source, origin=origin, kind=kind, language=language)

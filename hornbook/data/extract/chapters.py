"""A long document → its chapters, so that a book is not dropped for its length."""

import re
from collections.abc import Iterator
from itertools import pairwise

from hornbook.base.records import Document
from hornbook.data.readers.documents import new_document

FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})")
HEADING = re.compile(r"^(#{1,6})[ \t]+(\S[^\n]*)$")
CHAPTER = re.compile(r"^[ \t]*((?:chapter|part|book|section)\s+(?:\d+|[ivxlc]+)\b[^\n]{0,100})$", re.IGNORECASE)


def chapters(document: Document, max_chars: int) -> list[Document]:
    """The document in pieces of at most `max_chars` characters: it is cut at its highest headings (also lines such as
    "Chapter 3"), a chapter that is still too long at its next ones, and what has none at empty lines.

    A piece is called ORIGIN#2 and has the title of the document and of its heading; the metadata is the document's. A
    paragraph that is too long alone stays as it is. Code and documents that are short enough are returned unchanged.
    """
    if len(document.text) <= max_chars or document.kind == "code":
        return [document]
    pieces = []
    for number, text in enumerate(cut(document.text, max_chars), 1):
        origin = document.origin if number == 1 else f"{document.origin}#{number}"
        piece = new_document(text, origin, document.source, document.kind, document.language)
        title = " - ".join(filter(None, [document.metadata.get("title", ""), _first_heading(text)]))
        piece.metadata = {**document.metadata, **({"title": title} if title else {})}
        piece.topic, piece.parents, piece.calls = document.topic, document.parents, document.calls
        pieces.append(piece)
    return pieces


def cut(text: str, max_chars: int) -> list[str]:
    """The pieces of a text, none empty; neighbours that fit together are in one piece."""
    if len(text) <= max_chars:
        return [text.strip("\n")] if text.strip() else []
    levels = dict(_headings(text))
    for level in sorted(set(levels.values())):
        places = [place for place, its in levels.items() if its == level and place]
        if places:
            return _joined(_at(text, places), max_chars)
    paragraphs = [found.end() for found in re.finditer(r"\n[ \t]*\n+", text)]
    return _joined(_at(text, paragraphs), max_chars) if paragraphs else [text.strip("\n")]


def _joined(parts: list[str], max_chars: int) -> list[str]:
    """Parts that are too long are cut further; the others are joined up to the limit."""
    pieces: list[str] = []
    room = 0
    for part in parts:
        if len(part) <= room:
            pieces[-1] += part
            room -= len(part)
        elif len(part) <= max_chars:
            pieces.append(part)
            room = max_chars - len(part)
        else:
            pieces += cut(part, max_chars) if len(parts) > 1 else [part]
            room = 0
    return [piece.strip("\n") for piece in pieces if piece.strip()]


def _at(text: str, places: list[int]) -> list[str]:
    bounds = [0, *places, len(text)]
    return [text[begin:end] for begin, end in pairwise(bounds) if begin < end]


def _headings(text: str) -> Iterator[tuple[int, int]]:
    """(place, level) of each heading outside of code."""
    place, fence = 0, ""
    for line in text.split("\n"):
        mark = FENCE.match(line)
        if mark and (not fence or line.strip(" \t").startswith(fence)):
            fence = "" if fence else mark[1]
        elif not fence and (heading := HEADING.match(line)):
            yield place, len(heading[1])
        elif not fence and CHAPTER.match(line):
            yield place, 1
        place += len(line) + 1


def _first_heading(text: str) -> str:
    line = text.lstrip("\n").partition("\n")[0]
    found = HEADING.match(line) or CHAPTER.match(line)
    return found[found.lastindex or 0].strip() if found else ""

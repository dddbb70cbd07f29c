"""Files that are single documents: text, Markdown, HTML, source code."""

from collections.abc import Iterator
from pathlib import Path

from hornbook.base.errors import one_line
from hornbook.base.files import Reject
from hornbook.base.records import Document
from hornbook.data.readers.documents import new_document
from hornbook.data.readers.formats import shown
from hornbook.data.sources.markup import clean_markdown, html_to_text

PROSE = {".txt", ".md", ".rst"}
PAGES = {".html", ".htm", ".xhtml"}
CODE = {
    ".py": "python",
    ".js": "javascript",
    ".ts": "typescript",
    ".c": "c",
    ".h": "c",
    ".cc": "c++",
    ".cpp": "c++",
    ".hpp": "c++",
    ".java": "java",
    ".go": "go",
    ".rs": "rust",
    ".rb": "ruby",
    ".php": "php",
    ".cs": "c#",
    ".swift": "swift",
    ".kt": "kotlin",
    ".scala": "scala",
    ".sh": "bash",
    ".sql": "sql",
    ".r": "r",
    ".jl": "julia",
    ".lua": "lua",
    ".hs": "haskell",
}
TEXT_SUFFIXES = {*PROSE, *PAGES, *CODE}


def is_text(path: Path) -> bool:
    """Whether a file is one document, by its suffix."""
    return path.suffix.lower() in TEXT_SUFFIXES


def read_document_file(file: Path, name: str, prose_source: str, reject: Reject) -> Iterator[Document]:
    """The document in a file. `name` is its origin; text and HTML get the source `prose_source`."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        reject(shown(file), "corrupt file: not UTF-8 text")
        return
    except OSError as error:
        reject(shown(file), f"unreadable file: {one_line(error)}")
        return
    suffix = file.suffix.lower()
    if suffix in CODE:
        yield new_document(text, name, "code", "code", CODE[suffix])
    elif suffix in PAGES:
        yield new_document(html_to_text(text), name, prose_source, "page")
    else:
        yield new_document(text if suffix == ".txt" else clean_markdown(text), name, prose_source, "prose")

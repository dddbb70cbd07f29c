"""The format of a document: by its first bytes, its MIME type and its suffix."""

import io
import re
import zipfile
from pathlib import PurePosixPath

from hornbook.data.extract.document import NotExtractable
from hornbook.data.extract.languages import file_name, language_of

SUFFIXES = {
    ".html": "html", ".htm": "html", ".xhtml": "html", ".xht": "html",
    ".tex": "tex", ".latex": "tex", ".ltx": "tex",
    ".epub": "epub", ".docx": "word", ".odt": "opendocument", ".pdf": "pdf", ".ipynb": "notebook",
    ".xml": "xml", ".nxml": "xml", ".jats": "xml", ".tei": "xml", ".fb2": "xml", ".dbk": "xml", ".docbook": "xml",
    ".md": "markdown", ".markdown": "markdown", ".mkd": "markdown", ".mdown": "markdown", ".mdx": "markdown",
    ".rst": "restructured_text", ".rest": "restructured_text",
    ".txt": "text", ".text": "text", ".log": "text", ".asc": "text", ".adoc": "text", ".org": "text",
}  # fmt: skip
MIMES = {
    "text/html": "html", "application/xhtml+xml": "html",
    "application/x-tex": "tex", "text/x-tex": "tex", "application/x-latex": "tex",
    "application/epub+zip": "epub", "application/pdf": "pdf", "application/x-ipynb+json": "notebook",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "word",
    "application/vnd.oasis.opendocument.text": "opendocument",
    "text/xml": "xml", "application/xml": "xml", "application/jats+xml": "xml", "application/tei+xml": "xml",
    "text/markdown": "markdown", "text/x-rst": "restructured_text", "text/x-python": "code",
    "application/javascript": "code", "text/javascript": "code", "text/css": "code",
}  # fmt: skip
TEXTS = {"markdown", "restructured_text", "text", "code"}  # formats that only their names tell apart
NAMED = {*TEXTS, "html", "tex"}  # formats whose suffix is believed
DATA_MIMES = {"application/json", "application/ld+json", "text/csv", "text/calendar", "application/wasm"}
BINARY = [  # first bytes, and what the file is
    (b"\x89PNG", "an image"), (b"\xff\xd8\xff", "an image"), (b"GIF8", "an image"), (b"BM", "an image"),
    (b"II*\0", "an image"), (b"MM\0*", "an image"), (b"\0\0\1\0", "an image"), (b"8BPS", "an image"),
    (b"\x7fELF", "a program"), (b"MZ", "a program"), (b"\xca\xfe\xba\xbe", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"), (b"!<arch>", "a program library"), (b"\0asm", "a program"),
    (b"ID3", "a sound"), (b"OggS", "a sound or film"), (b"fLaC", "a sound"), (b"RIFF", "a sound, image or film"),
    (b"\x1aE\xdf\xa3", "a film"), (b"SQLite format 3", "a database"), (b"wOFF", "a font"), (b"wOF2", "a font"),
    (b"OTTO", "a font"), (b"\0\1\0\0", "a font"), (b"\x93NUMPY", "an array"), (b"\x89HDF", "arrays"),
]  # fmt: skip
UNREAD = [  # first bytes of documents that are not read, and what to do
    (b"{\\rtf", "rich text (RTF): save it as .docx"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of old Microsoft Office: save it as .docx"),
    (b"%!PS", "PostScript: convert it to PDF"),
    (b"AT&TFORM", "DjVu: convert it to PDF"),
    (b"PAR1", "Parquet: its rows are records, which `hornbook extract FILE` reads"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it, or save it as zip"),
    (b"Rar!", "a rar archive: unpack it, or save it as zip"),
    (b"\x1f\x8b", "a compressed file: `hornbook extract FILE` reads it"),
]
IN_ZIP = [  # a member that tells the format
    ("word/document.xml", "word"), ("META-INF/container.xml", "epub"), ("content.xml", "opendocument"),
]  # fmt: skip
HTML = re.compile(
    rb"\s*(<\?xml[^>]{0,200}\?>\s*)?(<!--.{0,2000}?-->\s*){0,5}<(!doctype\s+html|html|head|body)\b", re.I | re.S
)
XML = re.compile(rb"\s*<(\?xml\s|!DOCTYPE\s)", re.I)
TEX = re.compile(rb"^[ \t]*\\(documentclass|documentstyle|begin\{document\})", re.M)
NOTEBOOK = re.compile(rb'\A\s*\{.{0,4000}?"(cells|nbformat|worksheets)"\s*:', re.S)
HEAD = 8192  # bytes that are looked at


def detect_format(data: bytes, name: str = "", mime: str = "") -> str:
    """A key of `extract.EXTRACTORS`. `name` is a path or URL, `mime` may have parameters; both may be "" or wrong.

    What the bytes say is believed before the type, and the type before the suffix; but a file with the name of a
    programming language is code, whatever text is in it. Raises NotExtractable for what is no document.
    """
    head = data[:HEAD].removeprefix(b"\xef\xbb\xbf")
    if not data.strip(b" \t\r\n\0\f"):
        raise NotExtractable("empty file")
    _refuse(head)
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith(b"PK"):
        return _in_zip(data)
    by_name = _by_name(name, head)
    declared = mime.partition(";")[0].strip().lower()
    if declared in DATA_MIMES:
        raise NotExtractable(f"data-like file: {declared}")
    if by_name != "code" and HTML.match(head):
        return "html"
    if declared in MIMES:
        return MIMES[declared]
    return by_name if by_name in NAMED else _by_content(head) or by_name or "text"


def _refuse(head: bytes) -> None:
    for first, what in UNREAD:
        if head.startswith(first):
            raise NotExtractable(f"unread format: {what}")
    for first, what in BINARY:
        if head.startswith(first) and (first[0] > 127 or b"\0" in head):
            raise NotExtractable(f"binary file: {what}")
    if head[4:8] == b"ftyp":
        raise NotExtractable("binary file: a film or sound")


def _by_name(name: str, head: bytes) -> str:
    if language_of(name, head):
        program = "://" not in name or not head.lstrip().startswith(b"<") or head.startswith(b"<?php")
        return "code" if program else "html"  # the address of a page may end with .php
    return SUFFIXES.get(PurePosixPath(file_name(name)).suffix.lower(), "")


def _by_content(head: bytes) -> str:
    if XML.match(head):
        if b"<svg" in head:
            raise NotExtractable("binary file: an image (SVG)")
        return "xml"
    if NOTEBOOK.match(head):
        return "notebook"
    return "tex" if TEX.search(head) else ""


def _in_zip(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            if "mimetype" in names:
                with archive.open("mimetype") as file:
                    by_mime = MIMES.get(file.read(200).decode("ascii", "replace").strip(), "")
                if by_mime:
                    return by_mime
    except Exception as error:  # zipfile raises whatever broken bytes lead to
        raise NotExtractable(f"broken archive: {type(error).__name__}") from None
    for member, found in IN_ZIP:
        if member in names:
            return found
    if "xl/workbook.xml" in names:
        raise NotExtractable("unread format: a workbook: save it as CSV")
    if "ppt/presentation.xml" in names:
        raise NotExtractable("unread format: a presentation: save it as PDF")
    raise NotExtractable("unread format: a zip archive: `hornbook extract FILE` reads the files in it")

"""Plain text, unchanged."""

import re

from hornbook.data.extract.document import ExtractedDocument, NotExtractable
from hornbook.data.extract.encoding import decode
from hornbook.data.extract.extract import Source
from hornbook.data.extract.repositories import is_licence_file

DATA_SUFFIXES = re.compile(
    r"\.(ya?ml|toml|ini|cfg|conf|properties|lock|map|po|pot|svg|csv|tsv|json|diff|patch|sum)$", re.I
)
LONGEST_LINE = 1_000_000  # characters; a longer line is data, and too long for every later step


def extract_text(source: Source) -> ExtractedDocument:
    """Raises NotExtractable for licence texts, settings and data."""
    if is_licence_file(source.name):
        raise NotExtractable("licence text: it is recorded with the files of its repository")
    if DATA_SUFFIXES.search(source.name):
        raise NotExtractable("data-like file: settings or data by its suffix")
    text = decode(source.data, source.charset)
    check_lines(text)
    return ExtractedDocument(text)


def check_lines(text: str) -> None:
    """Raises NotExtractable for a text with an endless line."""
    if len(text) > LONGEST_LINE and (longest := max(map(len, text.split("\n")))) > LONGEST_LINE:
        raise NotExtractable(f"data-like file: a line of {longest:,} characters")

"""Source code, unchanged, with its language and licence."""

import re

from hornbook.data.extract.document import ExtractedDocument, NotExtractable
from hornbook.data.extract.encoding import decode
from hornbook.data.extract.extract import Source
from hornbook.data.extract.languages import language_of
from hornbook.data.extract.unwanted_code import why_unwanted

SPDX = re.compile(r"SPDX-License-Identifier:[ \t]*([A-Za-z0-9.+() -]{2,100}?)[ \t]*(?:\*/|-->|$)", re.MULTILINE)


def extract_code(source: Source) -> ExtractedDocument:
    """The language is that of the suffix or, in a script without one, of its first line; a licence that the file names
    precedes that of its repository.

    Raises NotExtractable for generated, minified, vendored and data-like files (unwanted_code.py).
    """
    text = decode(source.data, source.charset)
    reason = why_unwanted(text, source.name)
    if reason:
        raise NotExtractable(reason)
    licence = SPDX.search(text[:5_000])
    return ExtractedDocument(
        text,
        language=language_of(source.name, source.data[:200]),
        metadata={"license": licence[1]} if licence else {},
    )

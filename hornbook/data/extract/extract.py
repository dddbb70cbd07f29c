"""`hornbook.extract`: bytes of any format → their text. The registry of formats.

>>> hornbook.extract(open("paper.pdf", "rb").read()).text
"""

from collections.abc import Callable
from typing import NamedTuple

from hornbook.data.extract.document import ExtractedDocument, NotExtractable


class Source(NamedTuple):
    """What an extractor gets. `name` is a path or URL, for the suffix; "" if unknown."""

    data: bytes
    name: str
    url: str
    read_beside: Callable[[str], bytes | None]  # another file by its path relative to this one; None: not there


Extractor = Callable[[Source], ExtractedDocument]


def no_files(path: str) -> bytes | None:
    """`read_beside` of a source that stands alone."""
    return None


def extract(data: bytes, mime: str | None = None, url: str | None = None) -> ExtractedDocument:
    """The text of a document in any known format.

    Args:
        data: the bytes of the file.
        mime: its type if known; otherwise the format is detected from the content, and from the suffix of `url`.
        url: where it comes from; relative links and the suffix are read from it.

    Raises NotExtractable with the reason when there is no text in it.
    """
    raise NotExtractable("not built yet")

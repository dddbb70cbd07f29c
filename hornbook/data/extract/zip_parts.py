"""The parts of a document that is a zip archive: Word, OpenDocument, ePub."""

import io
import posixpath

from hornbook.data.extract.archives import ZipArchive
from hornbook.data.extract.compression import FREE, Budget
from hornbook.data.extract.document import NotExtractable


class ZipParts:
    """Reads the parts within the limits of an archive. Raises NotExtractable for a broken or encrypted one."""

    def __init__(self, data: bytes) -> None:
        try:
            self._archive = ZipArchive(io.BytesIO(data), Budget(len(data)))
        except Exception as error:  # zipfile raises whatever broken bytes lead to
            raise NotExtractable(f"broken archive: {type(error).__name__}") from None
        self.names = frozenset(self._archive.names)

    def read(self, name: str) -> bytes:
        """Raises NotExtractable if the part is missing or damaged."""
        if name not in self.names:
            raise NotExtractable(f"incomplete document: it has no part {name}")
        try:
            return self._archive.read(name, FREE)
        except NotExtractable:
            raise
        except Exception as error:
            raise NotExtractable(f"broken archive: {name}: {type(error).__name__}") from None


def beside(part: str, path: str) -> str:
    """The name of a part from its path relative to another part."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(part), path)).lstrip("/")

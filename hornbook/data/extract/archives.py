"""Zip and tar archives: the names of their files, and the bytes of each."""

import posixpath
import tarfile
import zipfile
from collections.abc import Iterator
from typing import IO

from hornbook.data.extract.compression import Budget, budgeted
from hornbook.data.extract.document import NotExtractable

DOCUMENTS = ("word/document.xml", "META-INF/container.xml", "xl/workbook.xml", "ppt/presentation.xml", "content.xml")
MOST_FILES = 1_000_000


class ZipArchive:
    """Raises what zipfile raises for a broken archive."""

    def __init__(self, file: IO[bytes], budget: Budget) -> None:
        self._archive, self._budget = zipfile.ZipFile(file), budget
        self._infos = {info.filename: info for info in self._archive.infolist() if not info.is_dir()}
        self.names = list(self._infos)

    def read(self, name: str, most: int) -> bytes:
        """At most `most` bytes of a file. Raises NotExtractable if it is encrypted."""
        info = self._infos[name]
        if info.flag_bits & 1:
            raise NotExtractable("encrypted file")
        with self._archive.open(info) as stream:
            return budgeted(stream, self._budget).read(most)


class TarArchive:
    """As ZipArchive. What comes before the damage in a broken archive can be read; `damage` says what is wrong."""

    def __init__(self, file: IO[bytes], budget: Budget) -> None:
        self._archive, self._budget = tarfile.TarFile(fileobj=file), budget
        self._infos: dict[str, tarfile.TarInfo] = {}
        self.damage = ""
        try:
            self._infos = {printable(info.name): info for info in self._list() if info.isfile()}
        except Exception as error:  # tarfile raises whatever broken bytes lead to
            self.damage = type(error).__name__
        self.names = list(self._infos)

    def read(self, name: str, most: int) -> bytes:
        stream = self._archive.extractfile(self._infos[name])
        assert stream
        with stream:
            return budgeted(stream, self._budget).read(most)

    def _list(self) -> Iterator[tarfile.TarInfo]:
        for number, info in enumerate(self._archive):
            if number >= MOST_FILES:
                raise NotExtractable(f"archive of more than {MOST_FILES:,} files")
            yield info


Archive = ZipArchive | TarArchive


def is_tar(head: bytes) -> bool:
    """Whether a file that begins with these 512 bytes is a tar archive."""
    return head[257:262] == b"ustar"


def archive_kind(file: IO[bytes]) -> str:
    """zip, tar or "" for a seekable file; documents that are zip archives (Word, ePub) are not such archives."""
    file.seek(0)
    head = file.read(512)
    file.seek(0)
    if is_tar(head):
        return "tar"
    if not head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return ""
    if head.startswith(b"PK\x03\x04") and head[30:38] == b"mimetype":
        return ""
    try:
        names = zipfile.ZipFile(file).namelist()
    except Exception:
        return "zip"  # which says what is wrong with it when it is opened
    finally:
        file.seek(0)
    return "" if any(name in names for name in DOCUMENTS) else "zip"


def printable(name: str) -> str:
    """A name without what is not Unicode, which records and messages cannot hold."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def open_archive(file: IO[bytes], kind: str, budget: Budget) -> Archive:
    return ZipArchive(file, budget) if kind == "zip" else TarArchive(file, budget)


def entries(names: list[str]) -> dict[str, set[str]]:
    """Folder → the names in it, for all folders of an archive; "" is its root."""
    found: dict[str, set[str]] = {}
    for name in names:
        below = name.strip("/")
        while below:
            folder, base = posixpath.split(below)
            if base in found.setdefault(folder, set()):
                break
            found[folder].add(base)
            below = folder
    return found

"""Files, archives in files, archives in archives → the documents in them, with bounded sizes.

A document in an archive is called ARCHIVE!PATH; a page in a WARC file ARCHIVE!URL.
"""

import io
import os
import posixpath
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from hornbook.base.errors import HornbookError, one_line
from hornbook.data.extract.archives import archive_kind, entries, is_tar, open_archive
from hornbook.data.extract.compression import Budget, compression, decompressing, unpacked
from hornbook.data.extract.document import NotExtractable
from hornbook.data.extract.repositories import Repositories, Repository
from hornbook.data.extract.warc import warc_pages

MOST_BYTES = 64 << 20  # a larger document is set aside
DEPTH = 3  # archives within archives
COMPRESSED_SUFFIXES = (".gz", ".bz2", ".xz", ".zst", ".zstd", ".lz4")


class Place(NamedTuple):
    """Where a document is: the file, the paths inside of nested archives, and the folder that it may not leave."""

    root: Path
    path: Path
    inside: tuple[str, ...] = ()


class Member(NamedTuple):
    """A document that is to be extracted. `metadata` is what its surroundings say of it: repository, licence, date."""

    name: str
    data: bytes
    place: Place
    url: str = ""
    mime: str = ""
    charset: str = ""
    metadata: dict[str, str] = {}


class SetAside(NamedTuple):
    """What cannot be read, and the reason."""

    where: str
    reason: str


def read_members(path: Path, name: str, root: Path, repositories: Repositories) -> Iterator[Member | SetAside]:
    """The documents in a file: itself, or those in the archive that it is. `name` is what they are called in records.

    `repositories` are those around `root`. Everything that cannot be read is yielded with its reason; no
    exception other than HornbookError (a library that is not installed) leaves this function.
    """
    place = Place(root, path)
    try:
        with open_regular(path) as file:
            budget = Budget(os.fstat(file.fileno()).st_size)
            about = repository_metadata(repositories.of(os.path.relpath(path, root.absolute().parent)), "")
            yield from _read(file, name, place, about, budget, DEPTH)
    except HornbookError:
        raise
    except OSError as error:
        yield SetAside(name, f"unreadable file: {one_line(error)}")
    except Exception as error:  # libraries for archives raise whatever broken bytes lead to
        yield SetAside(name, f"broken archive: {one_line(error)}")


def open_regular(path: Path) -> IO[bytes]:
    """Open a file, but not a pipe or device, which may block. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("not a regular file")
    return os.fdopen(descriptor, "rb")


def folder_repositories(root: Path) -> Repositories:
    """The repositories in a folder on the disk. Paths begin with the folder's name, since what stands beside it counts
    too: the licence, or what is recorded of an installed package."""
    around = root.absolute().parent

    def listed(folder: str) -> list[str]:
        try:
            return os.listdir(around / folder)
        except OSError:
            return []

    def read(path: str) -> bytes | None:
        return _bytes_of(around / path, 1 << 20)

    return Repositories(listed, read)


def repository_metadata(repository: Repository | None, around: str) -> dict[str, str]:
    """Metadata of a document in `repository`; `around` is the name of what holds the repository, in records."""
    if repository is None:
        return {}
    fields = {
        "repository": (around + repository.folder).rstrip("/!"),
        "package": repository.package,
        "license": repository.license,
        "repository_url": repository.url,
    }
    return {key: value for key, value in fields.items() if value}


def read_beside(place: Place, relative: str) -> bytes | None:
    """Another file by its path relative to a document, in the same folder or archive; None if there is none.

    Files outside of `place.root` are not read, wherever links lead.
    """
    try:
        if not place.inside:
            target = (place.path.parent / relative).resolve()
            return _bytes_of(target, MOST_BYTES) if target.is_relative_to(place.root.resolve()) else None
        with open_regular(place.path) as file:
            return _inside(file, place.inside, relative, Budget(os.fstat(file.fileno()).st_size))
    except Exception:  # a damaged archive, or a path that the system refuses
        return None


def _inside(file: IO[bytes], inside: tuple[str, ...], relative: str, budget: Budget) -> bytes | None:
    kind = compression(_head(file))
    if kind:
        file = unpacked(b"", decompressing(file, kind, budget))
    archive = open_archive(file, archive_kind(file), budget)
    first, *rest = inside
    if rest:
        return _inside(io.BytesIO(archive.read(first, MOST_BYTES)), tuple(rest), relative, budget)
    name = posixpath.normpath(posixpath.join(posixpath.dirname(first), relative))
    return archive.read(name, MOST_BYTES) if name in archive.names else None


def _read(
    file: IO[bytes], name: str, place: Place, about: dict[str, str], budget: Budget, depth: int
) -> Iterator[Member | SetAside]:
    """The documents in an open file at its beginning: of an archive its files, else the file itself."""
    head = _head(file)
    packed = compression(head)
    if packed:
        stream = decompressing(file, packed, budget)
        head = stream.read(512)
        if is_tar(head):
            file = unpacked(head, stream)
    if head.startswith(b"WARC/"):
        file.seek(0)
        yield from _warc(file, name, place)
    elif packed and not is_tar(head):
        stem, suffix = posixpath.splitext(name)
        data = head + stream.read(MOST_BYTES)
        yield _member(stem if suffix.lower() in COMPRESSED_SUFFIXES else name, data, place, about)
    elif archive := archive_kind(file):
        yield from _archive(file, archive, name, place, budget, depth)
    else:
        yield _member(name, file.read(MOST_BYTES + 1), place, about)


def _archive(
    file: IO[bytes], kind: str, name: str, place: Place, budget: Budget, depth: int
) -> Iterator[Member | SetAside]:
    if not depth:
        yield SetAside(name, f"nested archive: more than {DEPTH} archives in one another")
        return
    archive = open_archive(file, kind, budget)
    listing = entries(archive.names)
    repositories = Repositories(
        lambda folder: listing.get(folder, ()),
        lambda path: archive.read(path, 1 << 20) if path in archive.names else None,
    )
    for path in archive.names:
        if any(part.startswith(".") or part == "__MACOSX" for part in path.split("/")):
            continue
        inner = f"{name}!{path}"
        try:
            data = archive.read(path, MOST_BYTES + 1)
            about = repository_metadata(repositories.of(path), f"{name}!")
            yield from _read(
                io.BytesIO(data), inner, place._replace(inside=(*place.inside, path)), about, budget, depth - 1
            )
        except NotExtractable as reason:
            yield SetAside(inner, str(reason))
            if budget.left < 0:
                return
        except HornbookError:
            raise
        except Exception as error:  # as above: the other members go on
            yield SetAside(inner, f"broken archive: {one_line(error)}")
    if getattr(archive, "damage", ""):
        yield SetAside(name, f"broken archive: {archive.damage} after {len(archive.names):,} files")  # type: ignore


def _warc(file: IO[bytes], name: str, place: Place) -> Iterator[Member | SetAside]:
    for page in warc_pages(file, MOST_BYTES + 1):
        inner = f"{name}!{page.url}"
        if page.status and page.status != 200:
            yield SetAside(inner, f"no page: HTTP status {page.status}")
            continue
        about = {key: value for key, value in (("url", page.url), ("date", page.date)) if value}
        yield _member(inner, page.data, place, about, page.url, page.mime, page.charset)


def _member(
    name: str, data: bytes, place: Place, about: dict[str, str], url: str = "", mime: str = "", charset: str = ""
) -> Member | SetAside:
    if len(data) > MOST_BYTES:
        return SetAside(name, f"too large: more than {MOST_BYTES >> 20} MB")
    return Member(name, data, place, url, mime, charset, about)


def _head(file: IO[bytes]) -> bytes:
    head = file.read(512)
    file.seek(0)
    return head


def _bytes_of(path: Path, most: int) -> bytes | None:
    """The bytes of a file; None if it cannot be read or has more than `most`."""
    try:
        with open_regular(path) as file:
            data = file.read(most + 1)
    except (OSError, ValueError):
        return None
    return data if len(data) <= most else None

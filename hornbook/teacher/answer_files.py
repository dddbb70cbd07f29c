"""Answers in files that other programs or people write: read as they grow, in any order, in parts."""

import errno
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec
import xxhash

from hornbook.base.errors import HornbookError
from hornbook.teacher.batch_format import BatchItem, read_item

PATTERN = "answers*.jsonl"
TAIL = 256  # last bytes read of a file, which are still there if it has only grown
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NAMED = re.compile(rb'"custom_id"\s*:\s*"([^"\\]+)"')


class AnswerLine(NamedTuple):
    """A line with the answer to the request `custom_id`. `failed`: there is certainly no answer in it."""

    path: Path
    number: int
    offset: int
    length: int
    custom_id: str
    failed: bool
    digest: str

    @property
    def where(self) -> str:
        return f"{self.path}, line {self.number}"

    def read(self) -> BatchItem:
        """Raises ValueError, with the reason, if there is no answer to be read, and OSError if the line is not there
        any more."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            line = file.read(self.length)
        if xxhash.xxh3_64_hexdigest(line) != self.digest:
            raise FileNotFoundError(errno.ENOENT, "changed", str(self.path))
        return read_item(line)


class _File(msgspec.Struct):
    """How far a file was read: whole lines only."""

    path: Path
    stamp: tuple[int, int, int] = (0, -1, 0)  # inode, bytes, time of the last change
    size: int = 0  # bytes
    lines: int = 0
    tail: bytes = b""
    unended: bool = False  # the last line has no newline yet, but is whole

    def add(self, line: bytes) -> None:
        self.size += len(line)
        self.tail = (self.tail + line)[-TAIL:]


class AnswerFiles:
    """The lines of the answer files of a folder, by the id of their request.

    Attributes:
        unfinished: the last line of a file that is not whole yet, as "file, line 3".
    """

    def __init__(self, folder: Path, report: Callable[[str], None]) -> None:
        """`report` is called, once, with each bad line that names no request, and its reason."""
        self.folder, self.report = folder, report
        self.unfinished: dict[Path, str] = {}
        self._files: dict[Path, _File] = {}
        self._lines: dict[str, list[AnswerLine]] = defaultdict(list)
        self._reported: set[str] = set()

    def __getitem__(self, custom_id: str) -> list[AnswerLine]:
        """Lines with this id, answers before errors."""
        return sorted(self._lines.get(custom_id, ()), key=lambda line: line.failed)

    def ids(self) -> set[str]:
        return {name for name, lines in self._lines.items() if lines}

    def look(self) -> set[str]:
        """Read what is new; the ids of the requests of new lines. Raises HornbookError for an unreadable file."""
        new: set[str] = set()
        paths = sorted(self.folder.glob(PATTERN))
        for path in self._files.keys() - set(paths):
            self.forget(path)
        for path in paths:
            try:
                new |= self._grown(path)
            except FileNotFoundError:
                continue  # removed at this moment
            except OSError as error:
                raise HornbookError(f"{path}: cannot be read ({error.strerror})") from None
        return new

    def _grown(self, path: Path) -> set[str]:
        file = self._files.setdefault(path, _File(path))
        status = path.stat()
        stamp = (status.st_ino, status.st_size, status.st_mtime_ns)
        if stamp == file.stamp:
            return set()
        with path.open("rb") as stream:
            if not _continues(stream, file, stamp):
                self.forget(path)
                file = self._files[path] = _File(path)
            file.stamp = stamp
            stream.seek(file.size)
            return {name for line in stream if (name := self._read(file, line))}

    def _read(self, file: _File, line: bytes) -> str:
        """Note a line; returns the id of its request, if it has one."""
        if file.unended and not line.strip():
            file.unended = False
            file.add(line)
            return ""
        place, whole = f"{file.path}, line {file.lines + 1}", line.endswith(b"\n")
        reason, failed, custom_id = "", True, ""
        text = line.removeprefix(BYTE_ORDER_MARK)
        try:
            if text.strip():
                item = read_item(text)
                custom_id, failed = item.custom_id, item.failed
        except ValueError as error:
            if not whole:
                self.unfinished[file.path] = place
                return ""
            reason = str(error)
            named = _NAMED.search(text)
            custom_id = named[1].decode("utf-8", "replace") if named else ""
        self.unfinished.pop(file.path, None)
        digest = xxhash.xxh3_64_hexdigest(text)
        if reason and not custom_id and f"{place} {digest}" not in self._reported:
            self._reported.add(f"{place} {digest}")
            self.report(f"{place}: {reason}")
        offset = file.size + len(line) - len(text)
        file.lines, file.unended = file.lines + 1, not whole
        file.add(line)
        if custom_id:
            self._lines[custom_id].append(
                AnswerLine(file.path, file.lines, offset, len(text), custom_id, failed, digest)
            )
        return custom_id

    def forget(self, path: Path) -> None:
        """Drop the lines of a file that was removed or written anew; the next look reads what is there now."""
        self._files.pop(path, None)
        self.unfinished.pop(path, None)
        for lines in self._lines.values():
            lines[:] = [line for line in lines if line.path != path]


def _continues(stream: BinaryIO, file: _File, stamp: tuple[int, int, int]) -> bool:
    """Whether the file is the one that was read before, with more at its end or nothing read yet."""
    if not file.size:
        return True
    if stamp[0] != file.stamp[0] or stamp[1] <= file.stamp[1]:
        return False
    stream.seek(file.size - len(file.tail))
    return stream.read(len(file.tail)) == file.tail


def request_ids(folder: Path, report: Callable[[str], None]) -> Iterator[tuple[Path, str]]:
    """The ids in the request files of a folder, in order. `report` is called with each unreadable line."""
    for path in sorted(folder.glob("requests-*.jsonl")):
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield path, msgspec.json.decode(line, type=_Id).custom_id
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    report(f"{path}, line {number}: not a request; it is passed over")


class _Id(msgspec.Struct):
    custom_id: str

"""Compressed bytes → the bytes in them, with a budget, so that a bomb ends early."""

import bz2
import gzip
import io
import lzma
import tempfile
import zlib
from typing import IO, Any

import pyarrow as pa

from hornbook.data.extract.document import NotExtractable

MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
}
DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError, pa.ArrowException)  # what reading broken bytes raises
FREE = 256 << 20  # bytes that anything may unpack to
RATIO = 200  # times its size, beyond which it is taken for a bomb; texts are compressed 3 to 20 times
AT_ONCE = 1 << 20  # bytes
IN_MEMORY = 32 << 20  # bytes beyond which unpacked archives are put into a temporary file
DICTIONARY = 256 << 20  # bytes of memory that an xz file may ask for


class Budget:
    """How many bytes a file of `size` bytes may still unpack to, with all archives in it."""

    def __init__(self, size: int) -> None:
        self.left = FREE + RATIO * size

    def spend(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise NotExtractable(f"decompression bomb: it unpacks to more than {RATIO} times its size")


def compression(head: bytes) -> str:
    """gzip, bz2, xz, zstd, lz4, or "" for a file that begins with `head`."""
    return next((name for magic, name in MAGIC.items() if head.startswith(magic)), "")


def decompressing(file: IO[bytes], kind: str, budget: Budget) -> io.BufferedReader:
    """A stream of the decompressed bytes. Reading raises NotExtractable beyond the budget, and DAMAGE."""
    if kind == "gzip":
        return budgeted(gzip.GzipFile(fileobj=file), budget)
    if kind == "bz2":
        return budgeted(bz2.BZ2File(file), budget)
    if kind == "xz":
        return budgeted(_Xz(file), budget)
    return budgeted(pa.CompressedInputStream(pa.PythonFile(file), kind), budget)


def budgeted(stream: Any, budget: Budget) -> io.BufferedReader:
    """The same bytes, each counted in the budget."""
    return io.BufferedReader(_Counted(stream, budget), AT_ONCE)


def unpacked(head: bytes, stream: IO[bytes]) -> IO[bytes]:
    """`head` and the rest of the stream as a file in which one can seek."""
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115, it is the result
    file.write(head)
    while part := stream.read(AT_ONCE):
        file.write(part)
    file.seek(0)
    return file  # type: ignore[return-value]


class _Counted(io.RawIOBase):
    def __init__(self, stream: Any, budget: Budget) -> None:
        # `read` would lose what comes before the damage in a broken stream
        self._read = getattr(stream, "read1", stream.read)
        self._budget = budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        got = self._read(min(len(buffer), AT_ONCE))
        self._budget.spend(len(got))
        buffer[: len(got)] = got
        return len(got)


class _Xz:
    """As lzma.LZMAFile, with a limit on memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._decompressor = file, lzma.LZMADecompressor(memlimit=DICTIONARY)

    def read(self, size: int) -> bytes:
        while True:
            fed = b""
            if self._decompressor.eof:  # another stream may follow
                fed = self._decompressor.unused_data or self._file.read(1 << 16)
                if not fed.strip(b"\0"):
                    return b""
                self._decompressor = lzma.LZMADecompressor(memlimit=DICTIONARY)
            elif self._decompressor.needs_input and not (fed := self._file.read(1 << 16)):
                raise EOFError("compressed file ended before the end-of-stream marker was reached")
            if got := self._decompressor.decompress(fed, size):
                return got

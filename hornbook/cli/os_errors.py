"""What the operating system refused, in one line: a full disk, a missing right, too many open files."""

import errno
import os
import re
import select
from collections.abc import Iterator

from hornbook.base.errors import AGAIN, DISK_FULL

# what happened, and what to do about it, by error number
KNOWN = {
    **DISK_FULL,
    errno.EFBIG: f"the file would be larger than is allowed (ulimit -f, or the file system's limit); {AGAIN}",
    errno.EACCES: "permission denied; choose another place, or change its owner or rights",
    errno.EPERM: "permission denied; choose another place, or change its owner or rights",
    errno.EROFS: "this place is read-only; choose another one",
    errno.EISDIR: "is a folder, where a file is expected",
    errno.ENOTDIR: "a file is in the place of a folder; choose another path",
    errno.EEXIST: "is there already, and is not what is expected there; choose another path",
    errno.ENOENT: "no such file or folder",
    errno.ENAMETOOLONG: "this name is too long; choose a shorter one",
    errno.ELOOP: "links that point at each other in a circle",
    errno.EMFILE: f"too many open files; raise the limit (ulimit -n 4096) and {AGAIN}",
    errno.ENFILE: f"too many open files on this machine; close some programs and {AGAIN}",
    errno.ENOMEM: f"not enough memory; free some and {AGAIN}",
    errno.EAGAIN: f"too many processes or threads; raise the limit (ulimit -u) and {AGAIN}",
    errno.EIO: f"the disk or file system reports an error; look after it, then {AGAIN}",
    errno.ESTALE: f"the network's file system has lost this file; {AGAIN}",
}
# how libraries written in Rust put it: "No space left on device (os error 28)"
IN_RUST = re.compile(r"\(os error (\d+)\)|\bOs \{ code: (\d+)")

# what numpy says of a write that was cut short
IN_NUMPY = re.compile(r"\d+ requested and \d+ written")


def explain_os_error(error: BaseException) -> str | None:
    """One line that says what was refused, for which file, and what to do; None for an error of any other kind."""
    refused = next(_refusals(error), None)
    if refused is None:
        return None
    if refused.errno is None and IN_NUMPY.fullmatch(str(refused)):
        return f"only a part of a file could be written; is the disk full? Then free some space and {AGAIN}"
    said = KNOWN.get(refused.errno or 0) or (refused.strerror or str(refused) or type(refused).__name__)
    files = " and ".join(os.fsdecode(name) for name in (refused.filename, refused.filename2) if _is_path(name))
    return f"{files}: {said}" if files else said


def _refusals(error: BaseException | None) -> Iterator[OSError]:
    """The operating system's errors behind `error`: itself, what caused it, or what it holds together."""
    if error is None:
        return
    if isinstance(error, OSError):
        yield error
    elif number := IN_RUST.search(str(error)):
        yield OSError(int(number[1] or number[2]), str(error))
    elif isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from _refusals(member)
    yield from _refusals(error.__cause__)


def _is_path(name: object) -> bool:
    return isinstance(name, str | bytes | os.PathLike)


def output_closed() -> bool:
    """Whether whoever read our output (head, less) has closed it."""
    watched = select.poll()
    for stream in (1, 2):
        watched.register(stream, 0)  # errors are told without being asked for
    return any(event & select.POLLERR for _, event in watched.poll(0))

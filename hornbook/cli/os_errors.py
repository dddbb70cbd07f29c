"""One-line explanations of errors of the operating system: a full disk, missing permission, too many open files."""

import errno
import os
import re
import select
from collections.abc import Iterator

from hornbook.base.errors import AGAIN, DISK_FULL

# explanation and remedy by error number
KNOWN = {
    **DISK_FULL,
    errno.EFBIG: f"the file would be larger than is allowed (ulimit -f, or the file system's limit); {AGAIN}",
    errno.EACCES: "permission denied; choose another path, or change its owner or permissions",
    errno.EPERM: "permission denied; choose another path, or change its owner or permissions",
    errno.EROFS: "the file system is read-only; choose another path",
    errno.EISDIR: "is a folder; expected a file",
    errno.ENOTDIR: "a part of the path is a file; expected a folder; choose another path",
    errno.EEXIST: "exists already and is not what is expected there; choose another path",
    errno.ENOENT: "no such file or folder",
    errno.ENAMETOOLONG: "this name is too long; choose a shorter one",
    errno.ELOOP: "symbolic links form a loop",
    errno.EMFILE: f"too many open files; raise the limit (ulimit -n 4096) and {AGAIN}",
    errno.ENFILE: f"too many open files on this machine; close some programs and {AGAIN}",
    errno.ENOMEM: f"not enough memory; free some and {AGAIN}",
    errno.EAGAIN: f"too many processes or threads; raise the limit (ulimit -u) and {AGAIN}",
    errno.EIO: f"the disk or file system reports an error; check it, then {AGAIN}",
    errno.ESTALE: f"the network file system has lost this file; {AGAIN}",
}
# messages of libraries in Rust: "No space left on device (os error 28)"
IN_RUST = re.compile(r"\(os error (\d+)\)|\bOs \{ code: (\d+)")

# numpy's message for an incomplete write
IN_NUMPY = re.compile(r"\d+ requested and \d+ written")


def explain_os_error(error: BaseException) -> str | None:
    """One line that says what failed, for which file, and what to do; None for other errors."""
    refused = next(_refusals(error), None)
    if refused is None:
        return None
    if refused.errno is None and IN_NUMPY.fullmatch(str(refused)):
        return f"a file could be written only in part; if the disk is full, free some space and {AGAIN}"
    explanation = KNOWN.get(refused.errno or 0) or (refused.strerror or str(refused) or type(refused).__name__)
    files = " and ".join(os.fsdecode(name) for name in (refused.filename, refused.filename2) if _is_path(name))
    return f"{files}: {explanation}" if files else explanation


def _refusals(error: BaseException | None) -> Iterator[OSError]:
    """The operating system's errors in `error`: itself, its cause, or members of a group."""
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
    """Whether the reader of the output (head, less) has closed it."""
    watched = select.poll()
    for stream in (1, 2):
        watched.register(stream, 0)  # errors are always reported
    return any(event & select.POLLERR for _, event in watched.poll(0))

"""Errors shown to users as one line, and full disks."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class HornbookError(Exception):
    """An error that the user can fix. The message is one line: what is wrong, where, and what was expected.

    The command line prints it without a traceback and exits with `exit_code`.
    """

    exit_code = 2


class Diverged(HornbookError):
    """Training has diverged: loss or gradients are not finite. A learning-rate search continues after this error."""


def one_line(error: BaseException) -> str:
    """An exception as one line, for error messages and reasons of rejection."""
    text = " ".join(str(error).split())
    name = type(error).__name__
    return f"{name}: {text}" if text else name


AGAIN = "run the same command again to continue"
DISK_FULL = {  # by error number
    errno.ENOSPC: f"the disk is full; free some space and {AGAIN}",
    errno.EDQUOT: f"your quota of disk space is used up; free some and {AGAIN}",
}


@contextmanager
def disk_full_errors(path: Path) -> Iterator[None]:
    """Raises HornbookError, which names the file, when the disk is full; other errors pass unchanged."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            raise HornbookError(f"{path}: {DISK_FULL[error.errno]}") from None
        raise

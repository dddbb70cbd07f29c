"""A full disk, said in one way."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hornbook.base.errors import HornbookError

AGAIN = "run the same command again to continue"
DISK_FULL = {  # by error number
    errno.ENOSPC: f"the disk is full; free some space and {AGAIN}",
    errno.EDQUOT: f"your quota of disk space is used up; free some and {AGAIN}",
}


@contextmanager
def disk_full_names(path: Path) -> Iterator[None]:
    """Raises HornbookError, which names the file that is written, where the disk is full; other errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            raise HornbookError(f"{path}: {DISK_FULL[error.errno]}") from None
        raise

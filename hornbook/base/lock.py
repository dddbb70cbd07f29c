"""A lock on a folder: one process at a time; a second one stops with a line that names the first."""

import contextlib
import fcntl
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from hornbook.base.errors import HornbookError
from hornbook.base.workspace import is_first_process

LOCK = "lock"  # the file that is held; it names its holder
PATIENCE = 1.0  # seconds for the children of a process that was killed to end too


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold `folder` (created when missing) until the end of the block; the system lets it go when we are killed.

    Of the processes that torchrun starts, the first holds it for all.
    Raises HornbookError, with process and host of the holder, while another process has it.
    """
    if not is_first_process():
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    handle = _held(folder / LOCK)
    try:
        handle.truncate()
        handle.write(f"process {os.getpid()} on {socket.gethostname()}")
        handle.flush()
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):  # the folder may be gone
            (folder / LOCK).unlink()
        handle.close()


def _held(path: Path) -> TextIO:
    """The open lock file, held."""
    patient_until = time.monotonic() + PATIENCE
    while True:
        handle = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = handle.read().strip() or "another hornbook"
            handle.close()
            if time.monotonic() > patient_until:
                raise HornbookError(f"{path.parent}: {holder} is at work there; wait for it or stop it") from None
            time.sleep(0.1)
            continue
        if path.exists() and os.path.samestat(os.fstat(handle.fileno()), path.stat()):
            return handle
        handle.close()  # its holder has just removed it: what we hold is no longer the file

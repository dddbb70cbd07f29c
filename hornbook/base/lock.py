"""A lock on a folder: a second process stops with an error that names the first."""

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

LOCK = "lock"  # the locked file; it names its holder
PATIENCE = 1.0  # seconds to wait for the children of a killed process to end


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock `folder` (created when missing) for the block; the system releases the lock when the process is killed.

    Under torchrun the process of rank 0 holds it for all.
    Raises HornbookError, with process and host of the holder, while another process holds it.
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
        with contextlib.suppress(FileNotFoundError):  # the folder may have been deleted
            (folder / LOCK).unlink()
        handle.close()


def _held(path: Path) -> TextIO:
    """The open and locked lock file."""
    patient_until = time.monotonic() + PATIENCE
    while True:
        handle = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = handle.read().strip() or "another hornbook"
            handle.close()
            if time.monotonic() > patient_until:
                raise HornbookError(f"{path.parent}: in use by {holder}; wait for it or stop it") from None
            time.sleep(0.1)
            continue
        if path.exists() and os.path.samestat(os.fstat(handle.fileno()), path.stat()):
            return handle
        handle.close()  # the previous holder has just deleted this file: lock the new one

"""Differences between Linux, where all of Hornbook runs, and other systems, where parts of it run."""

import os

from hornbook.base.errors import HornbookError

_SANDBOX_CALLS = ("memfd_create", "pidfd_open", "pipe2")  # Linux only


def cores() -> int:
    """The number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def sync_data(descriptor: int) -> None:
    """Flush a file's data to the disk, where possible without its timestamps."""
    (os.fdatasync if hasattr(os, "fdatasync") else os.fsync)(descriptor)


def check_sandbox() -> None:
    """Raise HornbookError if the system has no sandbox."""
    if not all(hasattr(os, name) for name in _SANDBOX_CALLS):
        raise HornbookError(
            "sandbox: programs that a model wrote run on Linux only, because the sandbox (bubblewrap) needs it; on "
            "another system use a Linux container or virtual machine, or leave out what runs code"
        )

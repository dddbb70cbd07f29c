"""What differs between Linux, where all of Hornbook runs, and other systems, where some of it does."""

import os

from hornbook.base.errors import HornbookError

# calls of Linux that a sandbox takes, and macOS lacks
_FOR_A_SANDBOX = ("memfd_create", "pidfd_open", "pipe2")


def cores() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def sync_data(descriptor: int) -> None:
    """Have what was written to a file on the disk, without its times where the system can leave them."""
    (os.fdatasync if hasattr(os, "fdatasync") else os.fsync)(descriptor)


def check_sandbox() -> None:
    """Raise HornbookError where there can be no sandbox."""
    if not all(hasattr(os, name) for name in _FOR_A_SANDBOX):
        raise HornbookError(
            "sandbox: programs that a model wrote run on Linux only, as what confines them (bubblewrap) is Linux's; "
            "on another system run this in a Linux container or virtual machine, or leave out what runs code"
        )

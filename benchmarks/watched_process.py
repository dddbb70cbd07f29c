"""Run a program and measure it with all of its processes: processor time, and the most memory held at a time."""

import os
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from benchmarks.harness import meter
from hornbook.base.errors import HornbookError

SECONDS = 0.2  # between two looks at the memory


class Used(msgspec.Struct):
    """Seconds, and megabytes of anonymous memory (what is mapped from files can be given back at any time)."""

    cpu: float
    wall: float
    megabytes: float


def run_watched(command: Sequence[str], what: str) -> Used:
    """Raises HornbookError, which names `what`, if the program fails."""
    most = 0.0
    with meter() as spent:
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        errors = ""
        while process.returncode is None:
            try:
                _, errors = process.communicate(timeout=SECONDS)
            except subprocess.TimeoutExpired:
                most = max(most, held_mb(process.pid))
    if process.returncode:
        raise HornbookError(f"{what} failed: {(errors.strip().splitlines() or ['no message'])[-1]}")
    return Used(spent.cpu, spent.wall, most)


def held_mb(process: int) -> float:
    """Anonymous memory of a process and its descendants, in MB."""
    total = 0.0
    with suppress(OSError, IndexError):  # it may end at any moment
        status = Path(f"/proc/{process}/status").read_text()
        total += int(status.partition("RssAnon:")[2].split()[0]) * 1024 / 1e6
        children = Path(f"/proc/{process}/task/{process}/children").read_text()
        total += sum(held_mb(int(child)) for child in children.split())
    return total

"""Run an untrusted Python program."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from hornbook.sandbox.bubblewrap import PACKAGES
from hornbook.sandbox.process import Limits, Outcome, start


def run_python(
    source: str,
    *,
    stdin: str = "",
    files: Mapping[str, str] = {},
    seconds: float = 5.0,
    memory_mb: int = 512,
    packages: Sequence[Path] = (),
) -> Outcome:
    """Run `source` with the standard library of this Python, in a fresh scratch folder that holds `files`.

    No network, no other process, nothing writable but the scratch folder (64 MB, in memory). `seconds` is wall time,
    `memory_mb` address space; no file and no output grows beyond 1 MB (writing on raises OSError inside).
    Of what is installed, `packages` (files or folders) can be imported too. About 20 ms a run.
    Raises HornbookError where there is no sandbox, RuntimeError when one run does not start.
    """
    limits, programs = Limits(seconds, memory_mb), {**files, "main.py": source}
    folders = {f"{PACKAGES}/{package.name}": str(package) for package in packages}
    with start(["main.py"], limits, python=True, stdin=stdin, files=programs, folders=folders) as running:
        return running.wait()

"""Run a Python program that nobody vouches for."""

import contextlib
import math
import os
import select
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from hornbook.base.errors import HornbookError
from hornbook.sandbox.bubblewrap import PACKAGES, SCRATCH, bubblewrap, interpreter, isolation, read_only_rest
from hornbook.sandbox.seccomp import one_process_filter

LARGEST_FILE = 1 << 20  # bytes a program may print, or write into one file

# Limits are set inside, in the process that then becomes the program: what it cannot raise again binds it alone.
# The program runs as __main__ with the scratch folder on its path, so that it can import the files beside it.
# Who dies or gives up while bubblewrap still builds its world cannot kill what runs in it; so the first thing done
# there is to look whether anybody still holds the other end of the lifeline.
_START = f"""\
import os, resource, sys
seconds, memory, size, lifeline = map(int, sys.argv[1:])
try:
    os.read(lifeline, 1)
    os._exit(1)
except BlockingIOError:
    os.close(lifeline)
for what, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_FSIZE, size),
                   (resource.RLIMIT_NOFILE, 64), (resource.RLIMIT_CORE, 0)):
    resource.setrlimit(what, (most, most))
sys.argv[:] = ["main.py"]
sys.path[:0] = ["{SCRATCH}", "{PACKAGES}"]
del os, resource, seconds, memory, size, lifeline, what, most
exec(compile(open("{SCRATCH}/main.py", "rb").read(), "main.py", "exec"))
"""


class Outcome(NamedTuple):
    """How a program ended. `reason` is "" for one that ended by itself, else timeout, memory, output or killed."""

    exit_code: int  # 128 + signal for a program that was killed
    stdout: str
    stderr: str
    reason: str = ""


class _Status(msgspec.Struct):
    exit_code: int | None = msgspec.field(name="exit-code", default=None)


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
    program = bubblewrap()
    with contextlib.ExitStack() as stack:
        given = {name: stack.enter_context(_memory_file(text)) for name, text in {**files, "main.py": source}.items()}
        asked, printed, complained, status = (stack.enter_context(_memory_file(text)) for text in (stdin, "", "", ""))
        rules = stack.enter_context(_memory_file(one_process_filter()))
        lifeline, held = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        stack.callback(os.close, lifeline)
        bound = [part for folder in packages for part in ("--ro-bind", str(folder), f"{PACKAGES}/{folder.name}")]
        placed = [part for name, file in given.items() for part in ("--file", str(file), f"{SCRATCH}/{_plain(name)}")]
        environment = ["LANG=C.UTF-8", "PYTHONHASHSEED=0", f"HOME={SCRATCH}", f"TMPDIR={SCRATCH}"]
        limits = map(str, (math.ceil(seconds) + 1, memory_mb << 20, LARGEST_FILE, lifeline))
        command = [
            *(str(program), *isolation(), *bound, *placed, *read_only_rest()),
            *(part for pair in environment for part in ("--setenv", *pair.split("="))),
            *("--json-status-fd", str(status), "--seccomp", str(rules), "--"),
            *(interpreter(), "-S", "-s", "-P", "-c", _START, *limits),
        ]
        passed = [*given.values(), status, rules, lifeline]
        with open(held, "wb") as hold:
            process = subprocess.Popen(
                command, stdin=asked, stdout=printed, stderr=complained, pass_fds=passed, process_group=0
            )
            try:
                in_time = _wait(process, seconds)
            finally:
                hold.close()
                # Bubblewrap's end is the end of all that runs under it; of its group, while it is still building.
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        stdout, stderr = _content(printed), _content(complained)
        if not in_time:
            return Outcome(128 + signal.SIGKILL, stdout, stderr, "timeout")
        exit_code = _exit_code(_content(status))
    if exit_code is None:
        raise RuntimeError(f"the sandbox did not start: {' '.join(stderr.split())}")
    return Outcome(exit_code, stdout, stderr, _reason(exit_code, stdout, stderr))


def _reason(exit_code: int, stdout: str, stderr: str) -> str:
    if exit_code == 0:
        return ""
    if stderr.rstrip().rpartition("\n")[2].startswith("MemoryError"):
        return "memory"
    if len(stdout.encode()) >= LARGEST_FILE or len(stderr.encode()) >= LARGEST_FILE:
        return "output"
    if exit_code == 128 + signal.SIGXCPU:
        return "timeout"
    return "killed" if exit_code > 128 else ""


def _wait(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether it ended in time. A descriptor wakes us at once, where Popen.wait would look again every 50 ms."""
    descriptor = os.pidfd_open(process.pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _memory_file(content: str | bytes) -> Iterator[int]:
    """A file without a name: the program's input and output need no pipes, and the limit on files limits them."""
    descriptor = os.memfd_create("sandbox")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def _content(descriptor: int) -> str:
    return os.pread(descriptor, LARGEST_FILE, 0).decode("utf-8", "replace")


def _exit_code(status: str) -> int | None:
    """The program's exit code as bubblewrap reports it in its last line; None when the program never ran."""
    for line in reversed(status.splitlines()):
        return msgspec.json.decode(line, type=_Status).exit_code
    return None


def _plain(name: str) -> str:
    if not name or "/" in name or name in (".", "..") or "\0" in name:
        raise HornbookError(f"sandbox: {name!r} is no plain file name")
    return name

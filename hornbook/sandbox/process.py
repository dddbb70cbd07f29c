"""Run an untrusted command in the sandbox and wait for it."""

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
from hornbook.sandbox.bubblewrap import PACKAGES, SCRATCH, bubblewrap, isolation, python_interpreter, read_only_rest
from hornbook.sandbox.seccomp import one_process_filter

# The limits are set in the sandboxed process, just before it becomes the command; it cannot raise them again.
# If our process dies while bubblewrap is starting, nobody can kill the child. So the child first checks
# that its parent still holds the other end of a pipe (`lifeline`).
_START = """\
import os, resource, sys
seconds, memory, data, size, files, lifeline = map(int, sys.argv[1:7])
try:
    os.read(lifeline, 1)
    os._exit(1)
except BlockingIOError:
    os.close(lifeline)
for what, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_DATA, data), (resource.RLIMIT_CPU, seconds),
                   (resource.RLIMIT_FSIZE, size), (resource.RLIMIT_NOFILE, files), (resource.RLIMIT_CORE, 0)):
    resource.setrlimit(what, (most, most))
"""
_COMMAND = _START + "os.execv(sys.argv[7], sys.argv[7:])\n"
# A program runs as __main__ with the scratch folder on its path, so that it can import the files beside it.
_PYTHON = f"""\
{_START}
sys.argv[:] = sys.argv[7:]
sys.path[:0] = ["{SCRATCH}", "{PACKAGES}"]
del os, resource, seconds, memory, data, size, files, lifeline, what, most
exec(compile(open("{SCRATCH}/" + sys.argv[0], "rb").read(), sys.argv[0], "exec"))
"""


class ProcessLimits(NamedTuple):
    """Resource limits of a command.

    Attributes:
        seconds: wall-clock time; the limit on processor time is one second more.
        memory_mb: address space of each process; 0 for no limit.
        file_mb: largest file, and largest output on stdout and on stderr.
        files: descriptors open at a time.
        one_process: whether fork is forbidden (threads are allowed).
        data_mb: writable memory of each process (RLIMIT_DATA), for runtimes that reserve more address space than they
            use (Java, Node, Go); 0 for no limit.
    """

    seconds: float
    memory_mb: int
    file_mb: int = 1
    files: int = 64
    one_process: bool = True
    data_mb: int = 0


class ProcessOutcome(NamedTuple):
    """How a process ended. `reason` is "" if it exited by itself, else timeout, memory, output or killed."""

    exit_code: int  # 128 + signal if it was killed
    stdout: str
    stderr: str
    reason: str = ""


class _Status(msgspec.Struct):
    exit_code: int | None = msgspec.field(name="exit-code", default=None)


class SandboxedProcess:
    """A command that runs in the sandbox."""

    def __init__(
        self, process: subprocess.Popen[bytes], limits: ProcessLimits, output: Sequence[int], status: int
    ) -> None:
        self._process, self._limits, self._output, self._status = process, limits, output, status

    def wait(self, seconds: float | None = None) -> ProcessOutcome:
        """Wait until it exits, or until its time limit (or `seconds` from now) is over. Raises RuntimeError if it was
        never started."""
        in_time = _wait(self._process, self._limits.seconds if seconds is None else seconds)
        self.stop()
        largest = self._limits.file_mb << 20
        stdout, stderr = (_content(descriptor, largest) for descriptor in self._output)
        if not in_time:
            return ProcessOutcome(128 + signal.SIGKILL, stdout, stderr, "timeout")
        exit_code = _exit_code(_content(self._status, 1 << 20))
        if exit_code is None:
            raise RuntimeError(f"the sandbox did not start: {' '.join(stderr.split())}")
        return ProcessOutcome(exit_code, stdout, stderr, _reason(exit_code, stdout, stderr, largest))

    def stop(self) -> None:
        """Kill it and all its child processes."""
        # When bubblewrap dies, its children die; while it is still starting, they are in its process group.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@contextlib.contextmanager
def start_sandboxed(
    command: Sequence[str],
    limits: ProcessLimits,
    *,
    python: bool = False,
    stdin: str = "",
    files: Mapping[str, str | bytes] = {},
    folders: Mapping[str, str] = {},
    writable: Mapping[str, str] = {},
    environment: Mapping[str, str] = {},
    descriptors: Sequence[int] = (),
) -> Iterator[SandboxedProcess]:
    """Start `command` in a new scratch folder that holds `files`; it is killed when the block is left.

    With `python`, the command is the name of one of the files and its arguments, run by this Python without packages.
    No network, no other process visible, nothing writable but the scratch folder (64 MB, in memory) and `writable`.
    `folders` and `writable` map paths inside the sandbox to files or folders outside. `descriptors` stay open under
    the same numbers.
    Raises HornbookError where there is no sandbox.
    """
    program = bubblewrap()
    with contextlib.ExitStack() as stack:
        given = {name: stack.enter_context(_memory_file(content)) for name, content in files.items()}
        asked, printed, complained, status = (stack.enter_context(_memory_file(text)) for text in (stdin, "", "", ""))
        lifeline, held = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        stack.callback(os.close, lifeline)
        bound = [part for place, path in folders.items() for part in ("--ro-bind", path, place)]
        bound += [part for place, path in writable.items() for part in ("--bind", path, place)]
        placed = [part for name, file in given.items() for part in ("--file", str(file), f"{SCRATCH}/{_plain(name)}")]
        variables = {"LANG": "C.UTF-8", "PYTHONHASHSEED": "0", "HOME": SCRATCH, "TMPDIR": SCRATCH, **environment}
        memory, data = (most << 20 if most else -1 for most in (limits.memory_mb, limits.data_mb))
        numbers = (math.ceil(limits.seconds) + 1, memory, data, limits.file_mb << 20, limits.files, lifeline)
        rules = [stack.enter_context(_memory_file(one_process_filter()))] if limits.one_process else []
        arguments = [
            *(str(program), *isolation(), *bound, *placed, *read_only_rest()),
            *(part for name, value in variables.items() for part in ("--setenv", name, value)),
            *("--json-status-fd", str(status)),
            *(part for file in rules for part in ("--seccomp", str(file))),
            *("--", python_interpreter(), "-S", "-s", "-P", "-c", _PYTHON if python else _COMMAND),
            *(*map(str, numbers), *command),
        ]
        passed = [*given.values(), status, *rules, lifeline, *descriptors]
        with open(held, "wb") as hold:
            process = subprocess.Popen(
                arguments, stdin=asked, stdout=printed, stderr=complained, pass_fds=passed, process_group=0
            )
            running = SandboxedProcess(process, limits, (printed, complained), status)
            try:
                yield running
            finally:
                hold.close()
                running.stop()


def run_python(
    source: str,
    *,
    stdin: str = "",
    files: Mapping[str, str] = {},
    seconds: float = 5.0,
    memory_mb: int = 512,
    packages: Sequence[Path] = (),
) -> ProcessOutcome:
    """Run `source` with the standard library of this Python, in a new scratch folder that holds `files`.

    No network, no other process, nothing writable but the scratch folder (64 MB, in memory). `seconds` is wall time,
    `memory_mb` address space; files and outputs are limited to 1 MB each (further writes raise OSError inside).
    The installed `packages` (files or folders) can be imported too. A run takes about 20 ms.
    Raises HornbookError where there is no sandbox, RuntimeError when a run does not start.
    """
    limits, programs = ProcessLimits(seconds, memory_mb), {**files, "main.py": source}
    folders = {f"{PACKAGES}/{package.name}": str(package) for package in packages}
    with start_sandboxed(["main.py"], limits, python=True, stdin=stdin, files=programs, folders=folders) as running:
        return running.wait()


def _reason(exit_code: int, stdout: str, stderr: str, largest: int) -> str:
    if exit_code == 0:
        return ""
    if stderr.rstrip().rpartition("\n")[2].startswith("MemoryError"):
        return "memory"
    if len(stdout.encode()) >= largest or len(stderr.encode()) >= largest:
        return "output"
    if exit_code == 128 + signal.SIGXCPU:
        return "timeout"
    return "killed" if exit_code > 128 else ""


def _wait(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether it exited in time. A pidfd reports the exit at once; Popen.wait would poll every 50 ms."""
    descriptor = os.pidfd_open(process.pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _memory_file(content: str | bytes) -> Iterator[int]:
    """An anonymous file. Used for input and output instead of pipes, so that the file-size limit applies to them."""
    descriptor = os.memfd_create("sandbox")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def _content(descriptor: int, largest: int) -> str:
    return os.pread(descriptor, largest, 0).decode("utf-8", "replace")


def _exit_code(status: str) -> int | None:
    """The program's exit code from the last line of bubblewrap's status; None if the program never ran."""
    for line in reversed(status.splitlines()):
        return msgspec.json.decode(line, type=_Status).exit_code
    return None


def _plain(name: str) -> str:
    if not name or "/" in name or name in (".", "..") or "\0" in name:
        raise HornbookError(f"sandbox: {name!r} is not a plain file name")
    return name

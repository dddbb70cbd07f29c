"""Hostile programs: each is contained and gets its verdict, and the machine it ran on is as it was before."""

import contextlib
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from hornbook.sandbox.process import ProcessOutcome, run_python
from tests.sandbox.hostile import ALL, ATTEMPT, Hostile

MEMORY_MB = 251  # the limit on memory stands in the command line of what runs: so it is found again
ENDLESS, ENOUGH = 0.8, 30.0  # seconds for programs that would run for ever, and for the others
WRITTEN = ("x", "y", "evil", "env", "link", "top", "disk", "d", "r", "0", "1")  # names that the programs try to write
REPOSITORY = Path(__file__).parents[2]


class Host:
    """What the programs are after: servers that listen, a file, our own process, and traces that they could leave."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "secret"
        self.file.write_text("hunter2")
        self.signals: list[int] = []
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.unix, self.abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        self.unix.bind(str(folder / "socket"))
        self.abstract.bind(f"\0hornbook-{os.getpid()}")
        for server in (self.unix, self.abstract):
            server.listen()

    def targets(self) -> dict[str, Any]:
        return {
            "tcp": self.tcp.getsockname()[1],
            "udp": self.udp.getsockname()[1],
            "unix": str(self.folder / "socket"),
            "abstract": f"hornbook-{os.getpid()}",
            "file": str(self.file),
            "repository": str(REPOSITORY),
            "home": str(Path.home()),
            "pid": os.getpid(),
        }

    def visited(self) -> list[str]:
        """Sockets that somebody came to."""
        found = []
        for name, server in {"tcp": self.tcp, "udp": self.udp, "unix": self.unix, "abstract": self.abstract}.items():
            server.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                server.recv(1) if name == "udp" else server.accept()
                found.append(name)
        return found

    def traces(self) -> list[object]:
        """What no program may change: files in reach of one that got out, the clock, the machine's name."""
        folders = [Path("/"), Path("/dev"), Path("/dev/shm"), Path("/usr/bin"), Path.cwd(), Path.home(), self.folder]
        left = [folder / name for folder in folders for name in WRITTEN if os.path.lexists(folder / name)]
        clock = round(time.time() - time.monotonic())
        kept = [sorted(os.listdir(self.folder)), self.file.read_text(), os.uname().nodename]
        return [left, *kept, abs(clock - self.begun) <= 1]

    begun = round(time.time() - time.monotonic())


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    one = Host(tmp_path_factory.mktemp("host"))
    caught = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
    old = {number: signal.signal(number, lambda got, _: one.signals.append(got)) for number in caught}
    yield one
    for number, handler in old.items():
        signal.signal(number, handler)
    for server in (one.tcp, one.udp, one.unix, one.abstract):
        server.close()


@pytest.fixture(scope="module")
def verdicts(host: Host) -> dict[str, ProcessOutcome]:
    """All of them run, side by side, before the first is judged."""
    targets = host.targets()

    def run(hostile: Hostile) -> ProcessOutcome:
        source, seconds = hostile.source.format(**targets), ENDLESS if "timeout" in hostile.reason else ENOUGH
        return run_python(source, files={"attempt.py": ATTEMPT}, seconds=seconds, memory_mb=MEMORY_MB)

    before = host.traces()
    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(run, ALL))
    assert host.traces() == before
    return {hostile.name: outcome for hostile, outcome in zip(ALL, outcomes, strict=True)}


def left_running() -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{MEMORY_MB << 20}".encode() in (process / "cmdline").read_bytes():
                found.append(process.name)
    return found


def test_the_programs_are_many_and_different() -> None:
    assert len({hostile.name for hostile in ALL}) == len({hostile.source for hostile in ALL}) == len(ALL) >= 50


@pytest.mark.parametrize("hostile", ALL, ids=lambda hostile: hostile.name)
def test_it_is_contained_and_gets_its_verdict(hostile: Hostile, verdicts: dict[str, ProcessOutcome]) -> None:
    outcome = verdicts[hostile.name]
    assert re.fullmatch(hostile.prints, outcome.stdout.rstrip("\n")), outcome
    assert re.fullmatch(hostile.reason, outcome.reason), outcome
    assert outcome.exit_code == hostile.exit_code if hostile.exit_code is not None else outcome.exit_code, outcome
    assert "hunter2" not in outcome.stdout + outcome.stderr


def test_the_host_is_unharmed(host: Host, verdicts: dict[str, ProcessOutcome]) -> None:
    assert len(verdicts) == len(ALL)
    assert host.visited() == [] and host.signals == []
    time.sleep(0.2)
    assert left_running() == []


def test_an_honest_program_runs_after_all_of_them(verdicts: dict[str, ProcessOutcome]) -> None:
    assert run_python("print(sum(range(10)))") == ProcessOutcome(0, "45\n", "")

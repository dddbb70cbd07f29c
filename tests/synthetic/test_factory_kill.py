"""SIGKILL to the whole factory at random moments: nothing that arrived is asked again, and the end is the same."""

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.synthetic.factory import CALLS, RECORDS, contents, write_documents

pytestmark = pytest.mark.slow
IN_FLIGHT = 8
KILLS = 2


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The URL of a mock server in a process of its own, and the file in which it counts requests."""
    port, count = tmp_path / "port", tmp_path / "count"
    process = subprocess.Popen([sys.executable, "-m", "tests.synthetic.factory", "serve", str(port), str(count)])
    try:
        deadline = time.monotonic() + 60
        while not port.exists():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        yield port.read_text(), count
    finally:
        process.kill()
        process.wait()


def asked(count: Path) -> Counter[str]:
    """Requests that the server has had, by name."""
    return Counter(count.read_text().split("\n")[:-1] if count.exists() else [])


@pytest.mark.parametrize("luck", [1, 2, 3])
def test_killed_twice_and_resumed_it_makes_the_same_bytes(tmp_path: Path, server: tuple[str, Path], luck: int) -> None:
    url, count = server
    documents, killed, ledger = write_documents(tmp_path / "documents"), tmp_path / "killed", tmp_path / "ledger"

    def start(folder: Path, ledger: Path) -> subprocess.Popen[bytes]:
        places = [url, str(folder), str(ledger), str(documents)]
        return subprocess.Popen([sys.executable, "-m", "tests.synthetic.factory", "run", *places])

    chance = random.Random(luck)
    for moment in sorted(chance.randint(1, RECORDS * CALLS) for _ in range(KILLS)):
        process = start(killed, ledger)
        while asked(count).total() < moment and process.poll() is None:
            time.sleep(0.002)
        time.sleep(chance.choice([0.0, 0.05]))  # after the last request: while results are written
        process.kill()
        process.wait()
        answered = (ledger / "calls.jsonl").read_bytes().count(b"\n") if (ledger / "calls.jsonl").exists() else 0
        assert asked(count).total() - answered <= KILLS * IN_FLIGHT
    assert start(killed, ledger).wait() == 0
    requests = asked(count)
    assert len(requests) == RECORDS * CALLS
    assert requests.total() <= RECORDS * CALLS + KILLS * IN_FLIGHT

    assert start(tmp_path / "whole", tmp_path / "another ledger").wait() == 0
    assert contents(killed) == contents(tmp_path / "whole")
    before = asked(count).total()
    assert start(killed, ledger).wait() == 0
    assert asked(count).total() == before  # nothing is left to ask

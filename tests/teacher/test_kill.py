"""SIGKILL in the middle of many calls: what was answered is never asked again, and the end is the same."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

IN_FLIGHT = 8
CALLS = 300
KILLS = 3
PROGRAM = """
import asyncio, sys
from pathlib import Path
from hornbook.base.files import write_json
from hornbook.base.records import Message
from hornbook.teacher.client import open_teacher
from hornbook.teacher.settings import TeacherSettings
from hornbook.teacher.map_records import map_records

async def main(url, folder, budget):
    settings = TeacherSettings(url=url, model="mock", concurrency=8, budget_tokens=budget)
    async with open_teacher(settings, folder / "ledger") as teacher:
        async def worker(number):
            draft = await teacher.complete([Message("user", f"question {number}")], purpose="draft")
            check = await teacher.complete([Message("user", f"check: {draft.text}")], purpose="check", sample=number)
            return [draft.key, draft.text, check.key, check.text]
        results = await map_records(range(150), worker)
    write_json(folder / "results.json", {"results": results, "calls": len(teacher.calls_used)})

asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) or None))
"""


@pytest.fixture
def mock(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The URL of a mock server in a process of its own, and the file in which it counts requests."""
    port, count = tmp_path / "port", tmp_path / "count"
    options = ["--port-file", str(port), "--count-file", str(count), "--latency", "0.02"]
    server = subprocess.Popen([sys.executable, "-m", "tests.teacher.mock_server", *options])
    try:
        deadline = time.monotonic() + 30
        while not port.exists():
            assert server.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port.read_text()}/v1", count
    finally:
        server.kill()
        server.wait()


def start(url: str, folder: Path, budget: int = 0) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM, url, str(folder), str(budget)])


def lines(path: Path) -> list[str]:
    return path.read_text().split("\n")[:-1] if path.exists() else []


def test_killed_at_random_moments_only_what_was_in_flight_is_asked_again(
    tmp_path: Path, mock: tuple[str, Path]
) -> None:
    url, count = mock
    chance = random.Random(5)
    kills = 0
    for _ in range(KILLS):
        process = start(url, tmp_path / "killed")
        before = len(lines(count))
        goal = before + chance.randint(5, 60)
        deadline = time.monotonic() + 60
        while len(lines(count)) < goal and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        kills += process.wait() == -signal.SIGKILL
        answered = len(lines(tmp_path / "killed" / "ledger" / "calls.jsonl"))
        assert len(lines(count)) - answered <= kills * IN_FLIGHT
    assert kills == KILLS
    assert start(url, tmp_path / "killed").wait() == 0
    asked = Counter(lines(count))
    assert len(asked) == CALLS
    assert sum(asked.values()) - CALLS <= kills * IN_FLIGHT

    assert start(url, tmp_path / "whole").wait() == 0
    killed, whole = (json.loads((tmp_path / name / "results.json").read_text()) for name in ("killed", "whole"))
    assert killed == whole and killed["calls"] == CALLS
    assert start(url, tmp_path / "killed").wait() == 0  # and again: nothing is left to ask
    assert sum(Counter(lines(count)).values()) == sum(asked.values()) + CALLS


def test_attempts_lost_in_a_kill_are_charged_to_the_budget(tmp_path: Path, mock: tuple[str, Path]) -> None:
    from hornbook.teacher.budget import Budget
    from hornbook.teacher.ledger import Ledger
    from hornbook.teacher.settings import TeacherSettings

    url, count = mock
    process = start(url, tmp_path, 10**9)
    while len(lines(count)) < 20 and process.poll() is None:
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    ledger = Ledger(tmp_path / "ledger")
    lost = len(lines(count)) - len(ledger)
    settings = TeacherSettings(url=url, model="mock", budget_tokens=10**9)
    budget = Budget(settings, ledger, tmp_path / "ledger", "mock")
    paid = ledger.prompt_tokens["mock"] + ledger.completion_tokens["mock"]
    assert lost >= 1
    assert sum(budget._taken()) >= paid + lost * 256  # 256: the default max_tokens of each lost attempt

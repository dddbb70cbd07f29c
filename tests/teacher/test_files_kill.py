"""SIGKILL of a run whose teacher answers by files: no request is written twice, no answer is asked for again."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from hornbook.teacher.accounting import LocalAccounting
from hornbook.teacher.settings import TeacherSettings
from tests.teacher.by_files import reply_to, requests_in, write_lines
from tests.teacher.test_accounting import answered, ask_of

RECORDS = 12
PROGRAM = """
import asyncio, json, sys
from pathlib import Path
from hornbook.teacher import files
from tests.teacher.test_accounting import answered, ask_of
from tests.teacher.by_files import ask

async def main(folder):
    files.PAUSE, files.SECONDS_TO_GATHER = 0.01, 0.1
    results, _ = await ask(folder, range(12), steps=2, budget_tokens=10**6)
    (folder / "results.json").write_text(json.dumps(results))

asyncio.run(main(Path(sys.argv[1])))
"""


def killed(folder: Path, moment: Callable[[], bool]) -> None:
    """Run until the moment comes."""
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(folder)])
    deadline = time.monotonic() + 100
    while not moment():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def test_a_run_killed_at_any_moment_goes_on(tmp_path: Path) -> None:
    exchange, ledger = tmp_path / "exchange", tmp_path / "ledger" / "calls.jsonl"

    def file_is_there(number: int) -> Callable[[], bool]:
        return (exchange / f"requests-000{number}.jsonl").exists

    def answered(count: int) -> Callable[[], bool]:
        return lambda: ledger.exists() and ledger.read_bytes().count(b"\n") >= count

    killed(tmp_path, file_is_there(1))
    first = [json.dumps(reply_to(request)) + "\n" for request in requests_in(exchange)]
    write_lines(exchange / "answers-a.jsonl", [*first[6:], first[0][:50]])  # the answerer is not done yet either
    killed(tmp_path, answered(3))
    write_lines(exchange / "answers-a.jsonl", [first[0][50:]])
    write_lines(exchange / "answers-b.jsonl", first[1:6][::-1])
    killed(tmp_path, file_is_there(2))
    write_lines(exchange / "answers-c.jsonl", [reply_to(request) for request in requests_in(exchange)[RECORDS:]])
    killed(tmp_path, answered(RECORDS + 1))
    subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], check=True, timeout=100)

    results = json.loads((tmp_path / "results.json").read_text())
    assert results == [f"re: re: question {number}" for number in range(RECORDS)]
    assert len(requests_in(exchange)) == len({request["custom_id"] for request in requests_in(exchange)}) == 2 * RECORDS
    assert ledger.read_bytes().count(b"\n") == 2 * RECORDS
    settings = TeacherSettings(files=str(exchange), budget_tokens=10**6)
    bank = LocalAccounting(settings, tmp_path / "ledger", "files")
    assert sum(bank.budget._taken()) == 2 * RECORDS * 10  # nothing lost in a kill is charged on top


def test_a_kill_between_an_answer_and_its_release_charges_the_answer_alone(tmp_path: Path) -> None:
    settings = TeacherSettings(files=str(tmp_path / "exchange"), budget_tokens=10**6)
    killed_run = LocalAccounting(settings, tmp_path / "ledger", "files")
    asyncio.run(killed_run.budget.reserve(ask_of(1, "files")))
    killed_run.ledger.put(answered(ask_of(1, "files")))
    next_run = LocalAccounting(settings, tmp_path / "ledger", "files")
    assert next_run.budget._taken() == (2, 1)

"""A whole stage against a server that fails: how it ends, what it leaves, and that nothing is paid twice."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from hornbook.base.files import read_records
from hornbook.base.records import Sample
from tests.synthetic.factory import RECORDS, write_documents
from tests.teacher.fault_server import FaultServer, error, raw, said
from tests.teacher.mock_server import Body

KIND = """
from hornbook.base.records import Message
from hornbook.synthetic.seed_sampling import from_passages
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made


async def make(passage, ask, settings):
    answer = await ask("tell", f"Retell: {passage.text}")
    checks = Checks()
    checks.require("length", len(answer.text) > 3)
    return [Made(checks.passed, messages=[Message("user", "Retell it."), Message("assistant", answer.text)])]


KIND = Kind(about="Retold.", source="web_rewrite", report="2.2", seeded_by="passages", seeds=from_passages, make=make,
            stages=("tell",), checks=("length",), calls=lambda settings: 1, settings=KindSettings)
"""
SECONDS = 120


@contextmanager
def serving(server: FaultServer) -> Iterator[FaultServer]:
    """The server, in a thread with a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(SECONDS)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        loop.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With documents, one passage of each, and a kind that asks once for each."""
    write_documents(tmp_path)
    (tmp_path / "retell.py").write_text(KIND)
    return tmp_path


def command(server: FaultServer, *more: str) -> list[str]:
    settings = {"url": server.url, "model": "mock", "backoff": 0.01, "retries": 1, "concurrency": 4}
    teacher = [f"--teacher.{name}={value}" for name, value in settings.items()]
    passages = ["--against=[]"]
    kinds = ["--kinds={./retell.py: {}}", f"--records={RECORDS}", "--near-duplicate=2", "--out=out"]
    return [sys.executable, "-m", "hornbook", "synth", "documents.parquet", *teacher, *passages, *kinds, *more]


def run(server: FaultServer, folder: Path, *more: str) -> tuple[int, str]:
    done = subprocess.run(
        command(server, *more), capture_output=True, text=True, cwd=folder, timeout=SECONDS, env=environment()
    )
    return done.returncode, done.stdout + done.stderr


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


def refuses(body: Body, before: int) -> web.Response:
    return error(400, f"Unsupported model for project {before}")


DOOMED: list[tuple[str, Callable[[Body, int], web.Response | None], str]] = [  # what, the server, its words
    ("a refusal", refuses, "Unsupported model for project"),
    ("a key", lambda body, before: error(401, "Incorrect API key provided"), "Incorrect API key provided"),
    ("HTML", lambda body, before: raw("<html><body>Please sign in</body></html>"), "Please sign in"),
    ("other JSON", lambda body, before: raw('{"status": "ok"}'), '{"status":"ok"}'),
    ("a filter", lambda body, before: said("", "content_filter"), "content_filter"),
    ("thinking without end", lambda body, before: said("<think>hm", "length"), "thinking was cut off at 128 tokens"),
    ("no money", lambda body, before: error(429, "You exceeded your quota", code="insufficient_quota"), "your quota"),
]


@pytest.mark.parametrize(("what", "play", "words"), DOOMED, ids=[row[0] for row in DOOMED])
def test_where_every_call_fails_the_run_ends_with_the_endpoints_words_and_claims_nothing(
    folder: Path, what: str, play: Callable[[Body, int], web.Response | None], words: str
) -> None:
    with serving(FaultServer(play)) as server:
        code, told = run(server, folder)
        assert code == 2 and words in told and "Traceback" not in told and "too weak" not in told
        assert not (folder / "out/stage.json").exists() and not (folder / "out/samples.parquet").exists()
        server.play = lambda body, before: None
        code, told = run(server, folder, "--seed=1")  # other settings, the same folder
        assert code == 0, told
        assert len(read_records(folder / "out/samples.parquet", Sample)) == RECORDS


def test_a_stage_with_failed_calls_goes_on_without_again_and_asks_for_those_alone(folder: Path) -> None:
    def now_and_then(body: Body, before: int) -> web.Response | None:
        return error(400, "too sad a text") if "page 3 of" in body["messages"][-1]["content"] else None

    with serving(FaultServer(now_and_then)) as server:
        code, told = run(server, folder)
        assert code == 0 and "1 records got no answer" in told and "failed calls: 1" in told
        assert len(read_records(folder / "out/samples.parquet", Sample)) == RECORDS - 1
        server.play = lambda body, before: None
        asked = len(server.requests)
        code, told = run(server, folder)
        assert code == 0 and "trying those again" in told and len(server.requests) == asked + 1
        assert len(read_records(folder / "out/samples.parquet", Sample)) == RECORDS
        code, told = run(server, folder)
        assert code == 0 and "done before" in told and len(server.requests) == asked + 1
        assert server.statuses.count(200) == RECORDS


@pytest.mark.parametrize("kept", [False, True])
def test_what_was_thought_is_in_the_ledger_and_in_a_record_only_where_a_setting_asks(folder: Path, kept: bool) -> None:
    text = "A heron waits at the river."
    with serving(
        FaultServer(lambda body, before: said(f"<think>\nThe user wants it short.\n</think>\n\n{text}"))
    ) as server:
        code, told = run(server, folder, f"--teacher.{'' if kept else 'no-'}keep-thinking")
        assert code == 0, told
    turns = [sample.messages[-1].content for sample in read_records(folder / "out/samples.parquet", Sample)]
    assert set(turns) == {f"<think>\nThe user wants it short.\n</think>\n\n{text}" if kept else text}
    calls = [json.loads(line) for line in (folder / "out/teacher/calls.jsonl").read_text().splitlines()]
    assert {(call["text"], call["thinking"]) for call in calls} == {(text, "The user wants it short.")}


def start(server: FaultServer, folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(command(server), cwd=folder, env=environment(), text=True, stderr=subprocess.PIPE)


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_of_two_processes_in_one_folder_the_second_names_the_first_and_stops(folder: Path) -> None:
    with serving(FaultServer(lambda body, before: None, latency=lambda body: 1.0)) as server:
        first = start(server, folder)
        until(lambda: server.requests)
        os.kill(first.pid, signal.SIGSTOP)  # at work for as long as the second takes, however busy the machine is
        try:
            code, told = run(server, folder)
            again, _ = run(server, folder, "--overwrite")
        finally:
            os.kill(first.pid, signal.SIGCONT)
        assert code == 2 and f"process {first.pid} on " in told and "in use by" in told
        assert again == 2
        first.communicate(timeout=SECONDS)
        assert first.returncode == 0
        assert len(server.requests) == len(set(server.requests)) == RECORDS
        assert not (folder / "out/lock").exists()


def test_the_lock_goes_with_a_process_that_is_killed(folder: Path) -> None:
    with serving(FaultServer(lambda body, before: None, latency=lambda body: 0.3)) as server:
        first = start(server, folder)
        until(lambda: len(server.requests) >= 6)
        os.kill(first.pid, signal.SIGKILL)
        first.communicate(timeout=SECONDS)
        code, told = run(server, folder)
        assert code == 0, told
        assert len(set(server.requests)) == RECORDS and len(server.requests) <= RECORDS + 4

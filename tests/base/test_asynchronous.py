"""Coroutines run to their end from anywhere: a script, a thread, a notebook whose event loop is running already."""

import asyncio
import contextvars
import re
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hornbook.base.asynchronous import EventLoopRunner, run_coroutine
from hornbook.inference.settings import Sampling
from hornbook.oracles.isolated import Oracles
from hornbook.oracles.settings import OracleSettings
from hornbook.teacher.settings import TeacherSettings
from tests.inference.fake_server import FakeServer
from tests.inference.test_remote_engine import sampled, some_requests
from tests.oracles.test_llm_judge import ASKED, fair, serving

ROOT = Path(__file__).parents[2]
# modules that start an event loop themselves: in processes of their own, where none can be running
OTHERS = {"synthetic/ray_runner.py", "oracles/two_processes/collected.py", "oracles/two_processes/operations.py"}
WORD = contextvars.ContextVar("WORD", default="none")


def directly(work: Callable[[], Any]) -> Any:
    return work()


def in_a_thread(work: Callable[[], Any]) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def in_a_notebook(work: Callable[[], Any]) -> Any:
    async def cell() -> Any:
        return work()

    loop = asyncio.new_event_loop()  # not asyncio.run, which takes the interrupt for itself
    try:
        return loop.run_until_complete(cell())
    finally:
        loop.close()


WHERE = pytest.mark.parametrize("where", [directly, in_a_thread, in_a_notebook])


async def answer(value: int) -> int:
    await asyncio.sleep(0.001)
    return value


@WHERE
def test_a_result_and_an_error_come_back(where: Callable[..., Any]) -> None:
    assert where(lambda: run_coroutine(answer(3))) == 3

    async def fails() -> None:
        raise KeyError("gone")

    def work() -> str:
        with pytest.raises(KeyError, match="gone"):
            run_coroutine(fails())
        return "raised"

    assert where(work) == "raised"


@WHERE
def test_what_is_opened_in_one_call_is_used_in_the_next(where: Callable[..., Any]) -> None:
    def work() -> list[int]:
        with EventLoopRunner() as runner:
            queue: asyncio.Queue[int] = runner.run(opened())
            runner.run(queue.put(7))
            return [runner.run(queue.get())]

    async def opened() -> "asyncio.Queue[int]":
        return asyncio.Queue()

    assert where(work) == [7]


@WHERE
def test_context_variables_are_the_callers(where: Callable[..., Any]) -> None:
    async def word() -> str:
        return WORD.get()

    def work() -> str:
        WORD.set("mine")
        return run_coroutine(word())

    assert where(work) == "mine"


@WHERE
def test_what_is_left_is_cancelled_at_the_end(where: Callable[..., Any]) -> None:
    ended: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            ended.append("cancelled")

    async def starts() -> "asyncio.Task[None]":
        task = asyncio.create_task(waits())
        await asyncio.sleep(0)
        return task

    where(lambda: run_coroutine(starts()))
    assert ended == ["cancelled"]


@pytest.mark.parametrize("where", [directly, in_a_notebook])
def test_an_interrupt_cancels_it(where: Callable[..., Any]) -> None:
    ended: list[str] = []

    async def waits() -> None:
        threading.Timer(0.2, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT]).start()
        try:
            await asyncio.sleep(100)
        finally:
            ended.append("cancelled")

    began = time.monotonic()
    with pytest.raises((KeyboardInterrupt, asyncio.CancelledError)):
        where(lambda: run_coroutine(waits()))
    assert ended == ["cancelled"] and time.monotonic() - began < 10


@WHERE
def test_a_judge_model_and_a_server_are_asked_from_anywhere(where: Callable[..., Any], tmp_path: Path) -> None:
    def judged() -> list[float]:
        with serving(fair) as server:
            teacher = TeacherSettings(url=server.url, model="judge-1", retries=1, backoff=0.01)
            with Oracles(OracleSettings(teacher=teacher), tmp_path) as oracles:
                return [j.score for j in oracles.judge_many([(ASKED, "It was Johann."), (ASKED, "Schiller")])]

    assert where(judged) == [1, 0]

    def rolled() -> int:
        with FakeServer("llama") as server:
            return len(sampled(server, some_requests(3), Sampling(max_new_tokens=5)))

    assert where(rolled) == 3


def test_no_other_module_starts_an_event_loop() -> None:
    starts = re.compile(r"asyncio\.(?:run|Runner|new_event_loop)\(|run_until_complete\(")
    package = ROOT / "hornbook"
    found = {str(file.relative_to(package)) for file in package.rglob("*.py") if starts.search(file.read_text())}
    assert found == OTHERS | {"base/asynchronous.py"}

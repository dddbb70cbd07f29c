"""What a user relies on: a verdict or a counted failure, each call paid once, and a strict reading of the verdict."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hornbook.base.records import Question
from hornbook.oracles.isolated import Oracles
from hornbook.oracles.llm_judge import parse_verdict, verdict_messages
from hornbook.oracles.settings import OracleSettings
from hornbook.teacher.errors import TeacherError
from hornbook.teacher.settings import TeacherSettings
from tests.teacher.mock_server import Body, MockServer

ASKED = Question(id="q", task="t", prompt="Who wrote Faust?", answer="Goethe", oracle="judge")


@contextmanager
def serving(answer: Callable[[Body], str], fault: Callable[[Body, int], Any] = lambda *_: None) -> Iterator[MockServer]:
    """A mock endpoint on a thread of its own."""
    loop, server = asyncio.new_event_loop(), MockServer(answer, fault)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def opened(url: str, ledger: Path) -> Oracles:
    teacher = TeacherSettings(url=url, model="judge-1", retries=1, backoff=0.01)
    return Oracles(OracleSettings(teacher=teacher), ledger)


def fair(body: Body) -> str:
    reply = body["messages"][-1]["content"].split("<reply>")[1].split("</reply>")[0]
    return "Verdict: right" if "Johann" in reply else "Hmm." if "vague" in reply else "Verdict: wrong"


def test_verdicts_in_order_and_every_call_paid_once(tmp_path: Path) -> None:
    pairs = [(ASKED, "It was Johann."), (ASKED, "Schiller"), (ASKED, "vague"), (ASKED, ""), (ASKED, "It was Johann.")]
    with serving(fair) as server:
        with opened(server.url, tmp_path) as oracles:
            judged = oracles.judge_many(pairs)
            assert [(j.score, j.failed) for j in judged] == [(1, False), (0, False), (0, True), (0, False), (1, False)]
            assert oracles.failures == {"judge: no verdict from the judge in 3 answers": 1}
            assert len(oracles.calls) == len(server.requests) == 5
        with opened(server.url, tmp_path) as oracles:
            assert oracles.judge_many(pairs) == judged and len(server.requests) == 5


def test_a_call_that_fails_costs_one_judgement(tmp_path: Path) -> None:
    with (
        serving(fair, lambda body, _: 400 if "Schiller" in str(body) else None) as server,
        opened(server.url, tmp_path) as oracles,
    ):
        judged = oracles.judge_many([(ASKED, "Johann"), (ASKED, "Schiller"), (ASKED, "Johann W.")])
        assert [(j.score, j.failed) for j in judged] == [(1, False), (0, True), (1, False)]
        assert oracles.failures == {"judge: no answer from the judge": 1}


def test_a_judge_that_cannot_be_reached_stops_the_search(tmp_path: Path) -> None:
    with opened("http://127.0.0.1:9/v1", tmp_path) as oracles, pytest.raises(TeacherError, match="unreachable"):
        oracles.judge_many([(ASKED, "Johann")])


def test_a_question_without_a_reference_is_found_before_anything_is_asked(tmp_path: Path) -> None:
    bare = Question(id="q", task="t", prompt="Who?", oracle="judge")
    with opened("http://127.0.0.1:9/v1", tmp_path) as oracles:
        assert oracles.check_many([bare, ASKED]) == ["ValueError: the question has no reference answer", ""]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Same person.\nVerdict: right", True),
        ("**Verdict: wrong**\n\n", False),
        ("VERDICT: Right.", True),
        ("Verdict: right or wrong", None),
        ("Verdict: right\nBut I am not sure.", None),
        ("The verdict: right", None),
        ("right", None),
        ("", None),
    ],
)
def test_a_verdict_is_the_last_line_and_nothing_else(text: str, verdict: bool | None) -> None:
    assert parse_verdict(text) is verdict


def test_the_judge_sees_question_choices_reference_and_the_end_of_the_reply() -> None:
    question = Question(id="q", task="t", prompt="Who?", answer="Ada", oracle="judge", choices=["Ada", "Bob"])
    (message,) = verdict_messages(question, "x" * 10_000 + " it is Bob")
    assert all(part in message.content for part in ("Who?", "Ada\nBob", "it is Bob")) and len(message.content) < 9500

"""Faults of the teacher, through the whole factory: the same records in the end, or the failed ones named."""

import time
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest

from hornbook.base.files import read_records
from hornbook.base.records import Sample
from hornbook.synthetic.passages import Passage
from hornbook.teacher.errors import TeacherError
from tests.synthetic import factory
from tests.synthetic.factory import CALLS, RECORDS, contents, page_of, serving

PASSING = [429, (429, {"Retry-After": "0.001"}), 500, 503, "cut", "half", "invalid", "no-choices", "error"]
STUCK = [400, 500, "cut", "half", "invalid", "no-choices", "error", "timeout", "drip", "endless"]
MARKED = 3  # the page whose requests fail


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return factory.write_documents(tmp_path_factory.mktemp("documents"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, documents: Path) -> Path:
    """What a run makes when nothing fails."""
    folder = tmp_path_factory.mktemp("whole")
    with serving() as (server, _):
        factory.run(server.url, folder, folder / "ledger", documents)
    assert len(read_records(folder / "samples.parquet", Sample)) == RECORDS
    assert len(server.requests) == RECORDS * CALLS
    return folder


@pytest.fixture
def go(tmp_path: Path, documents: Path) -> Any:
    """go(url, name=…, **teacher settings) runs the stage in a folder of that name, on one ledger."""

    def run(url: str, name: str = "run", **teacher: Any) -> Path:
        factory.run(url, tmp_path / name, tmp_path / "ledger", documents, **{"timeout": 0.5, **teacher})
        return tmp_path / name

    return run


def named(folder: Path) -> dict[str, str]:
    """Seed → reason, of all that were set aside."""
    file = folder / "rejects.jsonl"
    rows = [msgspec.json.decode(line) for line in file.read_bytes().splitlines()] if file.exists() else []
    return {row["where"]: row["reason"] for row in rows}


def marked(folder: Path) -> str:
    """The seed of the marked page."""
    seeds = read_records(folder / "passages.parquet", Passage)
    return next(seed.id for seed in seeds if f"page {MARKED} " in seed.text)


@pytest.mark.parametrize("fault", PASSING, ids=str)
def test_faults_that_pass_change_no_byte(go: Any, whole: Path, fault: Any) -> None:
    with serving(fault=lambda body, before: fault if before < 1 + page_of(body) % 2 else None) as (server, _):
        folder = go(server.url)
    assert contents(folder) == contents(whole)
    assert len(server.requests) == RECORDS * CALLS + CALLS * (RECORDS + RECORDS // 2)


def test_time_outs_that_pass_change_no_byte(go: Any, whole: Path) -> None:
    with serving(fault=lambda body, before: "timeout" if page_of(body) % 4 == 0 and not before else None) as (
        server,
        _,
    ):
        folder = go(server.url, timeout=0.4)
    assert contents(folder) == contents(whole)


def test_a_storm_of_refusals_is_ridden_out(go: Any, whole: Path) -> None:
    """The server takes two calls at a time and refuses all others, more often than a call may be tried for a fault."""
    with serving(latency=lambda body: 0.005) as (server, _):
        server.fault = lambda body, before: 429 if server.open_calls > 2 else None
        folder = go(server.url, retries=2)
        assert len(server.requests) > RECORDS * CALLS
    assert contents(folder) == contents(whole)


@pytest.mark.parametrize("fault", STUCK, ids=str)
def test_what_never_passes_is_named_and_harms_nobody_else(go: Any, whole: Path, fault: Any) -> None:
    with serving(fault=lambda body, before: fault if page_of(body) == MARKED else None) as (server, _):
        folder = go(server.url, retries=1, timeout=0.3)
    seed = marked(whole)
    reasons = named(folder)
    assert list(reasons) == [seed] and reasons[seed].startswith("retold, teacher call failed")
    others = [sample for sample in read_records(whole / "samples.parquet", Sample) if seed not in sample.parents]
    assert read_records(folder / "samples.parquet", Sample) == others


@pytest.mark.parametrize("fault", ["empty", "null", "refusal"])
def test_answers_without_text_are_rejected_by_name(go: Any, whole: Path, fault: str) -> None:
    with serving(fault=lambda body, before: fault if page_of(body) == MARKED else None) as (server, _):
        folder = go(server.url, retries=1)
    assert list(named(folder)) == [marked(whole)]
    assert len(read_records(folder / "samples.parquet", Sample)) == RECORDS - 1


def test_answers_cut_off_in_the_middle_of_json_are_asked_for_once_more(go: Any, whole: Path) -> None:
    """Then the calls are others, and the texts the same."""

    def answer(body: factory.Body) -> str:
        good = factory.answer(body)
        return good[:12] if good.startswith("{") and len(body["messages"]) == 1 and page_of(body) % 2 else good

    with serving(answer=answer) as (server, _):
        folder = go(server.url)
    texts, expected = ([sample.text for sample in read_records(f / "samples.parquet", Sample)] for f in (folder, whole))
    assert texts == expected
    assert len(server.requests) == RECORDS * CALLS + RECORDS // 2


def test_answers_that_never_become_json_are_rejected_by_name(go: Any, whole: Path) -> None:
    def answer(body: factory.Body) -> str:
        good = factory.answer(body)
        return "I'd rather not." if good.startswith("{") and page_of(body) == MARKED else good

    with serving(answer=answer) as (server, _):
        folder = go(server.url)
    assert {seed: reason.split(":")[0] for seed, reason in named(folder).items()} == {marked(whole): "retold, form"}


def test_answers_that_never_end_by_themselves_are_cut_at_their_limit(go: Any) -> None:
    """Endless text is the teacher's to end: what comes is no longer than was asked for."""
    with serving(answer=lambda body: "on and " * 5000 if page_of(body) == MARKED else factory.answer(body)) as (
        server,
        _,
    ):
        folder = go(server.url)
    asked = [body["max_tokens"] for body in server.bodies]
    assert max(asked) <= 128 and len(named(folder)) == 1


def test_a_server_that_dies_and_returns_changes_no_byte(go: Any, whole: Path) -> None:
    with serving(latency=lambda body: 0.02) as (server, there):

        def trouble() -> None:
            while len(server.requests) < RECORDS:
                time.sleep(0.005)
            there(server.stop())
            time.sleep(0.5)
            there(server.start())

        thread = Thread(target=trouble)
        thread.start()
        folder = go(server.url, backoff=0.1)
        thread.join()
    assert contents(folder) == contents(whole)


def test_a_server_that_dies_for_good_stops_the_run_and_the_next_run_ends_it(go: Any, whole: Path) -> None:
    with serving(latency=lambda body: 0.02) as (server, there):

        def trouble() -> None:
            while len(server.requests) < RECORDS:
                time.sleep(0.005)
            there(server.stop())

        thread = Thread(target=trouble)
        thread.start()
        with pytest.raises(TeacherError, match="run the same command again"):
            go(server.url, retries=2)
        thread.join()
        there(server.start())
        folder = go(server.url)
    assert contents(folder) == contents(whole)
    assert len(server.requests) <= RECORDS * CALLS + 8  # those in flight when it died


@pytest.mark.parametrize("fault", [500, "invalid"])
def test_a_resumed_run_in_which_nothing_but_the_failing_call_is_left_ends_too(go: Any, fault: Any) -> None:
    with serving(fault=lambda body, before: fault if page_of(body) == MARKED else None) as (server, _):
        first = go(server.url, name="first", retries=1)
        again = go(server.url, name="again", retries=1)
    assert contents(again) == contents(first)

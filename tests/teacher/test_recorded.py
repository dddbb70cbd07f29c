"""A recording as a teacher: its answers by the same keys, and nothing else."""

import asyncio
import gzip
import shutil
from pathlib import Path
from typing import Any

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message
from hornbook.teacher import recorded
from hornbook.teacher.client import Completion, open_teacher
from hornbook.teacher.errors import CallFailed, TeacherError
from hornbook.teacher.map_records import map_records
from hornbook.teacher.router import open_teachers
from hornbook.teacher.settings import TeacherSettings
from tests.teacher.mock_server import MockServer


async def ask(settings: TeacherSettings, ledger: Path, numbers: range, **options: Any) -> list[Completion | CallFailed]:
    async with open_teacher(settings, ledger) as teacher:

        async def worker(number: int) -> Completion:
            return await teacher.complete([Message("user", f"question {number}")], purpose="web/draft", **options)

        return await map_records(numbers, worker)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """The folder of a run that was answered by a server."""

    async def record() -> None:
        async with MockServer() as server:
            await ask(TeacherSettings(url=server.url, model="mock"), tmp_path / "run" / "teacher", range(10))

    asyncio.run(record())
    return tmp_path / "run"


def replay(given: Path | str, folder: Path, numbers: range = range(10), model: str = "", **options: Any) -> list[Any]:
    return asyncio.run(ask(TeacherSettings(recorded=str(given), model=model), folder, numbers, **options))


def zipped(ledger: Path, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(ledger.read_bytes()))
    return path


def test_a_replay_has_the_answers_keys_and_ledger_of_the_run(tmp_path: Path, recording: Path) -> None:
    ledger = recording / "teacher" / "calls.jsonl"
    expected = replay(recording, tmp_path / "from-run")
    assert len({answer.key for answer in expected}) == 10 and all(answer.text for answer in expected)
    copies = [recording / "teacher", ledger, zipped(ledger, tmp_path / "ledger.gz")]
    copies.append(zipped(ledger, tmp_path / "other" / "calls.jsonl.gz").parent)
    for number, given in enumerate(copies):
        assert replay(given, tmp_path / str(number)) == expected
        written = (tmp_path / str(number) / "calls.jsonl").read_bytes()
        assert sorted(written.splitlines()) == sorted(ledger.read_bytes().splitlines())


def test_a_request_that_is_not_in_it_fails_with_the_stage_that_asked(tmp_path: Path, recording: Path) -> None:
    results = replay(recording, tmp_path / "replay", range(8, 12))
    assert [isinstance(result, CallFailed) for result in results] == [False, False, True, True]
    assert str(results[2]) == f"not in the recording {recording}/teacher/calls.jsonl: a request of web/draft"
    results = replay(recording, tmp_path / "longer", range(1), max_tokens=300)
    assert "it has the same messages with other parameters (max_tokens is 300 and was 256)" in str(results[0])


def test_a_run_of_which_nothing_is_in_it_ends(tmp_path: Path, recording: Path) -> None:
    with pytest.raises(TeacherError, match=r"no call was answered; 32 failed: not in the recording .* of web/draft"):
        replay(recording, tmp_path / "replay", range(100, 200))


def test_several_models_need_a_name_and_teachers_divide_the_records_as_before(tmp_path: Path) -> None:
    async def run() -> None:
        async def write(teachers: list[TeacherSettings], ledger: Path) -> list[str]:
            async with open_teachers(teachers, ledger) as opened:

                async def worker(number: int) -> str:
                    teacher = opened.choose(str(number))
                    return (await teacher.complete([Message("user", f"{number}")], purpose="p")).text

                return [str(text) for text in await map_records(range(20), worker)]

        ledger = tmp_path / "teacher"
        async with MockServer() as server:
            first = await write([TeacherSettings(url=server.url, model=name) for name in "ab"], ledger)
        teachers = [TeacherSettings(recorded=str(ledger), model=name) for name in "ab"]
        assert await write(teachers, tmp_path / "replay") == first

    asyncio.run(run())
    with pytest.raises(HornbookError, match=r"several models; choose one with teacher.model: . \(\d+ calls\), . \("):
        replay(tmp_path / "teacher", tmp_path / "x")
    with pytest.raises(HornbookError, match=r"no calls of c in it: "):
        replay(tmp_path / "teacher", tmp_path / "x", model="c")


def test_recordings_of_the_package_by_name(tmp_path: Path, recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded, "SHIPPED", tmp_path / "shipped")
    with pytest.raises(HornbookError, match=r"strong: no such file or folder, .* of this package \(it has none\)"):
        replay("strong", tmp_path / "x")
    for name in ("strong", "weak"):
        zipped(recording / "teacher" / "calls.jsonl", tmp_path / "shipped" / name / "calls.jsonl.gz")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "strong").mkdir()  # the output of a first run, for example
    assert len(replay("strong", tmp_path / "x")) == 10
    with pytest.raises(HornbookError, match=r"\(it has strong, weak\)"):
        replay("storng", tmp_path / "x")


DAMAGED = [  # what is at the path, and the error
    ("empty", b"", "no answered calls in it"),
    ("text", b"hello\n", "no answered calls in it"),
    ("half.gz", gzip.compress(b"{}" * 1000)[:-20], "cannot be read"),
]


@pytest.mark.parametrize(("name", "content", "error"), DAMAGED, ids=[name for name, _, _ in DAMAGED])
def test_what_is_no_ledger_is_one_line(tmp_path: Path, name: str, content: bytes, error: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(HornbookError, match=error) as raised:
        replay(tmp_path / name, tmp_path / "x")
    assert "\n" not in str(raised.value)


def test_a_folder_without_a_ledger_and_damaged_lines(tmp_path: Path, recording: Path) -> None:
    with pytest.raises(HornbookError, match=r"no ledger in it; expected calls.jsonl or teacher/calls.jsonl"):
        replay(tmp_path, tmp_path / "x")
    shutil.copytree(recording, tmp_path / "copy")
    ledger = tmp_path / "copy" / "teacher" / "calls.jsonl"
    lines = ledger.read_bytes().splitlines(keepends=True)
    ledger.write_bytes(b"".join([b"\x00\xff\n", *lines[1:], lines[0][:40]]))
    assert sum(isinstance(result, CallFailed) for result in replay(tmp_path / "copy", tmp_path / "y")) == 1

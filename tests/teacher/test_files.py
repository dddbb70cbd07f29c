"""A teacher by files: nothing is asked twice, and nothing that an answerer does wrong stops the run."""

import asyncio
import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.lock import locked
from hornbook.base.records import Message, Question
from hornbook.oracles.llm_judge import JudgeModel
from hornbook.teacher import files
from hornbook.teacher.client import open_teacher
from hornbook.teacher.errors import AnswersAwaited, CallFailed
from hornbook.teacher.ledger import Ledger
from hornbook.teacher.map_records import map_records
from hornbook.teacher.settings import TeacherSettings
from tests.teacher.by_files import Request, answering, ask, good, reply_to, requests_in, text_of, write_lines


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PAUSE", 0.01)
    monkeypatch.setattr(files, "SECONDS_TO_GATHER", 0.05)


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """What was printed since the last call."""
    return lambda: " ".join(capsys.readouterr().err.split())


def run(*arguments: Any, **options: Any) -> list[str | CallFailed]:
    return asyncio.run(ask(*arguments, **options))[0]


def failures(results: list[str | CallFailed]) -> list[int]:
    return [number for number, result in enumerate(results) if isinstance(result, CallFailed)]


def number_of(request: Request) -> int:
    return int(request["body"]["messages"][-1]["content"].split()[-1])


def test_one_file_a_round_and_every_answer_in_the_ledger(tmp_path: Path) -> None:
    results, teacher = asyncio.run(ask(tmp_path, range(30), steps=3, answer=good))
    assert results == [f"re: re: re: question {number}" for number in range(30)]
    exchange = tmp_path / "exchange"
    assert [file.name for file in sorted(exchange.glob("requests-*"))] == [f"requests-000{n}.jsonl" for n in (1, 2, 3)]
    assert len({request["custom_id"] for request in requests_in(exchange)}) == 90
    first = requests_in(exchange)[0]
    assert first.keys() == {"custom_id", "method", "url", "body"}
    assert (first["method"], first["url"], first["body"]["model"]) == ("POST", "/v1/chat/completions", "files")
    ledger = Ledger(tmp_path / "ledger")
    assert len(ledger) == 90 and ledger.prompt_tokens["files"] == 90 * 7
    assert teacher.calls_made == 90
    assert run(tmp_path, range(30), steps=3) == results  # from the ledger: nobody answers


def test_a_round_waits_for_the_records_that_still_work(tmp_path: Path) -> None:
    async def work() -> None:
        exchange = tmp_path / "exchange"
        async with open_teacher(TeacherSettings(files=str(exchange)), tmp_path) as teacher:

            async def worker(number: int) -> str:
                await asyncio.sleep(0.02 * number)  # longer than a round gathers, all together
                votes = [teacher.complete([Message("user", f"a {number}")], purpose="", sample=n) for n in range(3)]
                text = (await asyncio.gather(*votes))[0].text
                await asyncio.sleep(0.3 * (number == 5))
                return (await teacher.complete([Message("user", f"b {text} {number}")], purpose="")).text

            somebody = asyncio.create_task(answering(exchange, good))
            assert all(await map_records(range(20), worker))
            somebody.cancel()
        assert [len((exchange / f"requests-000{n}.jsonl").read_text().splitlines()) for n in (1, 2)] == [60, 20]

    asyncio.run(work())


FORMS: list[tuple[str, dict[str, Any], str, str]] = [  # what is in a line beside its id; the answer, its thinking
    ("a person's", {"answer": "text"}, "text", ""),
    ("with content", {"content": "text", "finish_reason": "end_turn"}, "text", ""),
    ("thinking apart", {"answer": "text", "reasoning_content": "because"}, "text", "because"),
    ("thinking inside", {"answer": "<think>because</think>text"}, "text", "because"),
    ("a body alone", {"response": {"body": {"choices": [{"message": {"content": "text"}}]}}}, "text", ""),
    ("an empty error", {"answer": "text", "error": {}}, "text", ""),
    ("other fields", {"answer": "text", "model": "x", "usage": None, "by": ["me"]}, "text", ""),
    ("half of a pair", {"answer": "text\ud800"}, "text", ""),
]


@pytest.mark.parametrize(("line", "text", "thinking"), [form[1:] for form in FORMS], ids=[form[0] for form in FORMS])
def test_forms_of_an_answer(tmp_path: Path, line: dict[str, Any], text: str, thinking: str) -> None:
    answer = lambda request, round: {"custom_id": request["custom_id"]} | line  # noqa: E731
    assert run(tmp_path, range(2), answer=answer) == [text] * 2
    calls = [json.loads(line) for line in (tmp_path / "ledger" / "calls.jsonl").read_text().splitlines()]
    assert {(call["text"], call.get("thinking", "")) for call in calls} == {(text, thinking)}


def test_a_cut_off_answer_says_so(tmp_path: Path) -> None:
    answer = lambda one, round: {"custom_id": one["custom_id"], "answer": "half", "finish_reason": "length"}  # noqa: E731
    run(tmp_path, [0], answer=answer)
    assert '"finish":"length"' in (tmp_path / "ledger" / "calls.jsonl").read_text()


def failed(status: int, body: Any = None, error: Any = None) -> dict[str, Any]:
    return {"response": {"status_code": status, "request_id": "r", "body": body}, "error": error}


AGAIN = [  # beside the id; what is said about it
    ({"response": None, "error": {"code": "batch_expired", "message": "too late"}}, "not answered: too late"),
    ({"error": "no idea"}, "not answered: no idea"),
    (failed(500, {"error": {"message": "broken"}}), "500 broken"),
    (failed(429, None, {"error": {"message": "too many"}}), "429 too many"),
    (failed(200, {"choices": []}), "not a completion"),
    ({"answer": 7}, "not an answer"),
    ({}, "expected a response"),
    ({"answer": " "}, "no text"),
]


@pytest.mark.parametrize(("line", "reason"), AGAIN, ids=[reason for _, reason in AGAIN])
def test_what_gave_nothing_is_reported_and_asked_again_in_the_next_round(
    tmp_path: Path, said: Any, line: dict[str, Any], reason: str
) -> None:
    def answer(request: Request, round: int) -> Any:
        return {"custom_id": request["custom_id"]} | line if round == 1 and number_of(request) == 1 else None

    assert not failures(run(tmp_path, range(3), answer=answer))
    first, second = (sorted((tmp_path / "exchange").glob("requests-*"))[n].read_text().splitlines() for n in (0, 1))
    assert len(first) == 3 and len(second) == 1
    again = json.loads(second[0])
    assert number_of(again) == 1 and again["custom_id"] == json.loads(first[1])["custom_id"] + "-2"
    printed = said()
    assert "answers-1.jsonl, line 2: " in printed and reason in printed


def test_a_broken_line_that_names_its_request_is_asked_again(tmp_path: Path, said: Any) -> None:
    def answer(request: Request, round: int) -> Any:
        return json.dumps(reply_to(request))[:70] + "\n" if round == 1 else None

    assert not failures(run(tmp_path, range(3), answer=answer))
    assert "answers-1.jsonl, line 3: not valid JSON" in said() and len(requests_in(tmp_path / "exchange")) == 6


def test_a_refused_call_fails_alone_is_not_asked_again_and_can_be_answered_later(tmp_path: Path) -> None:
    def answer(request: Request, round: int) -> Any:
        refused = failed(400, None, {"error": {"message": "too long a prompt"}})
        return {"custom_id": request["custom_id"]} | refused if number_of(request) == 1 else None

    for _ in range(2):
        results = run(tmp_path, range(3), answer=answer)
        assert failures(results) == [1] and len(requests_in(tmp_path / "exchange")) == 3
        assert str(results[1]).endswith("answers-1.jsonl, line 2: refused: 400 too long a prompt")
    write_lines(tmp_path / "exchange" / "answers-by-hand.jsonl", [reply_to(requests_in(tmp_path / "exchange")[1])])
    assert run(tmp_path, range(3))[1] == "re: question 1"


def test_parameters_that_a_server_refuses_are_left_out_of_the_next_round(tmp_path: Path) -> None:
    def answer(request: Request, round: int) -> Any:
        words = {"error": {"message": "Unsupported parameter: 'seed' is not supported with this model."}}
        return {"custom_id": request["custom_id"]} | failed(400, words) if "seed" in request["body"] else None

    assert not failures(run(tmp_path, range(4), answer=answer))
    assert ["seed" in request["body"] for request in requests_in(tmp_path / "exchange")] == [True] * 4 + [False] * 4


def test_an_empty_answer_is_paid_once(tmp_path: Path) -> None:
    def answer(request: Request, round: int) -> Any:
        return reply_to(request, "") if round == 1 else None

    first = run(tmp_path, range(3), answer=answer, retries=0)
    assert failures(first) == [0, 1, 2]
    assert not failures(run(tmp_path, range(3), answer=answer, retries=0))
    assert (tmp_path / "ledger" / "empty.jsonl").read_bytes().count(b"\n") == 3
    assert Ledger(tmp_path / "ledger").prompt_tokens["files"] == 6 * 7


def test_a_run_that_does_not_wait_ends_with_what_to_do_and_goes_on(tmp_path: Path) -> None:
    exchange = tmp_path / "exchange"
    with pytest.raises(
        AnswersAwaited, match=r"wrote 4 requests to .*requests-0001.jsonl; run the same command again"
    ) as ended:
        run(tmp_path, range(4), steps=2, wait=False)
    assert ended.value.exit_code == 75
    with pytest.raises(AnswersAwaited, match=r"unanswered requests in .*: 4; run the same command again"):
        run(tmp_path, range(4), steps=2, wait=False)
    write_lines(exchange / "answers-some.jsonl", [reply_to(request) for request in requests_in(exchange)[1:]])
    with pytest.raises(
        AnswersAwaited, match=r"wrote 3 requests to .*requests-0002.jsonl \(unanswered from before: 1\)"
    ):
        run(tmp_path, range(4), steps=2, wait=False)
    write_lines(exchange / "answers.jsonl", [reply_to(request) for request in requests_in(exchange)])
    with pytest.raises(AnswersAwaited, match=r"wrote 1 request to .*requests-0003.jsonl"):
        run(tmp_path, range(4), steps=2, wait=False)
    write_lines(exchange / "answers.jsonl", [reply_to(requests_in(exchange)[-1])])
    assert run(tmp_path, range(4), steps=2, wait=False) == [f"re: re: question {number}" for number in range(4)]
    assert len({request["custom_id"] for request in requests_in(exchange)}) == len(requests_in(exchange)) == 8


def test_duplicates_count_once_and_unknown_ids_are_counted_and_said(tmp_path: Path) -> None:
    exchange = tmp_path / "exchange"
    with pytest.raises(AnswersAwaited):
        run(tmp_path, range(3), wait=False)
    lines = [reply_to(request) for request in requests_in(exchange)[:2]]
    others = [reply_to(request, "another") for request in requests_in(exchange)[:2]]
    unknown = [{"custom_id": f"call-{number}", "answer": "?"} for number in range(5)]
    write_lines(
        exchange / "answers-1.jsonl", [*lines, *others, *lines, *unknown, "not JSON\n", '{"custom_id": "call-0']
    )
    with pytest.raises(AnswersAwaited) as ended:
        run(tmp_path, range(3), wait=False)
    assert ": 1;" in str(ended.value) and "ids of answers that no request has: 5 (such as call-0)" in str(ended.value)
    assert "answers-1.jsonl, line 13 is not whole yet" in str(ended.value)
    kept = [json.loads(line)["text"] for line in (tmp_path / "ledger" / "calls.jsonl").read_text().splitlines()]
    assert sorted(kept) == ["re: question 0", "re: question 1"]


def test_answers_written_anew_by_a_second_batch_job_are_read(tmp_path: Path) -> None:
    exchange = tmp_path / "exchange"

    async def job() -> None:
        while not requests_in(exchange):
            await asyncio.sleep(0.01)
        for words in ("bro", None):  # the first job is broken off; the second one writes its file anew
            lines = [json.dumps(reply_to(request)) + "\n" for request in requests_in(exchange)]
            write_lines(exchange / "answers-0001.jsonl", lines if words is None else [lines[0], lines[1][:90]], "w")
            await asyncio.sleep(0.1)

    async def both() -> None:
        results, _ = (await asyncio.gather(ask(tmp_path, range(4)), job()))[0]
        assert results == [f"re: question {number}" for number in range(4)]

    asyncio.run(both())
    assert len(requests_in(exchange)) == 4


def test_a_folder_that_cannot_be_used_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "exchange").write_text("a file")
    with pytest.raises(HornbookError, match=r"teacher.files: .*exchange.*; expected a folder to write in"):
        run(tmp_path, range(2))
    (tmp_path / "exchange").unlink()
    with (
        locked(tmp_path / "exchange"),
        pytest.raises(HornbookError, match=f"exchange: in use by process {os.getpid()}"),
    ):
        run(tmp_path, range(2))

    def full(source: Any, target: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(HornbookError, match=r"requests-0001.jsonl: the disk is full"):
        patched.setattr("hornbook.base.files.os.replace", full)
        run(tmp_path, range(2))
    assert not requests_in(tmp_path / "exchange")
    assert not failures(run(tmp_path, range(2), answer=good))  # the same command goes on


def test_two_teachers_of_a_run_need_two_folders(tmp_path: Path) -> None:
    async def both() -> None:
        settings = TeacherSettings(files=str(tmp_path / "exchange"))
        async with open_teacher(settings, tmp_path) as one, open_teacher(settings, tmp_path) as other:
            first = asyncio.create_task(one.complete([Message("user", "?")], purpose="test"))
            await asyncio.sleep(0.02)
            with pytest.raises(HornbookError, match="another teacher of this run uses it; give each its own"):
                await other.complete([Message("user", "?")], purpose="test")
            first.cancel()

    asyncio.run(both())


def test_the_other_teacher_of_a_run_that_ends_writes_its_requests_too(tmp_path: Path) -> None:
    async def both() -> None:
        one, other = (TeacherSettings(files=str(tmp_path / name), model=name, wait=False) for name in "ab")
        async with open_teacher(one, tmp_path) as first, open_teacher(other, tmp_path) as second:
            await map_records([first, second], lambda each: each.complete([Message("user", "?")], purpose="test"))

    with pytest.raises(AnswersAwaited):
        asyncio.run(both())
    assert len(requests_in(tmp_path / "a")) == len(requests_in(tmp_path / "b")) == 1


def test_a_judge_by_files(tmp_path: Path) -> None:
    question = Question(id="q", task="sums", prompt="2 + 2?", answer="4")
    judge = JudgeModel(TeacherSettings(files=str(tmp_path / "exchange"), wait=False), tmp_path)
    with pytest.raises(AnswersAwaited):
        judge.judge_many([(question, "It is 4."), (question, "It is 5.")])
    judge.close()
    verdicts = [
        reply_to(request, f"Verdict: {word}")
        for request, word in zip(requests_in(tmp_path / "exchange"), ("right", "wrong"), strict=True)
    ]
    write_lines(tmp_path / "exchange" / "answers.jsonl", verdicts)
    judge = JudgeModel(TeacherSettings(files=str(tmp_path / "exchange"), wait=False), tmp_path)
    assert [one.right for one in judge.judge_many([(question, "It is 4."), (question, "It is 5.")])] == [True, False]
    judge.close()


def test_what_is_waited_for_is_said_in_one_line(tmp_path: Path, said: Any) -> None:
    run(tmp_path, range(3), answer=good, model="org/model")
    exchange = tmp_path / "exchange"
    example = f"vllm run-batch -i {exchange}/requests-0001.jsonl -o {exchange}/answers-0001.jsonl --model org/model"
    waiting = (
        f"wrote 3 requests to {exchange}/requests-0001.jsonl; waiting for answers as JSON lines in {exchange}/answers*"
    )
    printed = said()
    assert waiting in printed and example in printed and "3 of 3 answers" in printed
    assert text_of(requests_in(exchange)[0]) == "re: question 0"

"""What a workflow relies on when it asks: paid once, kept at once, and the right thing done about every fault."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message
from hornbook.teacher.client import Completion, Teacher, open_teacher
from hornbook.teacher.errors import BudgetError, CallFailed, TeacherError
from hornbook.teacher.ledger import Ledger
from hornbook.teacher.map_records import map_records
from hornbook.teacher.protocol import base_url
from hornbook.teacher.settings import TeacherSettings
from tests.teacher.mock_server import Body, MockServer


def settings_for(server: MockServer, **changes: Any) -> TeacherSettings:
    return TeacherSettings(**({"url": server.url, "model": "mock", "backoff": 0.005, "timeout": 5.0} | changes))


def say(number: int) -> list[Message]:
    return [Message("user", f"question {number}")]


def number_of(body: Body) -> int:
    return int(body["messages"][0]["content"].split()[1])


async def ask_all(
    server: MockServer, folder: Path, numbers: range, **changes: Any
) -> tuple[list[Completion | CallFailed], Teacher]:
    async with open_teacher(settings_for(server, **changes), folder) as teacher:

        async def worker(number: int) -> Completion:
            return await teacher.complete(say(number), purpose="test", max_tokens=20)

        return await map_records(numbers, worker), teacher


def texts(results: list[Completion | CallFailed]) -> list[str]:
    return [result.text for result in results if isinstance(result, Completion)]


def test_an_answered_call_is_never_asked_again(tmp_path: Path) -> None:
    async def run() -> None:
        async with MockServer() as server:
            first, teacher = await ask_all(server, tmp_path, range(40))
            assert (teacher.calls_made, len(teacher.calls_used)) == (40, 40)
            again, teacher2 = await ask_all(server, tmp_path, range(41))
            assert (teacher2.calls_made, len(teacher2.calls_used)) == (1, 41)
            assert texts(again)[:40] == texts(first)
            assert len(server.requests) == 41
            assert teacher.calls_used < teacher2.calls_used
            assert teacher2.completion_tokens > teacher.completion_tokens > 0

    asyncio.run(run())


def test_equal_calls_under_way_are_one_request_and_another_sample_is_another(tmp_path: Path) -> None:
    async def run() -> None:
        async with (
            MockServer(latency=lambda body: 0.05) as server,
            open_teacher(settings_for(server), tmp_path) as teacher,
        ):
            same = await asyncio.gather(*[teacher.complete(say(1), purpose="test") for _ in range(10)])
            assert len({answer.text for answer in same}) == 1 and len(server.requests) == 1
            others = await asyncio.gather(*[teacher.complete(say(1), purpose="test", sample=n) for n in range(4)])
            assert len({answer.text for answer in others}) == 4 and len(server.requests) == 4

    asyncio.run(run())


def test_who_gives_up_waiting_does_not_take_the_answer_from_the_others(tmp_path: Path) -> None:
    async def run() -> None:
        async with (
            MockServer(latency=lambda body: 0.1) as server,
            open_teacher(settings_for(server), tmp_path) as teacher,
        ):
            first = asyncio.create_task(teacher.complete(say(1), purpose="test"))
            second = asyncio.create_task(teacher.complete(say(1), purpose="test"))
            await asyncio.sleep(0.03)
            first.cancel()
            assert (await second).text
            assert len(server.requests) == 1

    asyncio.run(run())


def test_the_answer_is_in_the_ledger_with_its_prompt_before_it_is_returned(tmp_path: Path) -> None:
    async def run() -> None:
        async with MockServer() as server, open_teacher(settings_for(server), tmp_path) as teacher:
            answer = await teacher.complete(say(7), purpose="rewrite: draft", stop=["\n"], temperature=0.2)
            kept = Ledger(tmp_path).get(answer.key)
            assert kept and (kept.text, kept.purpose, kept.model) == (answer.text, "rewrite: draft", "mock")
            assert kept.messages == say(7)
            assert (kept.parameters.temperature, kept.parameters.stop) == (0.2, ["\n"])
            assert server.bodies[0]["stop"] == ["\n"] and server.bodies[0]["seed"] == kept.seed

    asyncio.run(run())


def test_answers_do_not_depend_on_order_or_concurrency(tmp_path: Path) -> None:
    async def run() -> None:
        async with MockServer(latency=lambda body: (number_of(body) * 7 % 5) / 50) as server:
            one, _ = await ask_all(server, tmp_path / "a", range(30), concurrency=1)
            many, _ = await ask_all(server, tmp_path / "b", range(30), concurrency=16)
            assert one == many
            assert 4 < server.most_open <= 16

    asyncio.run(run())


FLAKY: list[Any] = [429, (429, {"Retry-After": "0.02"}), 500, 503, "cut", "half", "invalid", "no-choices", "timeout"]


@pytest.mark.parametrize("fault", FLAKY, ids=str)
def test_a_passing_fault_costs_tries_and_nothing_else(tmp_path: Path, fault: Any) -> None:
    def sometimes(body: Body, before: int) -> Any:
        return fault if before < number_of(body) % 3 else None

    async def run() -> None:
        async with MockServer() as good, MockServer(fault=sometimes) as bad:
            expected, _ = await ask_all(good, tmp_path / "good", range(12))
            results, teacher = await ask_all(bad, tmp_path / "bad", range(12), timeout=0.4)
            assert results == expected
            assert teacher.calls_made == 12 and len(bad.requests) == 24

    asyncio.run(run())


def test_a_storm_of_429_fails_no_record_however_long_while_others_are_answered(tmp_path: Path) -> None:
    seen = [0]

    def storm(body: Body, before: int) -> int | None:
        seen[0] += 1
        return None if seen[0] % 4 == 0 else 429

    async def run() -> None:
        async with MockServer(fault=storm) as server:
            results, _ = await ask_all(server, tmp_path, range(60), retries=3, concurrency=8)
            assert len(texts(results)) == 60

    asyncio.run(run())


def test_retry_after_silences_everybody(tmp_path: Path) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        times: list[float] = []

        def fault(body: Body, before: int) -> Any:
            times.append(loop.time())
            return (429, {"Retry-After": "0.5"}) if len(times) == 1 else None

        async with MockServer(fault=fault) as server:
            results, _ = await ask_all(server, tmp_path, range(6), concurrency=1)
            assert len(texts(results)) == 6
            assert times[1] - times[0] >= 0.5

    asyncio.run(run())


def test_a_record_the_endpoint_refuses_fails_alone(tmp_path: Path) -> None:
    async def run() -> None:
        async with MockServer(fault=lambda body, before: 400 if number_of(body) == 3 else None) as server:
            results, teacher = await ask_all(server, tmp_path, range(8))
            assert [isinstance(result, CallFailed) for result in results] == [n == 3 for n in range(8)]
            assert "mock says 400" in str(results[3])
            assert len(server.requests) == 8 and len(teacher.calls_used) == 7

    asyncio.run(run())


def test_a_record_the_endpoint_always_fails_at_fails_alone(tmp_path: Path) -> None:
    async def run() -> None:
        fault = lambda body, before: 500 if number_of(body) == 3 else None  # noqa: E731
        async with MockServer(fault=fault) as server:
            results, _ = await ask_all(server, tmp_path, range(8), retries=3, concurrency=2)
            assert [isinstance(result, CallFailed) for result in results] == [n == 3 for n in range(8)]
            assert len(server.requests) == 7 + 4

    asyncio.run(run())


@pytest.mark.parametrize("status", [401, 403, 402])
def test_a_refused_key_stops_everything_at_once(tmp_path: Path, status: int) -> None:
    async def run() -> None:
        async with MockServer(fault=lambda body, before: status) as server:
            with pytest.raises(TeacherError, match="api_key_env"):
                await ask_all(server, tmp_path, range(50), concurrency=4)
            assert len(server.requests) <= 8

    asyncio.run(run())


def test_a_wrong_path_or_model_is_a_user_error_but_a_404_later_fails_one_record(tmp_path: Path) -> None:
    async def run() -> None:
        async with MockServer(fault=lambda body, before: 404) as server:
            with pytest.raises(TeacherError, match="check url and model"):
                await ask_all(server, tmp_path / "a", range(4))
        async with MockServer(fault=lambda body, before: 404 if number_of(body) == 3 else None) as server:
            results, _ = await ask_all(server, tmp_path / "b", range(5), concurrency=1)
            assert isinstance(results[3], CallFailed)

    asyncio.run(run())


def test_nobody_there_is_one_clear_error_that_says_how_to_go_on(tmp_path: Path) -> None:
    async def run() -> None:
        async with MockServer() as server:
            pass
        with pytest.raises(TeacherError, match=r"unreachable after 3 tries .* answered calls are not repeated"):
            await ask_all(server, tmp_path, range(20), retries=2)

    asyncio.run(run())


def test_a_server_that_dies_and_returns_is_waited_for(tmp_path: Path) -> None:
    async def run() -> None:
        async with MockServer(latency=lambda body: 0.02) as server:

            async def outage() -> None:
                await asyncio.sleep(0.15)
                await server.stop()
                await asyncio.sleep(0.3)
                await server.start()

            trouble = asyncio.create_task(outage())
            results, _ = await ask_all(server, tmp_path, range(60), concurrency=4, backoff=0.05)
            await trouble
            assert len(texts(results)) == 60

    asyncio.run(run())


def test_after_the_teacher_fails_for_good_the_same_command_continues(tmp_path: Path) -> None:
    async def run() -> None:
        async with MockServer(fault=lambda body, before: 500 if number_of(body) >= 20 else None) as server:
            with pytest.raises(TeacherError):
                await ask_all(server, tmp_path, range(40), concurrency=1, retries=1)
            server.fault = lambda body, before: None
            server.requests.clear()
            results, _ = await ask_all(server, tmp_path, range(40))
            assert len(texts(results)) == 40 and len(server.requests) == 20

    asyncio.run(run())


def test_nothing_is_sent_that_is_not_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "s3cret")

    async def run() -> None:
        async with MockServer() as server:
            await ask_all(server, tmp_path, range(1), api_key_env="MY_KEY")
            allowed = {"Host", "Content-Type", "Content-Length", "Authorization", "Accept", "Accept-Encoding"}
            assert set(server.headers[0]) <= allowed
            assert server.headers[0]["Authorization"] == "Bearer s3cret"
            assert set(server.bodies[0]) == {"model", "messages", "temperature", "max_tokens", "seed"}
        assert b"s3cret" not in (tmp_path / "calls.jsonl").read_bytes()

    asyncio.run(run())


def test_a_missing_key_variable_is_named(tmp_path: Path) -> None:
    async def run() -> None:
        async with MockServer() as server:
            with pytest.raises(HornbookError, match="NO_SUCH_KEY is not set"):
                await ask_all(server, tmp_path, range(1), api_key_env="NO_SUCH_KEY")

    asyncio.run(run())


def test_text_that_is_not_unicode_fails_its_record_only(tmp_path: Path) -> None:
    async def run() -> None:
        async with MockServer() as server, open_teacher(settings_for(server), tmp_path) as teacher:
            with pytest.raises(CallFailed, match="Unicode"):
                await teacher.complete([Message("user", "half \ud800")], purpose="test")

    asyncio.run(run())


@pytest.mark.parametrize("usage", [True, False])
@pytest.mark.parametrize("fault", [None, "timeout", "cut", 500])
def test_the_budget_is_never_passed_and_is_hard_across_runs(tmp_path: Path, usage: bool, fault: Any) -> None:
    limit = 6000
    patience = 0.2 if fault == "timeout" else 30.0

    async def run() -> None:
        async with MockServer(usage=usage, fault=lambda body, before: fault if before == 0 else None) as server:
            answered = 0
            for _ in range(3):  # run again and again: the budget is one for all
                with pytest.raises(BudgetError, match="budget is spent"):
                    await ask_all(server, tmp_path, range(3000), budget_tokens=limit, timeout=patience, concurrency=8)
                assert server.tokens_charged <= limit
                assert len(Ledger(tmp_path)) >= answered
                answered = len(Ledger(tmp_path))
            assert answered > 5
            if usage and fault is None:  # where usage is known, most of the budget is used
                assert server.tokens_charged > 0.9 * limit

    asyncio.run(run())


def test_a_budget_in_money_counts_prices_and_what_is_under_way_when_it_is_spent_still_comes_in(tmp_path: Path) -> None:
    prices = {"price_in": 1000.0, "price_out": 5000.0}

    async def run() -> None:
        async with MockServer(latency=lambda body: 0.02) as server:
            with pytest.raises(BudgetError):
                await ask_all(server, tmp_path, range(500), budget=2.0, concurrency=8, **prices)
            ledger = Ledger(tmp_path)
            cost = (ledger.prompt_tokens["mock"] * 1000 + ledger.completion_tokens["mock"] * 5000) / 1e6
            assert 1.5 < cost <= 2.0
            assert len(server.requests) == len(ledger)  # every request sent was answered and kept

    asyncio.run(run())


def test_bad_settings_are_one_line() -> None:
    for values, message in [
        ({}, "give one of url"),
        ({"url": "http://x", "local": "smollm2"}, "give one of url"),
        ({"local": "smollm2", "files": "x"}, "give one of url"),
        ({"files": "x", "recorded": "y"}, "give one of url"),
        ({"local": "smollm2", "wait": False}, "wait is for a teacher that answers by files"),
        ({"files": "x", "engine": "vllm"}, "engine is for a model to run here"),
        ({"local": "smollm2", "extra_body": {"top_k": 1}}, "with it goes url or files"),
        ({"url": "http://x"}, "model"),
        ({"url": "x.org", "model": "m"}, "http"),
        ({"local": "smollm2", "budget": 1.0}, "price"),
        ({"local": "smollm2", "concurency": 1}, "did you mean 'concurrency'"),
    ]:
        with pytest.raises(HornbookError, match=message) as error:
            TeacherSettings.parse(values, "teacher")
        assert "\n" not in str(error.value)


def test_where_the_teacher_is_and_how_hard_it_is_asked_reruns_nothing() -> None:
    one = TeacherSettings(url="http://a/v1", model="m", concurrency=3, timeout=9, price_in=1, price_out=2, budget=5)
    assert one.identity() == TeacherSettings(url="http://b/v1", model="m").identity()
    assert one.identity() != TeacherSettings(url="http://a/v1", model="n").identity()


ADDRESSES = [  # as people give them, and where a chat's call goes
    ("http://h:1", "http://h:1/v1/chat/completions"),
    ("http://h:1/", "http://h:1/v1/chat/completions"),
    ("http://h:1/v1", "http://h:1/v1/chat/completions"),
    ("http://h:1/v1/", "http://h:1/v1/chat/completions"),
    ("http://h:1/v1/chat/completions", "http://h:1/v1/chat/completions"),
    ("http://h:1/v1/chat/completions/", "http://h:1/v1/chat/completions"),
    ("http://h:1/v1/completions", "http://h:1/v1/chat/completions"),
    ("http://h:1/api/v3/", "http://h:1/api/v3/chat/completions"),
    ("https://x/v1?key=abc", "https://x/v1/chat/completions?key=abc"),
    ("http://h:1?a=b&c=d", "http://h:1/v1/chat/completions?a=b&c=d"),
    ("https://x/openai/v1/?api-version=preview", "https://x/openai/v1/chat/completions?api-version=preview"),
    ("https://x/deployments/gpt?api-version=1", "https://x/deployments/gpt/chat/completions?api-version=1"),
    (
        "https://x/deployments/gpt/chat/completions?api-version=1",
        "https://x/deployments/gpt/chat/completions?api-version=1",
    ),
]


@pytest.mark.parametrize(("given", "called"), ADDRESSES)
def test_every_usual_way_to_write_an_address_works_and_its_query_stays_at_the_end(given: str, called: str) -> None:
    assert base_url(given) + "/chat/completions" == called


def test_a_path_with_a_query_of_its_own_is_joined_to_the_address_s() -> None:
    assert base_url("https://x/v1?key=abc") + "/batches?limit=100" == "https://x/v1/batches?limit=100&key=abc"

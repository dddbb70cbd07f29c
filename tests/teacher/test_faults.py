"""Answers that are odd, endless or missing, and servers that differ in what they take."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from hornbook.base.records import Message
from hornbook.teacher import http
from hornbook.teacher.client import Completion, open_teacher
from hornbook.teacher.errors import CallFailed, TeacherError
from hornbook.teacher.ledger import CallRequest, Parameters, call_key
from hornbook.teacher.map_records import map_records
from hornbook.teacher.prompt_formats import NEXT_TURN, ending_with_turn, transcript
from tests.teacher.mock_server import Body, MockServer
from tests.teacher.test_client import ask_all, number_of, say, settings_for, texts

SCHEMA = '{"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false}'


def test_an_error_in_a_good_reply_is_tried_again_and_then_named(tmp_path: Path) -> None:
    async def run() -> None:
        async with MockServer(fault=lambda body, before: "error" if number_of(body) == 3 else None) as server:
            results, _ = await ask_all(server, tmp_path, range(8), retries=2, concurrency=2)
            assert len(texts(results)) == 7 and "upstream is gone" in str(results[3])
            assert len(server.requests) == 7 + 3

    asyncio.run(run())


def test_an_endless_reply_is_cut_by_its_size_and_fails_one_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http.TeacherHttp.request, "__kwdefaults__", {"max_bytes": 4 << 20})

    async def run() -> None:
        async with MockServer(fault=lambda body, before: "endless" if number_of(body) == 3 else None) as server:
            results, _ = await ask_all(server, tmp_path, range(6), retries=1, concurrency=2)
            assert [isinstance(result, CallFailed) for result in results] == [n == 3 for n in range(6)]
            assert "more than 4,194,304 bytes" in str(results[3])
            assert server.bytes_sent < 2 * (4 << 20) + (32 << 20)  # two tries, and what the sockets hold

    asyncio.run(run())


def test_a_reply_that_trickles_without_end_is_cut_by_the_clock(tmp_path: Path) -> None:
    async def run() -> None:
        started = time.monotonic()
        async with MockServer(fault=lambda body, before: "drip" if number_of(body) == 3 else None) as server:
            results, _ = await ask_all(server, tmp_path, range(6), retries=1, timeout=0.3)
            assert [isinstance(result, CallFailed) for result in results] == [n == 3 for n in range(6)]
            assert "no answer within 0.3 s" in str(results[3])
        assert time.monotonic() - started < 5

    asyncio.run(run())


def test_a_server_gone_for_good_ends_the_run_after_growing_pauses(tmp_path: Path) -> None:
    async def run() -> None:
        async with MockServer() as server:
            await ask_all(server, tmp_path, range(5))
        started = time.monotonic()
        with pytest.raises(TeacherError, match="unreachable after 5 tries"):
            await ask_all(server, tmp_path, range(9), retries=4, backoff=0.05)
        assert time.monotonic() - started > 0.5 * 0.05 * (1 + 2 + 4 + 8)

    asyncio.run(run())


class Choosy(MockServer):
    """Refuses, with a 400, what is in `without`: name of a parameter → what it says about it."""

    without: dict[str, str] = {}

    async def _reply(self, request: Any, body: Body, fault: Any) -> Any:
        from aiohttp import web

        await asyncio.sleep(0.01)  # so that many are under way when the first is refused
        for name, advice in self.without.items():
            if name in body:
                return web.json_response({"error": {"message": advice}}, status=400)
        return await super()._reply(request, body, fault)


def test_what_a_server_refuses_is_learnt_from_one_of_many_calls_under_way(tmp_path: Path) -> None:
    async def run() -> None:
        async with Choosy() as server:
            server.without = {"max_tokens": "use max_completion_tokens", "seed": "unknown parameter seed"}
            results, _ = await ask_all(server, tmp_path, range(40), concurrency=8)
            assert len(texts(results)) == 40
            assert len(server.requests) <= 40 + 2 * 8

    asyncio.run(run())


def test_a_schema_goes_out_as_response_format_and_in_words_where_the_server_refuses_it(tmp_path: Path) -> None:
    async def run(server: MockServer, folder: str) -> list[Completion | CallFailed]:
        async with open_teacher(settings_for(server), tmp_path / folder) as teacher:
            return await map_records(
                range(20), lambda n: teacher.complete(say(n), purpose="test", schema=SCHEMA if n % 2 else "")
            )

    async def both() -> None:
        async with MockServer() as good, Choosy() as other:
            assert len(texts(await run(good, "good"))) == 20
            sent = [body.get("response_format") for body in good.bodies if number_of(body) % 2]
            assert [one["json_schema"]["schema"]["required"] for one in sent if one] == [["name"]] * 10
            assert not any("response_format" in body for body in good.bodies if number_of(body) % 2 == 0)

            other.without = {"response_format": "response_format is not supported by this model"}
            assert len(texts(await run(other, "other"))) == 20
            assert any(SCHEMA in body["messages"][-1]["content"] for body in other.bodies)
            plain = [body for body in other.bodies if "response_format" not in body]
            assert len(plain) == 20
            assert all((SCHEMA in b["messages"][-1]["content"]) == (number_of(b) % 2 == 1) for b in plain)

    asyncio.run(both())


def test_one_schema_that_is_refused_leaves_others_in_force(tmp_path: Path) -> None:
    odd = '{"type":"string","pattern":"(?<=x)"}'

    class Picky(Choosy):
        async def _reply(self, request: Any, body: Body, fault: Any) -> Any:
            schema = body.get("response_format", {}).get("json_schema", {}).get("schema", {})
            self.without = {"response_format": "in JSON schema: pattern not supported"} if "pattern" in schema else {}
            return await super()._reply(request, body, fault)

    async def run() -> None:
        async with Picky() as server, open_teacher(settings_for(server), tmp_path) as teacher:
            await teacher.complete(say(1), purpose="test", schema=odd)
            assert odd in server.bodies[-1]["messages"][-1]["content"] and len(server.bodies) == 2
            await teacher.complete(say(2), purpose="test", schema=SCHEMA)
            assert "response_format" in server.bodies[-1] and len(server.bodies) == 3

    asyncio.run(run())


def test_completions_send_a_transcript_and_are_not_the_chats_answers(tmp_path: Path) -> None:
    async def run() -> None:
        async with MockServer() as server:
            for api in ("chat", "completions"):
                async with open_teacher(settings_for(server, api=api), tmp_path) as teacher:
                    messages = [Message("system", "Be brief."), Message("user", "Hi?")]
                    answer = await teacher.complete(messages, purpose="test", max_tokens=4, stop=["###"])
                    assert len(answer.text.split()) == 4 and answer.finish == "length"
                    assert answer.text == answer.text.strip() and answer.completion_tokens == 4
            chat, plain = server.bodies
            assert "prompt" not in chat and "messages" not in plain and plain["model"] == "mock"
            assert plain["prompt"] == "Be brief.\n\nUser: Hi?\n\nAssistant:"
            assert plain["stop"] == ["###", NEXT_TURN]

    asyncio.run(run())


def test_a_transcript_ends_where_the_assistant_speaks_and_stops_fit_the_protocol() -> None:
    messages = [Message("user", "One?"), Message("assistant", "1."), Message("user", "Two?")]
    assert transcript(messages) == "User: One?\n\nAssistant: 1.\n\nUser: Two?\n\nAssistant:"
    parameters = Parameters(0.0, 1.0, 5, ["a", "b", "c", "d"])
    key = call_key("m", messages, parameters, 0)
    ask = CallRequest(key=key, model="m", purpose="", messages=messages, parameters=parameters, sample=0)
    assert ending_with_turn(ask).parameters.stop == ["a", "b", "c", "d"]
    assert ask.parameters.stop == ["a", "b", "c", "d"]

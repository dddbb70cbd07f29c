"""Parameters that a server refuses: left out from then on, said once, whatever the words; other errors end the call."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from hornbook.base.records import Message
from hornbook.teacher.client import Completion, open_teacher
from hornbook.teacher.errors import CallFailed
from hornbook.teacher.ledger import Ledger
from hornbook.teacher.map_records import map_records
from tests.teacher.fault_server import FaultServer, error, raw
from tests.teacher.mock_server import Body
from tests.teacher.test_client import settings_for, texts

SCHEMA = '{"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false}'
SENT = {"model", "messages", "temperature", "top_p", "seed", "stop", "max_tokens", "response_format"}


def mistral(parameter: str) -> Any:
    detail = [
        {"type": "extra_forbidden", "loc": ["body", parameter], "msg": "Extra inputs are not permitted", "input": 1}
    ]
    return {"object": "error", "message": {"detail": detail}, "type": "invalid_request_error"}


def fastapi(parameter: str) -> Any:
    return {
        "detail": [{"type": "extra_forbidden", "loc": ["body", parameter], "msg": "Extra inputs are not permitted"}]
    }


def openai(message: str, parameter: str | None = None, code: str = "unsupported_parameter") -> Any:
    return {"error": {"message": message, "type": "invalid_request_error", "param": parameter, "code": code}}


UNSUPPORTED = "Unsupported parameter: '{}' is not supported with this model."
REFUSALS: list[tuple[str, int, Any]] = [  # what is refused, the status, the error
    ("seed", 400, openai("Unrecognized request argument supplied: seed")),
    ("seed", 422, mistral("seed")),
    ("seed", 422, fastapi("seed")),
    ("seed", 400, openai("property 'seed' is unsupported", code="")),
    ("seed", 400, {"error": {"message": 'Invalid JSON payload received. Unknown name "seed": Cannot find field.'}}),
    ("seed", 400, {"message": "json: unknown field \"seed\""}),
    ("seed", 400, "Additional properties are not allowed ('seed' was unexpected)"),
    ("seed", 400, {"error": "create() got an unexpected keyword argument 'seed'"}),
    ("seed", 400, [{"error": {"code": 400, "message": "Seed is not supported.", "status": "INVALID_ARGUMENT"}}]),
    ("seed", 400, openai("Extra inputs are not permitted", "seed")),
    ("seed", 400, {"error": {"message": "Der Parameter „seed“ wird nicht angenommen."}}),
    ("seed", 400, {"error": {"message": "Unsupported parameter(s) in the request."}}),
    ("temperature", 400, openai("Unsupported value: 'temperature' does not support 0.7 with this model. Only the "
                                "default (1) value is supported.", "temperature", "unsupported_value")),
    ("temperature", 400, openai(UNSUPPORTED.format("temperature"), "temperature")),
    ("temperature", 400, {"type": "error", "error": {"type": "invalid_request_error",
                                                     "message": "`temperature` is deprecated for this model."}}),
    ("top_p", 400, openai(UNSUPPORTED.format("top_p"), "top_p")),
    ("top_p", 400, openai("temperature and top_p cannot both be specified for this model. Please use only one.")),
    ("top_p", 400, {"type": "error", "error": {"message": "`temperature` and `top_p` cannot both be specified for "
                                                          "this model. Please use only one."}}),
    ("top_p", 400, {"error": {"message": "Invalid field: topP is not permitted"}}),
    ("stop", 400, openai(UNSUPPORTED.format("stop"), "stop")),
    ("stop", 422, mistral("stop")),
    ("stop", 400, {"error": {"message": "stop sequences are not supported by this model"}}),
    ("response_format", 400, openai("response_format is not supported by this model")),
    ("response_format", 400, openai("This response_format type is unavailable now")),
    ("response_format", 400, {"error": {"message": "Invalid parameter: 'json_schema' is not supported"}}),
    ("response_format", 400, {"error": {"message": "Structured outputs are not available for this model"}}),
    ("response_format", 500, {"error": {"message": "grammar is not supported by this backend"}}),
    ("max_tokens", 400, openai(UNSUPPORTED.format("max_tokens") + " Use 'max_completion_tokens' instead.")),
    ("max_tokens", 400, {"error": {"message": "use max_completion_tokens"}}),
    ("max_tokens", 422, fastapi("max_tokens")),
    ("system", 400, openai("System role not supported")),
    ("system", 400, openai("Unsupported value: 'messages[0].role' does not support 'system' with this model.",
                           "messages[0].role", "unsupported_value")),
    ("system", 400, {"message": "Only user, assistant and tool roles are supported!", "object": "error", "code": 400}),
    ("system", 400, {"message": "Conversation roles must alternate user/assistant/user/assistant/..."}),
    ("system", 400, [{"error": {"message": "Developer instruction is not enabled for models/gemma"}}]),
    ("system", 500, {"error": {"code": 500, "message": "System role not supported", "type": "server_error"}}),
    ("system", 400, {"type": "error", "error": {"message": 'messages: Unexpected role "system". The Messages API '
                                                           "accepts a top-level `system` parameter."}}),
]  # fmt: skip


def is_sent(parameter: str, body: Body) -> bool:
    if parameter == "system":
        return any(message["role"] == "system" for message in body["messages"])
    return parameter in body


def reply(status: int, content: Any) -> web.Response:
    return raw(content, status) if isinstance(content, str) else web.json_response(content, status=status)


async def ask_six(server: FaultServer, folder: Path, **options: Any) -> list[Completion | CallFailed]:
    """Six calls, one after the other, in which everything is sent that can be."""
    options = {"top_p": 0.9, "stop": ["###"], "schema": SCHEMA} | options
    async with open_teacher(settings_for(server, concurrency=1, retries=2), folder) as teacher:

        async def worker(number: int) -> Completion:
            messages = [Message("system", "be brief"), Message("user", f"question {number}")]
            return await teacher.complete(messages, purpose="test", max_tokens=20, **options)

        return await map_records(range(6), worker)


def books_agree(server: FaultServer, folder: Path) -> None:
    """What the ledger says was paid is what the server charged, and every answer is there once."""
    ledger = Ledger(folder)
    assert (ledger.prompt_tokens["mock"], ledger.completion_tokens["mock"]) == server.charged
    empty = (folder / "empty.jsonl").read_bytes().count(b"\n") if (folder / "empty.jsonl").exists() else 0
    assert len(ledger) + empty == server.statuses.count(200)


def run(server: FaultServer, folder: Path, work: Callable[[], Any]) -> Any:
    async def whole() -> Any:
        async with server:
            return await work()

    return asyncio.run(whole())


@pytest.mark.parametrize(("parameter", "status", "words"), REFUSALS)
def test_what_is_refused_is_left_out_from_then_on_and_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], parameter: str, status: int, words: Any
) -> None:
    server = FaultServer(lambda body, before: reply(status, words) if is_sent(parameter, body) else None)
    results = run(server, tmp_path, lambda: ask_six(server, tmp_path))
    assert len(texts(results)) == 6
    assert server.statuses == [status] + [200] * 6
    instead = {"max_tokens": {"max_completion_tokens"}}.get(parameter, set())
    for body in server.bodies[1:]:
        assert set(body) == SENT - {parameter} | instead
    said = "".join(body["messages"][0]["content"] for body in server.bodies[1:])
    assert said.count("be brief") == 6
    assert (SCHEMA in server.bodies[1]["messages"][-1]["content"]) == (parameter == "response_format")
    assert capsys.readouterr().err.count("from now on") == 1
    books_agree(server, tmp_path)


def test_several_refusals_one_after_the_other_are_all_learnt(tmp_path: Path) -> None:
    refused = ["max_tokens", "temperature", "top_p", "stop", "response_format", "seed", "system"]

    def play(body: Body, before: int) -> web.Response | None:
        name = next((name for name in refused if is_sent(name, body)), None)
        return name and error(400, UNSUPPORTED.format(name), param=name)  # type: ignore[return-value]

    server = FaultServer(play)
    results = run(server, tmp_path, lambda: ask_six(server, tmp_path))
    assert len(texts(results)) == 6 and server.statuses == [400] * len(refused) + [200] * 6
    assert set(server.bodies[-1]) == {"model", "messages", "max_completion_tokens"}
    books_agree(server, tmp_path)


VALUES = [  # a value that is refused, the words, a value that is taken, and must still be sent
    ("temperature", 0.0, "`temperature` must be strictly positive", 0.7),
    ("temperature", 1.7, "temperature: range: 0..1", 0.7),
    ("stop", ["\n"], "stop_sequences: each stop sequence must contain non-whitespace", ["###"]),
    ("stop", ["a", "b", "c"], "stop: at most 2 stop sequences", ["###"]),
]


@pytest.mark.parametrize(("parameter", "refused", "words", "taken"), VALUES)
def test_a_value_that_is_out_of_range_is_left_out_and_others_are_sent(
    tmp_path: Path, parameter: str, refused: Any, words: str, taken: Any
) -> None:
    server = FaultServer(lambda body, before: error(400, words) if body.get(parameter) == refused else None)

    async def both() -> None:
        async with open_teacher(settings_for(server), tmp_path) as teacher:
            for value in (refused, taken, refused):
                options: Any = {parameter: value}
                await teacher.complete([Message("user", "hi")], purpose="test", sample=len(server.log), **options)

    run(server, tmp_path, both)
    assert server.statuses == [400, 200, 200, 200]
    assert [body.get(parameter) for body in server.bodies] == [refused, None, taken, None]


NOT_ABOUT_PARAMETERS: list[tuple[int, Any, int]] = [  # the status, the error, requests that six calls may take
    (400, openai("This model's maximum context length is 4096 tokens. However, you requested 5000 tokens."), 6),
    (400, openai("'max_tokens' or 'max_completion_tokens' is too large: 256. This model's maximum context length is "
                 "4096 tokens and your request has 4000 input tokens"), 6),
    (400, openai("max_tokens is too large: 5000. This model supports at most 4096 completion tokens"), 6),
    (400, openai("The response was filtered due to the prompt triggering the content management policy."), 6),
    (400, "bad request", 6),
    (400, {"error": {"message": "API key not valid. Please pass a valid API key."}}, 6),
    (413, {"error": "seed is too large a word"}, 6),
    (422, {"detail": [{"loc": ["body", "messages", 0, "content"], "msg": "Input should be a valid list"}]}, 6),
    (400, openai("you must supply a model parameter", "model"), 6),
    (400, openai("please stop asking for the seed"), 18),  # tried without either, in vain, and told as it is
]  # fmt: skip


@pytest.mark.parametrize(("status", "words", "most"), NOT_ABOUT_PARAMETERS)
def test_any_other_error_ends_the_call_with_the_endpoints_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], status: int, words: Any, most: int
) -> None:
    server = FaultServer(lambda body, before: reply(status, words))
    results = run(server, tmp_path, lambda: ask_six(server, tmp_path))
    assert all(isinstance(result, CallFailed) and str(status) in str(result) for result in results)
    told = words if isinstance(words, str) else str(words)
    assert str(results[0]).rpartition(f"{status} ")[2].rpartition(": ")[2] in told
    assert len(server.requests) <= most
    assert all({"model", "messages"} <= set(body) for body in server.bodies)
    assert "from now on" not in capsys.readouterr().err
    books_agree(server, tmp_path)


def test_a_server_that_refuses_everything_in_turn_ends_the_call_and_never_loops(tmp_path: Path) -> None:
    names = ["seed", "top_p", "stop", "temperature", "response_format", "max_tokens", "messages", "model"]
    server = FaultServer(lambda body, before: error(400, UNSUPPORTED.format(names[before % len(names)])))
    results = run(server, tmp_path, lambda: ask_six(server, tmp_path))
    assert all(isinstance(result, CallFailed) for result in results) and len(server.requests) <= 6 * 9


def test_a_limit_that_is_refused_by_both_names_is_left_out_but_not_under_a_budget(tmp_path: Path) -> None:
    def play(body: Body, before: int) -> web.Response | None:
        name = next((name for name in body if name.startswith("max_")), None)
        return name and error(400, UNSUPPORTED.format(name))  # type: ignore[return-value]

    async def ask(folder: str, **settings: Any) -> str:
        async with open_teacher(settings_for(server, **settings), tmp_path / folder) as teacher:
            return (await teacher.complete([Message("user", "hi")], purpose="test")).text

    server = FaultServer(play)
    server._completion = lambda body, text: b'{"choices":[{"message":{"content":"four"}}]}'  # type: ignore[method-assign]
    assert run(server, tmp_path, lambda: ask("free")) == "four"
    with pytest.raises(CallFailed, match="max_completion_tokens"):
        run(server, tmp_path, lambda: ask("limited", budget_tokens=10_000))


def test_defaults_are_not_sent_and_a_stop_text_that_is_refused_still_ends_the_answer(tmp_path: Path) -> None:
    def play(body: Body, before: int) -> web.Response | None:
        return error(400, UNSUPPORTED.format("stop")) if "stop" in body else None

    server = FaultServer(play, answer=lambda body: "one two ### three")

    async def ask() -> list[str]:
        async with open_teacher(settings_for(server), tmp_path) as teacher:
            plain = await teacher.complete([Message("user", "hi")], purpose="test", temperature=1.0)
            greedy = await teacher.complete([Message("user", "hi")], purpose="test", temperature=0.0)
            stopped = await teacher.complete([Message("user", "hi")], purpose="test", stop=["###"], temperature=1.0)
            return [plain.text, greedy.text, stopped.text.strip(), stopped.finish]

    whole = "one two ### three"
    assert run(server, tmp_path, ask) == [whole, whole, "one two", "stop"]
    assert set(server.bodies[0]) == {"model", "messages", "max_tokens", "seed"}
    assert set(server.bodies[1]) == {"model", "messages", "max_tokens", "temperature"}

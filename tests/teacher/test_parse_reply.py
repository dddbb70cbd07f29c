"""Replies as servers word them: what is an answer, what is thinking, what is paid and no answer, and what is none."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from hornbook.base.records import Message
from hornbook.teacher.client import Completion, open_teacher
from hornbook.teacher.errors import CallFailed, TeacherError
from hornbook.teacher.ledger import Ledger
from hornbook.teacher.map_records import map_records
from tests.teacher.fault_server import FaultServer, error, raw, said
from tests.teacher.mock_server import Body
from tests.teacher.test_client import settings_for, texts
from tests.teacher.test_refused_parameters import books_agree, run

RETRIES = 3
CHOICE = '{"choices":[{"message":{"content":"four"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3}}'  # noqa: E501


ANSWERS: list[tuple[str, web.Response, str, str, str]] = [  # what, the reply, text, finish, thinking
    ("plain", said(), "four", "stop", ""),
    ("space around it stays", said("\n\n four \n"), "\n\n four \n", "stop", ""),
    ("no reason to finish", said(finish=None), "four", "stop", ""),
    ("other words for stop", said(finish="end_turn"), "four", "stop", ""),
    ("other words for length", said(finish="MAX_TOKENS"), "four", "length", ""),
    ("a part of text", said([{"type": "text", "text": "four"}]), "four", "stop", ""),
    (
        "several parts",
        said([{"type": "text", "text": "fo"}, {"type": "output_text", "text": "ur"}]),
        "four",
        "stop",
        "",
    ),
    ("parts without a type", said([{"text": "four"}]), "four", "stop", ""),
    ("parts that are texts", said(["fo", "ur"]), "four", "stop", ""),
    ("one part", said({"type": "text", "text": "four"}), "four", "stop", ""),
    ("a text within a part", said([{"type": "text", "text": {"value": "four"}}]), "four", "stop", ""),
    (
        "thinking in a part",
        said([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "four"}]),
        "four",
        "stop",
        "hm",
    ),
    (
        "reasoning in a part",
        said([{"type": "reasoning", "text": "hm"}, {"type": "text", "text": "four"}]),
        "four",
        "stop",
        "hm",
    ),
    ("reasoning_content", said("four", reasoning_content="hm"), "four", "stop", "hm"),
    ("reasoning", said("four", reasoning="hm"), "four", "stop", "hm"),
    ("thinking", said("four", thinking="hm"), "four", "stop", "hm"),
    ("details", said("four", reasoning_details=[{"type": "reasoning.text", "text": "hm"}]), "four", "stop", "hm"),
    ("reasoning null", said("four", reasoning_content=None), "four", "stop", ""),
    ("a block", said("<think>\nhm\n</think>\n\nfour"), "four", "stop", "hm"),
    ("its end alone", said("hm\n</think>\n\nfour"), "four", "stop", "hm"),
    ("an empty block", said("<think>\n\n</think>\n\nfour"), "four", "stop", ""),
    ("other marks", said("<thinking>hm</thinking>four"), "four", "stop", "hm"),
    ("Mistral's marks", said("[THINK]hm[/THINK]four"), "four", "stop", "hm"),
    (
        "channels",
        said("<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>four<|return|>"),
        "four",
        "stop",
        "hm",
    ),
    ("marks that are spoken of", said("Put `<think>` before it."), "Put `<think>` before it.", "stop", ""),
    ("both ways at once", said("<think>b</think>four", reasoning_content="a"), "four", "stop", "a\n\nb"),
    ("a tool call beside the text", said("four", tool_calls=[{"id": "1"}]), "four", "stop", ""),
    ("a byte order mark", raw(b"\xef\xbb\xbf" + CHOICE.encode()), "four", "stop", ""),
    ("comments before it", raw(f"\n\n: keep-alive\n{CHOICE}"), "four", "stop", ""),
    ("spaces before it", raw(f"\n\n   {CHOICE}"), "four", "stop", ""),
    ("half of a pair", raw(CHOICE.replace("four", "four\\ud83d")), "four", "stop", ""),
    ("half of a character", raw(CHOICE.encode().replace(b"four", b"four\xf0\x9f")), "four", "stop", ""),
    ("a number that is none", raw(CHOICE.replace('"usage"', '"score":NaN,"usage"')), "four", "stop", ""),
    ("a chat's answer as text", raw('{"choices":[{"text":"four"}],"usage":null}'), "four", "stop", ""),
]


async def ask(server: FaultServer, folder: Path, count: int = 1, **options: Any) -> list[Completion | CallFailed]:
    settings = {"retries": RETRIES, "concurrency": 1} | options.pop("settings", {})
    async with open_teacher(settings_for(server, **settings), folder) as teacher:

        async def worker(number: int) -> Completion:
            return await teacher.complete([Message("user", f"question {number}")], purpose="test", **options)

        return await map_records(range(count), worker)


@pytest.mark.parametrize(("what", "reply", "text", "finish", "thinking"), ANSWERS, ids=[row[0] for row in ANSWERS])
def test_an_answer_is_read_and_its_thinking_is_kept_apart(
    tmp_path: Path, what: str, reply: web.Response, text: str, finish: str, thinking: str
) -> None:
    server = FaultServer(lambda body, before: again(reply))
    [answer] = run(server, tmp_path, lambda: ask(server, tmp_path, settings={"keep_thinking": True}))
    assert isinstance(answer, Completion) and len(server.requests) == 1
    assert (answer.text, answer.finish, answer.thinking) == (text, finish, thinking)
    kept = Ledger(tmp_path).get(answer.key)
    assert kept and (kept.text, kept.thinking) == (text, thinking)
    [without] = run(server, tmp_path, lambda: ask(server, tmp_path))
    assert isinstance(without, Completion) and (without.text, without.thinking) == (text, "")


def again(reply: web.Response) -> web.Response:
    """The same reply once more: aiohttp sends each once."""
    return web.Response(body=reply.body, status=reply.status, content_type=reply.content_type, headers=extra(reply))


def extra(reply: web.Response) -> dict[str, str]:
    return {name: value for name, value in reply.headers.items() if name.lower().startswith("retry-after")}


USAGES: list[tuple[Any, int | None, int | None]] = [  # what the server says; tokens, None where the most is booked
    ({"prompt_tokens": 7, "completion_tokens": 3}, 7, 3),
    ({"prompt_tokens": 7.0, "completion_tokens": 3.0}, 7, 3),
    ({"prompt_tokens": "7", "completion_tokens": "3"}, 7, 3),
    ({"input_tokens": 7, "output_tokens": 3}, 7, 3),
    ({"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 30}, 7, 23),  # with the thinking
    ({"prompt_tokens": 7, "completion_tokens": None}, 7, None),
    ({"prompt_tokens": -1, "completion_tokens": "many"}, None, None),
    ({"prompt_tokens": True, "completion_tokens": 1e400}, None, None),
    ({}, None, None),
    (None, None, None),
    ("none", None, None),
]


@pytest.mark.parametrize(("usage", "prompt", "completion"), USAGES, ids=str)
def test_what_an_answer_took_is_read_in_any_form_and_never_guessed_too_low(
    tmp_path: Path, usage: Any, prompt: int | None, completion: int | None
) -> None:
    body = json.dumps({"choices": [{"message": {"content": "four"}}], "usage": usage})
    server = FaultServer(lambda body_, before: raw(body))
    [answer] = run(server, tmp_path, lambda: ask(server, tmp_path))
    assert isinstance(answer, Completion) and answer.text == "four"
    assert answer.prompt_tokens == prompt or (prompt is None and answer.prompt_tokens > 100)
    assert answer.completion_tokens == (len("four") if completion is None else completion)


EMPTY: list[tuple[str, web.Response, str, int]] = [  # what, the reply, words of the failure, how often it is asked
    ("null", said(None), "stop", 1 + RETRIES),
    ("empty", said(""), "stop", 1 + RETRIES),
    ("space", said(" \n "), "stop", 1 + RETRIES),
    ("no parts", said([]), "stop", 1 + RETRIES),
    ("a filter", said("", "content_filter"), "content_filter", 1 + RETRIES),
    ("a tool call", said(None, "tool_calls", tool_calls=[{"id": "1"}]), "tool_calls", 1 + RETRIES),
    ("a refusal", said(None, refusal="I will not."), "refusal", 1 + RETRIES),
    ("thinking alone", said("<think>hm</think>"), "stop", 1 + RETRIES),
    ("cut off within the thinking", said("<think>\nhm", "length"), "thinking was cut off at 20 tokens", 2),
    ("cut off, apart", said(None, "length", reasoning_content="hm"), "thinking was cut off at 20 tokens", 2),
    ("cut off within a channel", said("<|channel|>analysis<|message|>hm", "length"), "thinking was cut off", 2),
]


@pytest.mark.parametrize(("what", "reply", "words", "times"), EMPTY, ids=[row[0] for row in EMPTY])
def test_an_empty_answer_is_asked_again_with_another_seed_paid_and_never_kept(
    tmp_path: Path, what: str, reply: web.Response, words: str, times: int
) -> None:
    server = FaultServer(lambda body, before: again(reply))
    [failed] = run(server, tmp_path, lambda: ask(server, tmp_path, max_tokens=20))
    assert isinstance(failed, CallFailed) and words in str(failed)
    assert len(server.requests) == times == len({body["seed"] for body in server.bodies})
    assert len(Ledger(tmp_path)) == 0
    books_agree(server, tmp_path)

    server.play = lambda body, before: None  # and another day it answers
    [answer] = run(server, tmp_path, lambda: ask(server, tmp_path, max_tokens=20))
    assert isinstance(answer, Completion) and answer.text
    books_agree(server, tmp_path)


def test_of_answers_that_are_empty_now_and_then_none_is_kept_and_each_is_paid_once(tmp_path: Path) -> None:
    server = FaultServer(lambda body, before: said("", "content_filter") if body["seed"] % 6 == 0 else None)
    results = run(server, tmp_path, lambda: ask(server, tmp_path, 300, settings={"concurrency": 16, "retries": 8}))
    assert all(texts(results)) and len(texts(results)) == 300
    assert len(server.requests) == len(server.log) > 340
    books_agree(server, tmp_path)


def test_the_budget_counts_empty_answers_too(tmp_path: Path) -> None:
    server = FaultServer(lambda body, before: said("", usage=(50, 20)))
    with pytest.raises(TeacherError, match="budget is spent"):
        run(server, tmp_path, lambda: ask(server, tmp_path, 50, max_tokens=20, settings={"budget_tokens": 1500}))
    assert 1200 < sum(server.charged) <= 1500


HTML = "<!DOCTYPE html><html><head><title>Sign in</title><style>b{}</style></head><body><h1>Please sign in</h1></body>"
NO_COMPLETION: list[tuple[str, web.Response, str]] = [  # what, the reply of status 200, words of the failure
    ("HTML", web.Response(text=HTML, content_type="text/html"), "an HTML page: Sign in Please sign in"),
    ("HTML as JSON", raw(HTML), "Please sign in"),
    ("text", raw("upstream timed out"), "upstream timed out"),
    ("nothing", raw(""), "not a completion"),
    ("other JSON", raw('{"status":"ok"}'), '{"status":"ok"}'),
    ("a list", raw("[]"), "not a completion"),
    ("a number", raw("4"), "not a completion"),
    ("deep", raw("[" * 5000), "not a completion"),
    ("no choices", raw('{"choices":[]}'), "not a completion"),
    ("choices null", raw('{"choices":null,"error":null}'), "not a completion"),
    ("a choice that is none", raw('{"choices":["four"]}'), "not a completion"),
    ("a choice without a message", raw('{"choices":[{"index":0}]}'), "not a completion"),
    ("an error", raw('{"error":{"message":"Provider returned error","code":429}}'), "Provider returned error"),
    ("an error in the choice", raw('{"choices":[{"error":{"message":"gone"},"message":{"content":""}}]}'), "gone"),
    ("cut", raw(CHOICE[:-9]), "not a completion"),
]


@pytest.mark.parametrize(("what", "reply", "words"), NO_COMPLETION, ids=[row[0] for row in NO_COMPLETION])
def test_what_is_no_completion_is_tried_again_and_never_an_answer(
    tmp_path: Path, what: str, reply: web.Response, words: str
) -> None:
    server = FaultServer(lambda body, before: again(reply) if before < RETRIES else None)
    [answer] = run(server, tmp_path / "passes", lambda: ask(server, tmp_path / "passes"))
    assert isinstance(answer, Completion) and len(server.requests) == RETRIES + 1

    lasts = FaultServer(lambda body, before: again(reply))
    with pytest.raises(TeacherError) as failure:
        run(lasts, tmp_path, lambda: ask(lasts, tmp_path, 9, settings={"retries": 1}))
    assert words in str(failure.value) and "gives no answer after 2 tries" in str(failure.value)
    assert len(Ledger(tmp_path)) == 0


def test_a_stop_text_that_ends_the_thinking_is_cut_here_from_then_on(tmp_path: Path) -> None:
    def play(body: Body, before: int) -> web.Response:
        return said("<think>") if "stop" in body else said("<think>\nhm\n</think>\n\nfour\nfive")

    server = FaultServer(play)
    results = run(server, tmp_path, lambda: ask(server, tmp_path, 3, stop=["\n"]))
    assert texts(results) == ["four"] * 3
    assert len(server.requests) == 4
    books_agree(server, tmp_path)


def test_thinking_tokens_are_asked_for_besides_the_answers_and_no_stop_text_is_sent(tmp_path: Path) -> None:
    server = FaultServer(lambda body, before: said("<think>\nhm\n</think>\n\nfour\nfive"))
    [answer] = run(
        server, tmp_path, lambda: ask(server, tmp_path, stop=["\n"], max_tokens=20, settings={"thinking_tokens": 500})
    )
    assert isinstance(answer, Completion) and answer.text == "four"
    assert server.bodies[0]["max_tokens"] == 520 and "stop" not in server.bodies[0]


def test_when_all_calls_fail_alike_the_others_are_not_sent(tmp_path: Path) -> None:
    server = FaultServer(lambda body, before: error(400, f"no such model, request {before}"))
    with pytest.raises(TeacherError, match=r"no call was answered; .* no such model, request"):
        run(server, tmp_path, lambda: ask(server, tmp_path, 500, settings={"concurrency": 8}))
    assert len(server.requests) < 50


SILENCES: list[tuple[dict[str, str], str]] = [  # headers of a 429, and what is told
    ({"Retry-After": "6"}, "Retry-After: 6 s, until "),
    ({"retry-after-ms": "5500"}, "Retry-After: 5.5 s, until "),
]


@pytest.mark.parametrize(("headers", "told"), SILENCES)
def test_a_long_silence_is_told_once_with_the_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], headers: dict[str, str], told: str
) -> None:
    def play(body: Body, before: int) -> web.Response:
        return web.json_response({"error": {"message": "slow down"}}, status=429, headers=headers)

    server = FaultServer(play)

    async def whole() -> None:
        async with server:
            await asyncio.wait_for(ask(server, tmp_path, 8, settings={"concurrency": 4}), 4)

    with pytest.raises(TimeoutError):
        asyncio.run(whole())
    heard = capsys.readouterr().err
    assert heard.count("slow down") == 1 and told in heard


def test_no_money_left_ends_the_run_at_once(tmp_path: Path) -> None:
    server = FaultServer(lambda body, before: error(429, "You exceeded your quota", code="insufficient_quota"))
    with pytest.raises(TeacherError, match="You exceeded your quota"):
        run(server, tmp_path, lambda: ask(server, tmp_path, 9))
    assert len(server.requests) == 1


def test_what_is_wrong_with_a_server_that_never_answered_is_told_once_while_it_is_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = FaultServer(lambda body, before: raw(HTML))
    with pytest.raises(TeacherError):
        run(server, tmp_path, lambda: ask(server, tmp_path, 9, settings={"retries": 4}))
    assert capsys.readouterr().err.count("Please sign in; trying again") == 1

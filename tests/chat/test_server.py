"""The server speaks OpenAI's protocol: the same text streamed, whole, alone and together; and says what is wrong."""

import asyncio
import contextlib
import math
import socket
from pathlib import Path

import pytest
import torch

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message
from hornbook.chat.loaded_model import LoadedModel
from hornbook.chat.server import Server, serving
from hornbook.inference.settings import Sampling
from hornbook.teacher.client import open_teacher
from hornbook.teacher.settings import TeacherSettings
from tests.chat.conftest import Client, client_of

ASKED = {"messages": [{"role": "user", "content": "How many legs?"}], "seed": 5, "max_tokens": 30}
CHAT, TEXT = "/v1/chat/completions", "/v1/completions"


def text_of(chunks: list[dict]) -> str:
    return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])


async def reply(client: Client, **changes: object) -> str:
    status, said = await client.post(CHAT, ASKED | changes)
    assert status == 200, said
    return said["choices"][0]["message"]["content"]


def test_a_streamed_reply_is_the_whole_one(talk) -> None:
    async def test(client: Client) -> None:
        whole = await reply(client)
        chunks = await client.stream(CHAT, ASKED | {"stream_options": {"include_usage": True}})
        assert text_of(chunks) == whole and len(chunks) > 10
        assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
        assert chunks[-2]["choices"][0]["finish_reason"] == "length"
        assert chunks[-1]["usage"]["completion_tokens"] == 30 and chunks[-1]["choices"] == []
        assert await reply(client, seed=6) != whole

    talk(test)


def test_many_at_a_time_get_what_each_gets_alone(talk) -> None:
    async def test(client: Client) -> None:
        asked = [{"seed": seed, "temperature": [0, 0.7, 1][seed % 3], "max_tokens": 10 + seed} for seed in range(12)]
        alone = [await reply(client, **changes) for changes in asked]
        assert await asyncio.gather(*(reply(client, **changes) for changes in asked)) == alone

    talk(test)


def test_log_probabilities_are_those_of_a_plain_forward(talk, loaded: LoadedModel) -> None:
    async def test(client: Client) -> None:
        prompt = [7, 8, 9, 70, 71]
        asked = {"prompt": prompt, "seed": 1, "max_tokens": 12, "logprobs": 3, "temperature": 0.6}
        asked["return_token_ids"] = True
        _, said = await client.post(TEXT, asked)
        (choice,) = said["choices"]
        ids = choice["token_ids"]
        with torch.no_grad():
            logits = loaded.batch.model(torch.tensor([prompt + ids])).logits[0, len(prompt) - 1 : -1]
        expected = logits.log_softmax(-1).gather(1, torch.tensor(ids)[:, None])[:, 0].tolist()
        assert choice["logprobs"]["token_logprobs"] == pytest.approx(expected, abs=1e-4)
        assert all(1 <= len(top) <= 4 for top in choice["logprobs"]["top_logprobs"])

        _, said = await client.post(CHAT, ASKED | {"logprobs": True, "top_logprobs": 2})
        content = said["choices"][0]["logprobs"]["content"]
        text = b"".join(bytes(token["bytes"]) for token in content).decode("utf-8", "replace")
        assert text == said["choices"][0]["message"]["content"] and len(content[0]["top_logprobs"]) == 2
        assert all(token["logprob"] <= 0 and math.isfinite(token["logprob"]) for token in content)

    talk(test)


def test_several_replies_to_several_prompts(talk) -> None:
    async def test(client: Client) -> None:
        _, said = await client.post(TEXT, {"prompt": ["How", "3 cats"], "n": 2, "seed": 3, "max_tokens": 8})
        assert [choice["index"] for choice in said["choices"]] == [0, 1, 2, 3]
        assert len({choice["text"] for choice in said["choices"]}) == 4
        assert said["usage"]["completion_tokens"] == 32
        chunks = await client.stream(TEXT, {"prompt": ["How", "3 cats"], "n": 2, "seed": 3, "max_tokens": 8})
        texts = [""] * 4
        for choice in (choice for chunk in chunks for choice in chunk["choices"]):
            texts[choice["index"]] += choice["text"]
        assert texts == [choice["text"] for choice in said["choices"]]

    talk(test)


def test_a_stop_text_ends_a_reply_and_is_no_part_of_it(talk) -> None:
    async def test(client: Client) -> None:
        whole = await reply(client)
        stop = whole[9:12]
        _, said = await client.post(CHAT, ASKED | {"stop": [stop, "never said"]})
        assert said["choices"][0]["message"]["content"] == whole[: whole.index(stop)]
        assert said["choices"][0]["finish_reason"] == "stop"
        assert text_of(await client.stream(CHAT, ASKED | {"stop": stop})) == whole[: whole.index(stop)]

    talk(test)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"max_tokens": "a"}, "max_tokens", "got `str`"),
        ({"temperature": -1}, "temperature", ">= 0"),
        ({"top_p": 0}, "top_p", "> 0"),
        ({"n": 0}, "n", ">= 1"),
        ({"messages": []}, "messages", "length >= 1"),
        ({"messages": [{"role": "pope", "content": "x"}]}, "messages[0].role", "pope"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages.0", "image_url"),
        ({"top_logprobs": 3}, "top_logprobs", "goes with logprobs"),
        ({"tools": [{"type": "function"}]}, "tools", "not supported"),
        ({"logit_bias": {"5": 3}}, "logit_bias", "not supported"),
        ({"messages": [{"role": "user", "content": "word " * 300}]}, None, "context of 128"),
    ],
)
def test_what_is_wrong_with_a_request_is_said(talk, changes: dict, field: str | None, words: str) -> None:
    async def test(client: Client) -> None:
        status, said = await client.post(CHAT, ASKED | changes)
        assert status == 400 and said["error"]["param"] == field and words in said["error"]["message"]
        assert said["error"]["type"] == "invalid_request_error"

    talk(test)


def test_what_is_not_json_not_here_or_not_for_others(talk) -> None:
    async def test(client: Client) -> None:
        for body in (b'{"messages":', b"[]", b"\xff", b"null"):
            status, said = await client.post(CHAT, body)
            assert status == 400 and said["error"]["message"]
        for prompt in ([], [1, "a"], [999_999], 3, [-1]):
            status, said = await client.post(TEXT, {"prompt": prompt})
            assert status == 400 and said["error"]["param"] == "prompt"
        status, said = await client.post(CHAT, ASKED | {"model": "gpt"})
        assert status == 404 and said["error"]["code"] == "model_not_found"
        assert (await client.get("/v1/nothing"))[0] == 404 and (await client.get(CHAT))[0] == 405
        assert (await client.get("/health"))[0] == 200
        assert (await client.get("/v1/models", Origin="http://elsewhere.example"))[0] == 403
        assert (await client.get("/v1/models", Host="elsewhere.example"))[0] == 403
        assert (await client.get("/v1/models", Origin=client.address))[0] == 200

    talk(test)


def test_neutral_values_of_what_is_not_supported_are_fine(talk) -> None:
    async def test(client: Client) -> None:
        neutral = {"tools": [], "frequency_penalty": 0, "response_format": {"type": "text"}, "user": "me", "stop": None}
        assert await reply(client, **neutral) == await reply(client)

    talk(test)


def test_nothing_is_computed_for_a_client_that_has_gone(talk, loaded: LoadedModel) -> None:
    async def test(client: Client) -> None:
        for stream in (True, False):
            asked = ASKED | {"stream": stream, "max_tokens": 100, "n": 100}  # of which 8 are computed at a time
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.3), client.session.post(client.address + CHAT, json=asked) as response:
                    await response.content.readany()
                    response.close()
            async with asyncio.timeout(2):  # all of it would take far longer
                while loaded.batch.busy:
                    await asyncio.sleep(0.01)
        assert await reply(client)

    talk(test)


def test_a_model_that_fails_is_an_error_and_the_server_goes_on(
    talk, loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(client: Client) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(loaded.batch, "step", lambda: 1 / 0)
            status, said = await client.post(CHAT, ASKED)
            assert status == 500 and "ZeroDivisionError" in said["error"]["message"]
            assert "ZeroDivisionError" in (await client.stream(CHAT, ASKED))[-1]["error"]["message"]
        assert await reply(client)

    talk(test)


def test_a_port_in_use_is_named(loaded: LoadedModel) -> None:
    async def start(port: int) -> None:
        async with serving(Server(loaded, Sampling()), "127.0.0.1", port):
            pass

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(HornbookError, match=f"127.0.0.1:{port}: already in use; choose another --port"):
            asyncio.run(start(port))


def test_our_own_client_takes_it_as_a_teacher(loaded: LoadedModel, tmp_path: Path) -> None:
    async def ask() -> None:
        async with client_of(loaded) as client:
            settings = TeacherSettings(url=f"{client.address}/v1", model=loaded.id)
            async with open_teacher(settings, tmp_path) as teacher:
                said = [Message("user", "How many?")]
                answer = await teacher.complete(said, purpose="test", max_tokens=9, stop=["never said"])
                assert answer.text and teacher.completion_tokens == 9

    asyncio.run(ask())

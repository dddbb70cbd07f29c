"""An OpenAI-compatible server on loopback whose answers depend on the request alone, and that fails on demand.

By itself: `python -m tests.teacher.mock_server --port-file F --count-file C` writes its port to F and appends one line
(the digest of model, messages, parameters and seed) to C for every request it receives.
"""

import argparse
import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import xxhash
from aiohttp import web

from benchmarks.synth_server import announce_and_wait

WORDS = ["river", "stone", "bridge", "seven", "quiet", "heron", "boat", "star", "under", "old", "and", "slowly"]
BODIES = {
    "no-choices": b'{"choices": []}',
    "null": b'{"choices": [{"message": {"role": "assistant", "content": null}, "finish_reason": null}], "usage": null}',
    "refusal": b'{"choices": [{"message": {"role": "assistant", "content": null, "refusal": "I will not."}}]}',
    "error": b'{"error": {"message": "upstream is gone"}}',
}
Body = dict[str, Any]


def default_answer(body: Body) -> str:
    """Some words, always the same for the same messages and seed."""
    number = int(digest(body), 16)
    return " ".join(WORDS[(number >> shift) % len(WORDS)] for shift in range(0, 40, 4))


def digest(body: Body) -> str:
    return xxhash.xxh3_64_hexdigest(msgspec.json.encode(body, order="deterministic"))


class MockServer:
    """`fault` looks at (body, how often this very request came before) and says what goes wrong.

    It returns None for a good answer, an HTTP status, (status, headers), or one of the words: timeout, cut, half,
    invalid, no-choices, empty, null, refusal, error (in a 200), endless (bytes without end), drip (a byte now and then,
    without end). Attributes: `requests`, digests in order of arrival; `open_calls` and `most_open`.
    """

    def __init__(
        self,
        answer: Callable[[Body], str] = default_answer,
        fault: Callable[[Body, int], Any] = lambda body, before: None,
        latency: Callable[[Body], float] = lambda body: 0.0,
        count_file: Path | None = None,
        usage: bool = True,
    ) -> None:
        self.answer, self.fault, self.latency, self.usage = answer, fault, latency, usage
        self.requests: list[str] = []
        self.bodies: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.open_calls = self.most_open = 0
        self.tokens_charged = self.bytes_sent = 0
        self._seen: Counter[str] = Counter()
        self._count = count_file.open("ab", buffering=0) if count_file else None
        self._runner: web.AppRunner | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def __aenter__(self) -> "MockServer":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; after a `stop`, on the same port again."""
        app = web.Application(client_max_size=1 << 26)
        self.add_routes(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    def add_routes(self, app: web.Application) -> None:
        app.router.add_post("/v1/chat/completions", self._ask)
        app.router.add_post("/v1/completions", self._ask)

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def _ask(self, request: web.Request) -> web.StreamResponse:
        body = msgspec.json.decode(await request.read())
        name = digest(body)
        before = self._seen[name]
        self._seen[name] += 1
        self.requests.append(name)
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        if self._count:
            self._count.write(f"{name}\n".encode())
        self.open_calls += 1
        self.most_open = max(self.most_open, self.open_calls)
        try:
            return await self._reply(request, body, self.fault(body, before))
        finally:
            self.open_calls -= 1

    async def _reply(self, request: web.Request, body: Body, fault: Any) -> web.StreamResponse:
        if isinstance(fault, int):
            fault = fault, {}
        if isinstance(fault, tuple):
            status, headers = fault
            return web.json_response({"error": {"message": f"mock says {status}"}}, status=status, headers=headers)
        if delay := self.latency(body):
            await asyncio.sleep(delay)
        good = self._completion(body, "" if fault == "empty" else self.answer(body))
        if fault == "timeout":
            await asyncio.sleep(3600)
        if fault == "cut":
            assert request.transport
            request.transport.abort()
            return web.Response()
        if fault == "half":
            response = web.StreamResponse(headers={"Content-Length": str(len(good))})
            await response.prepare(request)
            await response.write(good[: len(good) // 2])
            assert request.transport
            request.transport.close()
            return response
        if fault == "invalid":
            good = good[:-7]
        if fault in BODIES:
            good = BODIES[fault]
        if fault in ("endless", "drip"):
            return await self._without_end(request, fault)
        return web.Response(body=good, content_type="application/json")

    async def _without_end(self, request: web.Request, fault: str) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        part = b" " * (1 if fault == "drip" else 1 << 20)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(part)
                self.bytes_sent += len(part)
                await asyncio.sleep(0.02 if fault == "drip" else 0)
        return response

    def _completion(self, body: Body, text: str) -> bytes:
        said = [body["prompt"]] if "prompt" in body else [message["content"] for message in body["messages"]]
        prompt = sum(len(text.split()) for text in said)
        limit = body.get("max_tokens", body.get("max_completion_tokens"))
        words = text.split()
        self.tokens_charged += prompt + min(limit, len(words))
        text = " ".join(words[:limit])
        said_back = {"text": f" {text}"} if "prompt" in body else {"message": {"role": "assistant", "content": text}}
        reply: Body = {"choices": [said_back | {"finish_reason": "length" if len(words) > limit else "stop"}]}
        if self.usage:
            reply["usage"] = {"prompt_tokens": prompt, "completion_tokens": min(limit, len(words))}
        return msgspec.json.encode(reply)


async def serve(port_file: Path, count_file: Path, latency: float) -> None:
    async with MockServer(count_file=count_file, latency=lambda body: latency) as server:
        await announce_and_wait(port_file, server.port)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--count-file", type=Path, required=True)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    options = parser.parse_args()
    asyncio.run(serve(options.port_file, options.count_file, options.latency))


if __name__ == "__main__":
    main()

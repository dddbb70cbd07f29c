"""The mock teacher of `benchmarks/synth.py`: answers and latencies depend only on the request, and all are logged.

`python -m benchmarks.synth_server --port-file F --log-file L [--latency none|short|heavy]` writes its port to F, and to
L one line when a request arrives and one when its answer has been sent, `asked|sent TIME DIGEST LATENCY`, with the
machine's monotonic time and the digest of messages and max_tokens.
"""

import argparse
import asyncio
import random
import time
from pathlib import Path
from typing import Any

import msgspec
import xxhash
from aiohttp import web

_FIRST = "ba be bi bo da de di do ka ke ki ko la le li lo ma me mi mo na ne ni no"
_LAST = "ran ren rin ron sal sel sil sol tam tem tim tom"
WORDS = [first + last for first in _FIRST.split() for last in _LAST.split()]
SHORT = (0.05, 0.15)  # seconds, evenly spread: mean 0.1
LEAST, SHAPE, LONGEST = 0.14, 1.25, 10.0  # Pareto, cut at 10 s: mean 0.51 s, 5 in 1,000 above 9 s


def latency(kind: str, name: int) -> float:
    """Seconds before an answer is sent, drawn from the request's content."""
    chance = random.Random(name).random()
    if kind == "short":
        return SHORT[0] + chance * (SHORT[1] - SHORT[0])
    if kind == "heavy":
        return min(LONGEST, LEAST * (1 - chance) ** (-1 / SHAPE))
    return 0.0


def digest(messages: list[dict[str, str]], max_tokens: int) -> int:
    """The name of a request."""
    return xxhash.xxh3_64_intdigest(msgspec.json.encode([messages, max_tokens]))


def answer(name: int, messages: list[dict[str, str]]) -> str:
    """A title of three words, or about forty words."""
    dice = random.Random(name)
    if messages[-1]["content"].startswith("Give"):
        return " ".join(dice.choices(WORDS, k=3))
    sentences = [" ".join(dice.choices(WORDS, k=10)).capitalize() + "." for _ in range(4)]
    return " ".join(sentences)


class Server:
    def __init__(self, log: Path, kind: str) -> None:
        self.log, self.kind = log.open("ab", buffering=0), kind

    async def chat(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._reply(request, msgspec.json.decode(await request.read()))
        except ConnectionResetError:  # the client was killed
            return web.Response()

    async def _reply(self, request: web.Request, body: dict[str, Any]) -> web.Response:
        if not body["messages"]:  # curator looks for rate limits this way
            return web.json_response({"error": {"message": "no messages"}}, status=400)
        name = digest(body["messages"], body["max_tokens"])
        seconds = latency(self.kind, name)
        self._note("asked", name, seconds)
        if seconds:
            await asyncio.sleep(seconds)
        response = web.Response(body=completion(name, body), content_type="application/json")
        await response.prepare(request)
        await response.write_eof()
        self._note("sent", name, seconds)
        return response

    def _note(self, what: str, name: int, seconds: float) -> None:
        self.log.write(f"{what} {time.monotonic():.4f} {name:016x} {seconds:.4f}\n".encode())


def completion(name: int, body: dict[str, Any]) -> bytes:
    text = answer(name, body["messages"])
    prompt, completed = sum(len(turn["content"].split()) for turn in body["messages"]), len(text.split())
    return msgspec.json.encode(
        {
            "id": f"mock-{name:016x}",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": prompt, "completion_tokens": completed, "total_tokens": prompt + completed},
        }
    )


async def serve(port_file: Path, log_file: Path, kind: str) -> None:
    app = web.Application(client_max_size=1 << 26)
    app.router.add_post("/v1/chat/completions", Server(log_file, kind).chat)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    await announce_and_wait(port_file, runner.addresses[0][1])


async def announce_and_wait(port_file: Path, port: int) -> None:
    """Write the port of a server to a file, atomically, and serve until the process is killed."""
    temporary = port_file.with_suffix(".tmp")
    temporary.write_text(str(port))
    temporary.replace(port_file)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--log-file", type=Path, required=True)
    parser.add_argument("--latency", choices=["none", "short", "heavy"], default="none")
    options = parser.parse_args()
    asyncio.run(serve(options.port_file, options.log_file, options.latency))


if __name__ == "__main__":
    main()

"""A server that refuses and fails in the ways of real ones, and logs what was sent and is to be paid."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from aiohttp import web

from tests.teacher.mock_server import Body, MockServer


class Entry(NamedTuple):
    """One request: the status of its reply, and the tokens that are charged for it."""

    status: int
    prompt_tokens: int
    completion_tokens: int


class FaultServer(MockServer):
    """`play` looks at (body, number of requests before) and replies in place of the server, or lets it answer (None).

    A reply of status 200 with a usage is charged for. Attributes: `log`, an entry for each request.
    """

    def __init__(self, play: Callable[[Body, int], web.Response | None], **options: Any) -> None:
        super().__init__(**options)
        self.play = play
        self.log: list[Entry] = []

    async def _reply(self, request: web.Request, body: Body, fault: Any) -> web.StreamResponse:
        before = len(self.requests) - 1
        played = self.play(body, before)
        reply = played if played is not None else await super()._reply(request, body, fault)
        assert isinstance(reply, web.Response)
        self.log.append(Entry(reply.status, *_charged(reply)))
        return reply

    @property
    def charged(self) -> tuple[int, int]:
        return sum(entry.prompt_tokens for entry in self.log), sum(entry.completion_tokens for entry in self.log)

    @property
    def statuses(self) -> list[int]:
        return [entry.status for entry in self.log]


def _charged(reply: web.Response) -> tuple[int, int]:
    try:
        usage = msgspec.json.decode(reply.body)["usage"] if reply.status == 200 else {}  # type: ignore[arg-type]
        return int(float(usage["prompt_tokens"])), int(float(usage["completion_tokens"]))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, RecursionError):
        return 0, 0


def said(content: Any = "four", finish: Any = "stop", usage: Any = (7, 3), **message: Any) -> web.Response:
    """A reply of status 200."""
    if isinstance(usage, tuple):
        usage = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
    choice = {"message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return web.json_response({"choices": [choice], "usage": usage})


def raw(body: str | bytes, status: int = 200) -> web.Response:
    content = body if isinstance(body, bytes) else body.encode()
    return web.Response(body=content, status=status, content_type="application/json")


def error(status: int, message: Any, **more: Any) -> web.Response:
    """An error as OpenAI words it."""
    return web.json_response({"error": {"message": message, "type": "invalid_request_error", **more}}, status=status)

"""HTTP requests to a rollout server, with retries."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from hornbook.base.errors import HornbookError
from hornbook.base.http import HttpClient, Retry, ServerPause, TryAgain, authorization, passing_failure, reason_of
from hornbook.inference.settings import BackendSettings

ResponseT = TypeVar("ResponseT")
_encode = msgspec.json.Encoder().encode


class RequestRefused(HornbookError):
    """The server rejects this request; retrying does not help."""


class RolloutServer:
    """The server at `settings.url`, which gets at most `settings.concurrency` requests at a time."""

    def __init__(self, settings: BackendSettings) -> None:
        self.settings = settings
        self.root = settings.url.rstrip("/").removesuffix("/v1")
        self._client = HttpClient(authorization("api_key_env", settings.api_key_env), settings.timeout)
        self._places = asyncio.Semaphore(settings.concurrency)
        self._pause = ServerPause()
        self._retry = Retry(settings.retries, settings.backoff, self._pause)

    async def look(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The server's JSON object at `path`; empty where there is none."""
        try:
            return await self.ask(path, body, _fields, retries=min(self.settings.retries, 2))
        except RequestRefused:
            return {}

    async def ask(
        self, path: str, body: dict[str, Any] | None, read: Callable[[bytes], ResponseT], retries: int | None = None
    ) -> ResponseT:
        """The reply to `body` (None: a GET), parsed by `read`, which raises TryAgain for a truncated reply.

        Raises RequestRefused when the server rejects the request, HornbookError when all `retries` fail.
        """
        content = None if body is None else _encode(body)

        async def attempt() -> ResponseT:
            async with self._places:
                await self._pause.wait()
                answer = read(await self._once(path, content))
            self._retry.answered += 1
            return answer

        def give_up(trouble: TryAgain, tries: int, _: bool) -> HornbookError:
            return HornbookError(f"{self.root}{path}: no answer after {tries} tries (the last: {trouble})")

        name = f"{path} {body and body.get('seed')}"
        return await self._retry.until_answered(attempt, name, give_up, retries=retries)

    async def close(self) -> None:
        await self._client.close()

    async def _once(self, path: str, content: bytes | None) -> bytes:
        response = await self._client.request("GET" if content is None else "POST", self.root + path, content)
        if response.status == 200:
            return response.body
        reason = f"{response.status} {reason_of(response.body)}".strip()
        if passing := passing_failure(response, reason):
            raise passing
        raise RequestRefused(f"{self.root}{path}: the server refuses ({reason})")


def _fields(body: bytes) -> dict[str, Any]:
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}  # for example a web page
    return fields if isinstance(fields, dict) else {}

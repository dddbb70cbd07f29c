"""One HTTP session to a rollout server: every request is tried until it is answered, and then never again."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import aiohttp
import msgspec

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.http import (
    LONGEST_PAUSE,
    PASSING,
    SECONDS_TO_CONNECT,
    TryAgain,
    authorization,
    proxy_for,
    reason_of,
    seconds_of,
)
from hornbook.base.rng import derive
from hornbook.inference.settings import BackendSettings

Answer = TypeVar("Answer")
_encode = msgspec.json.Encoder().encode


class Refused(HornbookError):
    """The server will not answer this request, however often it is asked."""


class Remote:
    """Asks the server at `settings.url`, at most `settings.concurrency` requests at a time."""

    def __init__(self, settings: BackendSettings) -> None:
        self.settings = settings
        self.root = settings.url.rstrip("/").removesuffix("/v1")
        self._headers = {"Content-Type": "application/json", **authorization("api_key_env", settings.api_key_env)}
        self._places = asyncio.Semaphore(settings.concurrency)
        self._session: aiohttp.ClientSession | None = None
        self._answered = 0
        self._quiet_until = 0.0  # the server asked for silence until then (event loop time)

    async def look(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """What the server says about itself at `path`; nothing where it has no such page."""
        try:
            return await self.ask(path, body, _fields, retries=min(self.settings.retries, 2))
        except Refused:
            return {}

    async def ask(
        self, path: str, body: dict[str, Any] | None, read: Callable[[bytes], Answer], retries: int | None = None
    ) -> Answer:
        """The reply to `body` (None: a GET) as `read` understands it; `read` raises TryAgain for a reply cut short.

        Raises Refused when the server says so, HornbookError when nothing comes of `retries` more tries.
        """
        retries = self.settings.retries if retries is None else retries
        content = None if body is None else _encode(body)
        tries, answered_before = 0, self._answered
        while True:
            try:
                async with self._places:
                    await self._silence()
                    answer = read(await self._once(path, content))
                self._answered += 1
                return answer
            except TryAgain as trouble:
                tries += 1
                if tries > retries:
                    if not (trouble.busy and self._answered > answered_before):
                        raise HornbookError(
                            f"{self.root}{path}: no answer after {tries} tries (the last: {trouble})"
                        ) from None
                    tries, answered_before = 1, self._answered  # busy with our other requests: wait for a turn
                self._quiet_until = max(self._quiet_until, asyncio.get_running_loop().time() + trouble.after)
                jitter = 0.5 + derive(0, path, str(body and body.get("seed")), tries) / 2**64
                await asyncio.sleep(jitter * min(LONGEST_PAUSE, self.settings.backoff * 2 ** (tries - 1)))

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def _once(self, path: str, content: bytes | None) -> bytes:
        method = "GET" if content is None else "POST"
        try:
            async with self._open().request(
                method,
                self.root + path,
                data=content,
                headers=self._headers,
                allow_redirects=False,
                proxy=proxy_for(self.root),
            ) as response:
                body = await response.read()
        except aiohttp.InvalidURL:
            raise HornbookError(f"{self.root}: not a URL; expected something like http://localhost:8000") from None
        except TimeoutError:
            raise TryAgain(f"no answer within {self.settings.timeout:g} s", known=False) from None
        except aiohttp.ClientError as error:
            raise TryAgain(one_line(error), known=False) from None
        if response.status == 200:
            return body
        told = f"{response.status} {reason_of(body)}".strip()
        if response.status in PASSING or response.status >= 500:
            after = seconds_of(response.headers.get("Retry-After", ""))
            raise TryAgain(told, known=True, busy=response.status == 429, after=after)
        raise Refused(f"{self.root}{path}: the server refuses ({told})")

    async def _silence(self) -> None:
        loop = asyncio.get_running_loop()
        while (left := self._quiet_until - loop.time()) > 0:
            await asyncio.sleep(left)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),  # places bound concurrency
                timeout=aiohttp.ClientTimeout(total=self.settings.timeout, sock_connect=SECONDS_TO_CONNECT),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _fields(body: bytes) -> dict[str, Any]:
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}  # a web page, say
    return said if isinstance(said, dict) else {}

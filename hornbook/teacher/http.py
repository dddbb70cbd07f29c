"""One HTTP session to a teacher's endpoint, and what its refusals mean."""

import contextlib
import re
import time

import aiohttp
import msgspec

from hornbook.base.errors import one_line
from hornbook.base.http import (
    CROWDED,
    PASSING,
    SECONDS_TO_CONNECT,
    TryAgain,
    authorization,
    headers_of,
    proxy_for,
    reason_of,
    seconds_of,
)
from hornbook.teacher.errors import CallFailed, TeacherError
from hornbook.teacher.settings import TeacherSettings

NOT_FOR_ANYONE = (401, 402, 403, 405, 407)  # no other request will fare better
LARGEST_REPLY = 32 << 20  # bytes; the longest answers have some hundred thousand
NO_MONEY = re.compile(
    rb"insufficient_quota|billing_(?:hard_limit|not_active)|insufficient (?:balance|credit|funds)", re.I
)


class Reply(msgspec.Struct):
    """`wait`: seconds for which the server asks for silence. `location`: where it sends us instead."""

    status: int
    body: bytes
    wait: float = 0.0
    location: str = ""


class Http:
    """Sends with the key and the headers that `settings` name, through the proxy that the environment names.

    Raises HornbookError where a variable that they name is not set.
    """

    def __init__(self, settings: TeacherSettings) -> None:
        self.settings = settings
        self._headers = authorization("teacher.api_key_env", settings.api_key_env)
        self._headers |= headers_of("teacher.headers", settings.headers)
        self._session: aiohttp.ClientSession | None = None
        self._known_good = False

    async def request(
        self, method: str, url: str, data: bytes | aiohttp.FormData | None = None, *, most: int = LARGEST_REPLY
    ) -> Reply:
        """What the server replies, whatever its status, if that is at most `most` bytes. Raises TryAgain."""
        headers = {"Content-Type": "application/json", **self._headers} if isinstance(data, bytes) else self._headers
        proxy = proxy_for(url) if self.settings.url else None
        try:
            async with self._open().request(
                method, url, data=data, headers=headers, allow_redirects=False, proxy=proxy
            ) as response:
                body = await _read(response, most)
                self._known_good = self._known_good or response.status == 200
                return Reply(response.status, body, _silence(response), response.headers.get("Location", ""))
        except aiohttp.InvalidURL:
            raise TeacherError(f"{url}: not a URL; expected something like http://localhost:8000/v1") from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise TryAgain(one_line(error), known=True, gone=True) from None
        except TimeoutError:
            reason = f"no answer within {self.settings.timeout:g} s"
            raise TryAgain(reason, known=False, crowded=True) from None
        except aiohttp.ClientError as error:
            raise TryAgain(one_line(error), known=False) from None

    def refusal(self, url: str, reply: Reply) -> Exception:
        """What a reply with another status than 200 means: TryAgain, CallFailed or TeacherError."""
        text = f"{reply.status} {reason_of(reply.body)}".strip()
        if reply.wait:
            text += f" (Retry-After: {reply.wait:g} s, until {clock_in(reply.wait)})"
        if reply.location:
            text += f" (sends us to {reply.location})"
        if reply.status == 429 and NO_MONEY.search(reply.body):
            return TeacherError(f"teacher at {url} refuses: {text}")
        if reply.status in PASSING or reply.status >= 500:
            busy, crowded = reply.status == 429, reply.status in CROWDED
            return TryAgain(text, known=True, busy=busy, crowded=crowded, after=reply.wait)
        if reply.status in NOT_FOR_ANYONE or 300 <= reply.status < 400:
            return TeacherError(f"teacher at {url} refuses: {text}; check url, model and api_key_env")
        if reply.status == 404 and not self._known_good:
            return TeacherError(f"teacher at {url} not found: {text}; check url and model")
        return CallFailed(f"refused by the endpoint: {text}")

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            # A server of our own may be slow, but it does answer.
            total = self.settings.timeout if self.settings.url else None
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),  # the teacher bounds concurrency
                timeout=aiohttp.ClientTimeout(total=total, sock_connect=SECONDS_TO_CONNECT),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("User-Agent",),
            )
        return self._session


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes:
    parts, size = [], 0
    async for part in response.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > most:
            raise TryAgain(f"a reply of more than {most:,} bytes", known=False)
    return b"".join(parts)


def _silence(response: aiohttp.ClientResponse) -> float:
    """Seconds for which a reply asks for silence."""
    with contextlib.suppress(ValueError):
        return seconds_of(str(float(response.headers.get("retry-after-ms", "")) / 1000))
    return seconds_of(response.headers.get("Retry-After", ""))


def clock_in(seconds: float) -> str:
    """The time of day in so many seconds, as people here read it."""
    return time.strftime("%H:%M:%S", time.localtime(time.time() + seconds))

"""HTTP requests with retries, for all clients of servers: backoff, error messages, keys, proxies."""

import asyncio
import contextlib
import email.utils
import ipaddress
import os
import re
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator, Mapping
from html import unescape
from string import Template
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.rng import derive

RETRYABLE = (408, 409, 425, 429)  # and all of 5xx: another try may succeed
OVERLOADED = (408, 429, 503, 504)  # fewer concurrent requests make success more likely
LONGEST_RETRY_AFTER = 600.0  # seconds; a longer Retry-After is shortened to this
MESSAGE_FIELDS = ("error", "errors", "message", "detail", "msg", "title", "error_description")  # of an error in JSON
LONGEST_PAUSE = 30.0  # seconds between tries; a Retry-After may ask for more
SECONDS_TO_CONNECT = 10.0


Answer = TypeVar("Answer")


class TryAgain(Exception):
    """This try failed, another may succeed. Never shown to a user.

    Attributes:
        not_billed: the server certainly did no work for this try, so it cannot charge for it.
        busy: the server limits the rate of requests (429); nothing is wrong with this request.
        crowded: fewer concurrent requests might have prevented this (429, 503, a time-out).
        retry_after: seconds for which the server asks all clients to wait.
        unreachable: no server could be reached at the address; nothing is wrong with this request.
    """

    def __init__(
        self,
        reason: str,
        *,
        not_billed: bool,
        busy: bool = False,
        crowded: bool = False,
        retry_after: float = 0.0,
        unreachable: bool = False,
    ) -> None:
        super().__init__(reason)
        self.not_billed, self.busy, self.crowded = not_billed, busy, crowded or busy
        self.retry_after, self.unreachable = retry_after, unreachable


class InvalidUrl(HornbookError):
    """A URL in the settings is not valid."""


class HttpResponse(msgspec.Struct):
    """`retry_after`: seconds to wait before the next request. `location`: the URL of a redirect."""

    status: int
    body: bytes
    retry_after: float = 0.0
    location: str = ""


class HttpClient:
    """An HTTP session with one server. The caller limits the number of concurrent requests.

    Args:
        headers: sent with each request.
        timeout: seconds for a whole request; None limits only the time to connect, for a local server that may be slow.
    """

    def __init__(self, headers: Mapping[str, str], timeout: float | None) -> None:
        self.headers, self.timeout = dict(headers), timeout
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self, method: str, url: str, data: bytes | aiohttp.FormData | None = None, *, max_bytes: int | None = None
    ) -> HttpResponse:
        """The server's response, whatever its status, if it has at most `max_bytes`.

        Raises TryAgain if there is no response, and InvalidUrl.
        """
        headers = {"Content-Type": "application/json", **self.headers} if isinstance(data, bytes) else self.headers
        try:
            async with self._open().request(
                method, url, data=data, headers=headers, allow_redirects=False, proxy=proxy_for(url)
            ) as response:
                body = await _read(response, max_bytes)
                return HttpResponse(response.status, body, _retry_after(response), response.headers.get("Location", ""))
        except aiohttp.InvalidURL:
            raise InvalidUrl(f"{url}: not a URL; expected something like http://localhost:8000/v1") from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise TryAgain(one_line(error), not_billed=True, unreachable=True) from None
        except TimeoutError:
            raise TryAgain(f"no answer within {self.timeout:g} s", not_billed=False, crowded=True) from None
        except aiohttp.ClientError as error:
            raise TryAgain(one_line(error), not_billed=False) from None

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=self.timeout, sock_connect=SECONDS_TO_CONNECT),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("User-Agent",),
            )
        return self._session


def passing_failure(response: HttpResponse, reason: str) -> TryAgain | None:
    """TryAgain if the status says that another try may succeed, else None."""
    if response.status not in RETRYABLE and response.status < 500:
        return None
    return TryAgain(
        reason,
        not_billed=True,
        busy=response.status == 429,
        crowded=response.status in OVERLOADED,
        retry_after=response.retry_after,
    )


class ServerPause:
    """The time until which a server asks for no requests (Retry-After)."""

    def __init__(self) -> None:
        self._until = 0.0  # event loop time

    def extend(self, seconds: float) -> None:
        """Allow no requests for the next `seconds`."""
        self._until = max(self._until, asyncio.get_running_loop().time() + seconds)

    async def wait(self) -> None:
        loop = asyncio.get_running_loop()
        while (left := self._until - loop.time()) > 0:
            await asyncio.sleep(left)


class Retry:
    """Retries of the requests to one server, with exponential backoff and jitter (50 to 100 %).

    Attributes:
        answered: requests that were answered so far, counted by the code that reads the answers.
    """

    def __init__(self, retries: int, backoff: float, pause: ServerPause) -> None:
        self.retries, self.backoff, self.pause = retries, backoff, pause
        self.answered = 0

    async def until_answered(
        self,
        attempt: Callable[[], Awaitable[Answer]],
        name: str,
        give_up: Callable[[TryAgain, int, bool], Exception],
        on_failure: Callable[[TryAgain, int], None] = lambda trouble, tries: None,
        retries: int | None = None,
    ) -> Answer:
        """The result of `attempt`, which is tried again as long as it raises TryAgain, at most `retries` times.

        If the server limits the rate (429) but answered other requests meanwhile, the count of tries starts again.
        Raises `give_up(last failure, tries, whether others were answered meanwhile)`. `name` names the request and
        seeds the jitter; `on_failure` is called before each pause.
        """
        retries = self.retries if retries is None else retries
        tries, answered_before = 0, self.answered
        while True:
            try:
                return await attempt()
            except TryAgain as trouble:
                tries += 1
                if tries > retries:
                    others = self.answered > answered_before
                    if not (trouble.busy and others):
                        raise give_up(trouble, tries, others) from None
                    tries, answered_before = 1, self.answered
                self.pause.extend(trouble.retry_after)
                on_failure(trouble, tries)
                jitter = 0.5 + derive(0, name, tries) / 2**64
                await asyncio.sleep(jitter * min(LONGEST_PAUSE, self.backoff * 2 ** (tries - 1)))


def authorization(setting: str, variable: str) -> dict[str, str]:
    """The header with the key from the environment variable; no header for an empty name.

    Raises HornbookError, which names the setting, when the variable is not set.
    """
    if not variable:
        return {}
    key = os.environ.get(variable, "").strip()
    if not key:
        raise HornbookError(f"{setting}: the environment variable {variable} is not set")
    return {"Authorization": f"Bearer {key}"}


def headers_of(setting: str, headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with each `$NAME` in a value replaced by that environment variable.

    Raises HornbookError, which names the setting, when a variable is not set.
    """
    try:
        return {name: Template(value).substitute(os.environ).strip() for name, value in headers.items()}
    except KeyError as error:
        raise HornbookError(f"{setting}: the environment variable {error.args[0]} is not set") from None
    except ValueError:
        raise HornbookError(f"{setting}: expected the name of a variable after $; write $$ for a dollar sign") from None


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for `url` (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY), if any.

    Never a proxy for this machine itself. Raises HornbookError for a proxy that is not an HTTP proxy.
    """
    parts = urlsplit(url)
    if is_here(parts.hostname or "") or urllib.request.proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    proxies = urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy:
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if not proxy.startswith(("http://", "https://")):
        kind = proxy.partition(":")[0]
        raise HornbookError(f"{url}: the environment names a proxy of kind {kind}; expected http://HOST:PORT")
    return proxy


def is_here(host: str) -> bool:
    """Whether a name or an address is this machine's own, which no other can reach."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def reason_of(body: bytes) -> str:
    """The message of an error response, in one short line."""
    try:
        error = msgspec.json.decode(body)
        text = "; ".join(dict.fromkeys(_messages(error))) or msgspec.json.encode(error).decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = _without_tags(body[:20_000].decode("utf-8", "replace"))
    return " ".join(text.split())[:300]


def _messages(error: Any) -> Iterator[str]:
    """The messages in an error of any of the usual formats, each with the field that it is about."""
    if isinstance(error, str):
        yield error
    elif isinstance(error, list):
        for item in error:
            yield from _messages(item)
    elif isinstance(error, dict):
        found = [error[name] for name in MESSAGE_FIELDS if error.get(name)]
        found = found if all(isinstance(message, str) for message in found) else found[:1]
        places = error.get("loc") or []
        place = ".".join(map(str, places)) if isinstance(places, list) else str(places)
        for message in _messages(found):
            yield f"{place}: {message}" if place else message


def _without_tags(page: str) -> str:
    """The text of an HTML page; other text unchanged."""
    if not re.search(r"<(?:!doctype|html|head|body)\b", page[:1000], re.IGNORECASE):
        return page
    page = re.sub(r"<(script|style)\b.*?</\1>|<!--.*?-->", " ", page, flags=re.IGNORECASE | re.DOTALL)
    return "an HTML page: " + unescape(re.sub(r"<[^>]*>", " ", page))


def seconds_of(retry_after: str) -> float:
    """A Retry-After header, in seconds or as a date."""
    try:
        seconds = float(retry_after)
    except ValueError:
        date = email.utils.parsedate_to_datetime(retry_after) if _is_date(retry_after) else None
        seconds = date.timestamp() - time.time() if date else 0.0
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


def _is_date(text: str) -> bool:
    return email.utils.parsedate_tz(text) is not None


async def _read(response: aiohttp.ClientResponse, max_bytes: int | None) -> bytes:
    if max_bytes is None:
        return await response.read()
    parts, size = [], 0
    async for part in response.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > max_bytes:
            raise TryAgain(f"a reply of more than {max_bytes:,} bytes", not_billed=False)
    return b"".join(parts)


def _retry_after(response: aiohttp.ClientResponse) -> float:
    """Seconds to wait before the next request."""
    with contextlib.suppress(ValueError):
        return seconds_of(str(float(response.headers.get("retry-after-ms", "")) / 1000))
    return seconds_of(response.headers.get("Retry-After", ""))

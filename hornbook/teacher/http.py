"""One HTTP session to one server: what can go wrong with a request, and how a refusal is read."""

import email.utils
import os
import time

import aiohttp
import msgspec

from hornbook.base.errors import HornbookError, one_line
from hornbook.teacher.errors import CallFailed, TeacherError, TryAgain
from hornbook.teacher.settings import TeacherSettings

PASSING = (408, 409, 425, 429)  # and all of 5xx: another try may succeed
CROWDED = (408, 429, 503, 504)  # and with fewer calls at a time, more likely so
NOT_FOR_ANYONE = (401, 402, 403, 405, 407)  # no other request will fare better
LONGEST_SILENCE = 600.0  # seconds; a longer Retry-After is cut to this, and then asked again
SECONDS_TO_CONNECT = 10.0
LARGEST_REPLY = 32 << 20  # bytes; the longest answers have some hundred thousand


class Reply(msgspec.Struct):
    status: int
    retry_after: str
    body: bytes


class Http:
    """Sends with the key that `settings` name. Raises HornbookError where that is not set."""

    def __init__(self, settings: TeacherSettings) -> None:
        self.settings = settings
        self._headers = _authorization(settings)
        self._session: aiohttp.ClientSession | None = None
        self._known_good = False

    async def request(
        self, method: str, url: str, data: bytes | aiohttp.FormData | None = None, *, most: int = LARGEST_REPLY
    ) -> Reply:
        """What the server replies, whatever its status, if that is at most `most` bytes. Raises TryAgain."""
        headers = {"Content-Type": "application/json", **self._headers} if isinstance(data, bytes) else self._headers
        try:
            async with self._open().request(method, url, data=data, headers=headers, allow_redirects=False) as response:
                body = await _read(response, most)
                self._known_good = self._known_good or response.status == 200
                return Reply(response.status, response.headers.get("Retry-After", ""), body)
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
        if reply.status in PASSING or reply.status >= 500:
            busy, crowded = reply.status == 429, reply.status in CROWDED
            return TryAgain(text, known=True, busy=busy, crowded=crowded, after=seconds_of(reply.retry_after))
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


def _authorization(settings: TeacherSettings) -> dict[str, str]:
    if not settings.api_key_env:
        return {}
    key = os.environ.get(settings.api_key_env, "").strip()
    if not key:
        raise HornbookError(f"teacher.api_key_env: the environment variable {settings.api_key_env} is not set")
    return {"Authorization": f"Bearer {key}"}


def reason_of(body: bytes) -> str:
    """What an error reply says, in one short line."""
    try:
        error = msgspec.json.decode(body)
        for name in ("error", "message", "detail"):
            error = error.get(name, error) if isinstance(error, dict) else error
        text = error if isinstance(error, str) else msgspec.json.encode(error).decode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        text = body[:2000].decode("utf-8", "replace")
    return " ".join(text.split())[:200]


def seconds_of(retry_after: str) -> float:
    """A Retry-After header, in seconds or as a date."""
    try:
        seconds = float(retry_after)
    except ValueError:
        date = email.utils.parsedate_to_datetime(retry_after) if _is_date(retry_after) else None
        seconds = date.timestamp() - time.time() if date else 0.0
    return min(max(seconds, 0.0), LONGEST_SILENCE)


def _is_date(text: str) -> bool:
    return email.utils.parsedate_tz(text) is not None

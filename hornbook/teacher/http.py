"""One HTTP session to a teacher's endpoint, and what its refusals mean."""

import aiohttp
import msgspec

from hornbook.base.errors import one_line
from hornbook.base.http import CROWDED, PASSING, SECONDS_TO_CONNECT, TryAgain, authorization, reason_of, seconds_of
from hornbook.teacher.errors import CallFailed, TeacherError
from hornbook.teacher.settings import TeacherSettings

NOT_FOR_ANYONE = (401, 402, 403, 405, 407)  # no other request will fare better
LARGEST_REPLY = 32 << 20  # bytes; the longest answers have some hundred thousand


class Reply(msgspec.Struct):
    status: int
    retry_after: str
    body: bytes


class Http:
    """Sends with the key that `settings` name. Raises HornbookError where that is not set."""

    def __init__(self, settings: TeacherSettings) -> None:
        self.settings = settings
        self._headers = authorization("teacher.api_key_env", settings.api_key_env)
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

"""HTTP requests to a teacher's endpoint, and the meaning of its error replies."""

import re
import time

import aiohttp

from hornbook.base.http import (
    HttpClient,
    HttpResponse,
    InvalidUrl,
    authorization,
    headers_of,
    passing_failure,
    reason_of,
)
from hornbook.teacher.errors import CallFailed, TeacherError
from hornbook.teacher.settings import TeacherSettings

NOT_FOR_ANYONE = (401, 402, 403, 405, 407)  # other requests will fail too
LARGEST_REPLY = 32 << 20  # bytes; the longest answers have some hundred thousand
NO_MONEY = re.compile(
    rb"insufficient_quota|billing_(?:hard_limit|not_active)|insufficient (?:balance|credit|funds)", re.I
)


class TeacherHttp:
    """Sends requests with the key and the headers of `settings`, through the proxy of the environment.

    Raises HornbookError if an environment variable that they name is not set.
    """

    def __init__(self, settings: TeacherSettings) -> None:
        headers = authorization("teacher.api_key_env", settings.api_key_env)
        headers |= headers_of("teacher.headers", settings.headers)
        self._client = HttpClient(headers, settings.timeout if settings.url else None)
        self._known_good = False

    async def request(
        self, method: str, url: str, data: bytes | aiohttp.FormData | None = None, *, max_bytes: int = LARGEST_REPLY
    ) -> HttpResponse:
        """The server's reply with any status, up to `max_bytes`. Raises TryAgain, TeacherError."""
        try:
            response = await self._client.request(method, url, data, max_bytes=max_bytes)
        except InvalidUrl as error:
            raise TeacherError(str(error)) from None
        self._known_good = self._known_good or response.status == 200
        return response

    def refusal(self, url: str, response: HttpResponse) -> Exception:
        """The exception for a reply with another status than 200: TryAgain, CallFailed or TeacherError."""
        text = f"{response.status} {reason_of(response.body)}".strip()
        if response.retry_after:
            text += f" (Retry-After: {response.retry_after:g} s, until {clock_in(response.retry_after)})"
        if response.location:
            text += f" (redirects to {response.location})"
        if response.status == 429 and NO_MONEY.search(response.body):
            return TeacherError(f"teacher at {url} refuses: {text}")
        if passing := passing_failure(response, text):
            return passing
        if response.status in NOT_FOR_ANYONE or 300 <= response.status < 400:
            return TeacherError(f"teacher at {url} refuses: {text}; check url, model and api_key_env")
        if response.status == 404 and not self._known_good:
            return TeacherError(f"teacher at {url} not found: {text}; check url and model")
        return CallFailed(f"refused by the endpoint: {text}")

    async def close(self) -> None:
        await self._client.close()


def clock_in(seconds: float) -> str:
    """The local time of day after this many seconds."""
    return time.strftime("%H:%M:%S", time.localtime(time.time() + seconds))

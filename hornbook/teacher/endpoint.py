"""An OpenAI-compatible endpoint, asked once per try: what to send, and what its reply means."""

import email.utils
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.records import Message
from hornbook.teacher.backend import Answer
from hornbook.teacher.budget import worst_prompt
from hornbook.teacher.errors import CallFailed, TeacherError, TryAgain
from hornbook.teacher.ledger import Ask
from hornbook.teacher.settings import TeacherSettings

PASSING = (408, 409, 425, 429)  # and all of 5xx: another try may succeed
NOT_FOR_ANYONE = (401, 402, 403, 405, 407)  # no other request will fare better
LONGEST_SILENCE = 600.0  # seconds; a longer Retry-After is cut to this, and then asked again
SECONDS_TO_CONNECT = 10.0


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Reply(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage | None = None


class _Body(msgspec.Struct):
    model: str
    messages: list[Message]
    temperature: float
    top_p: float
    max_tokens: int | msgspec.UnsetType = msgspec.UNSET
    max_completion_tokens: int | msgspec.UnsetType = msgspec.UNSET
    seed: int | msgspec.UnsetType = msgspec.UNSET
    stop: list[str] | msgspec.UnsetType = msgspec.UNSET
    response_format: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


_read_reply = msgspec.json.Decoder(_Reply).decode
_write_body = msgspec.json.Encoder().encode


def fixed(url: str) -> Callable[[], Awaitable[str]]:
    """The address of a server that someone else runs."""

    async def address() -> str:
        return url

    return address


def chat_url(base: str) -> str:
    """Where chat completions are, given a base URL with or without /v1 and /chat/completions."""
    base = base.rstrip("/").removesuffix("/chat/completions")
    return f"{base}{'' if urlsplit(base).path else '/v1'}/chat/completions"


class Endpoint:
    """One HTTP session to one server. `address` gives its base URL (and starts the server, where it is ours)."""

    def __init__(
        self,
        settings: TeacherSettings,
        address: Callable[[], Awaitable[str]],
        stop_server: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.settings, self.address, self.stop_server = settings, address, stop_server
        self.where = settings.url or "this machine"
        self._headers = {"Content-Type": "application/json", **_authorization(settings)}
        self._session: aiohttp.ClientSession | None = None
        self._limit_name, self._seeded, self._schemas = "max_tokens", True, True
        self._known_good = False

    async def answer(self, ask: Ask) -> Answer:
        """Post the call once. Raises TryAgain, CallFailed or TeacherError."""
        url = chat_url(await self.address())
        while True:
            status, retry_after, body = await self._post(url, self._body(ask))
            if status == 200:
                self._known_good = True
                return _answer(ask, body)
            if status != 400 or not self._adapt(reason_of(body)):
                raise self._refusal(url, status, retry_after, reason_of(body))

    async def close(self) -> None:
        if self._session:
            await self._session.close()
        if self.stop_server:
            await self.stop_server()

    def _body(self, ask: Ask) -> bytes:
        parameters = ask.parameters
        body = _Body(self.settings.model or ask.model, ask.messages, parameters.temperature, parameters.top_p)
        setattr(body, self._limit_name, parameters.max_tokens)
        if self._seeded:
            body.seed = ask.seed
        if parameters.stop:
            body.stop = parameters.stop
        if parameters.schema and self._schemas:
            schema = {"name": "answer", "strict": True, "schema": msgspec.Raw(parameters.schema.encode())}
            body.response_format = {"type": "json_schema", "json_schema": schema}
        return _write_body(body)

    async def _post(self, url: str, body: bytes) -> tuple[int, str, bytes]:
        try:
            async with self._open().post(url, data=body, headers=self._headers, allow_redirects=False) as response:
                return response.status, response.headers.get("Retry-After", ""), await response.read()
        except aiohttp.InvalidURL:
            raise TeacherError(f"{url}: not a URL; expected something like http://localhost:8000/v1") from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise TryAgain(one_line(error), known=True) from None
        except TimeoutError:
            raise TryAgain(f"no answer within {self.settings.timeout:g} s", known=False, crowded=True) from None
        except aiohttp.ClientError as error:
            raise TryAgain(one_line(error), known=False) from None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),  # the teacher bounds concurrency
                timeout=aiohttp.ClientTimeout(total=self._timeout(), sock_connect=SECONDS_TO_CONNECT),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("User-Agent",),
            )
        return self._session

    def _timeout(self) -> float | None:
        """A server of our own may be slow, but it does answer."""
        return self.settings.timeout if self.settings.url else None

    def _adapt(self, reason: str) -> bool:
        """Servers differ in what they take; follow what this one says. True if the next try is worth it."""
        if "max_completion_tokens" in reason and self._limit_name == "max_tokens":
            self._limit_name = "max_completion_tokens"
            return True
        if ("response_format" in reason or "schema" in reason) and self._schemas:
            self._schemas = False
            return True
        if "seed" in reason and self._seeded:
            self._seeded = False
            return True
        return False

    def _refusal(self, url: str, status: int, retry_after: str, reason: str) -> Exception:
        text = f"{status} {reason}".strip()
        if status in PASSING or status >= 500:
            crowded = status in (408, 503, 504)
            return TryAgain(text, known=True, busy=status == 429, crowded=crowded, after=seconds_of(retry_after))
        if status in NOT_FOR_ANYONE or 300 <= status < 400:
            return TeacherError(f"teacher at {url} refuses: {text}; check url, model and api_key_env")
        if status == 404 and not self._known_good:
            return TeacherError(f"teacher at {url} not found: {text}; check url and model")
        return CallFailed(f"refused by the endpoint: {text}")


def _authorization(settings: TeacherSettings) -> dict[str, str]:
    if not settings.api_key_env:
        return {}
    key = os.environ.get(settings.api_key_env, "").strip()
    if not key:
        raise HornbookError(f"teacher.api_key_env: the environment variable {settings.api_key_env} is not set")
    return {"Authorization": f"Bearer {key}"}


def _answer(ask: Ask, body: bytes) -> Answer:
    """Read a reply. Where it does not say what it took, the most it can have taken is booked."""
    try:
        reply = _read_reply(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TryAgain(f"not a chat completion ({one_line(error)})", known=False) from None
    if not reply.choices:
        raise TryAgain("a chat completion without choices", known=False)
    choice, usage = reply.choices[0], reply.usage or _Usage()
    text = choice.message.content or ""
    return Answer(
        text=text,
        finish=choice.finish_reason or "stop",
        prompt_tokens=worst_prompt(ask) if usage.prompt_tokens is None else usage.prompt_tokens,
        completion_tokens=len(text.encode()) if usage.completion_tokens is None else usage.completion_tokens,
    )


def reason_of(body: bytes) -> str:
    """What an error reply says, in one short line."""
    try:
        error: Any = msgspec.json.decode(body)
        for name in ("error", "message", "detail"):
            error = error.get(name, error) if isinstance(error, dict) else error
        text = error if isinstance(error, str) else msgspec.json.encode(error).decode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        text = body.decode("utf-8", "replace")
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

"""An OpenAI-compatible endpoint, asked once per try."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import msgspec

from hornbook.teacher.backend import Answer
from hornbook.teacher.dialect import Dialect
from hornbook.teacher.http import Http
from hornbook.teacher.ledger import Ask
from hornbook.teacher.settings import TeacherSettings


class BaseUrl(msgspec.Struct, frozen=True):
    """An address below which others are: `base + "/batches?limit=100"` is one, with the query of both at its end."""

    root: str
    query: str = ""

    def __add__(self, path: str) -> str:
        path, _, own = path.partition("?")
        query = "&".join(part for part in (own, self.query) if part)
        return f"{self.root}{path}?{query}" if query else f"{self.root}{path}"


def fixed(url: str) -> Callable[[], Awaitable[str]]:
    """The address of a server that someone else runs."""

    async def address() -> str:
        return url

    return address


def base_url(given: str) -> BaseUrl:
    """Below which all paths are, given a URL with or without /v1, /completions or /chat/completions."""
    parts = urlsplit(given)
    path = parts.path.rstrip("/").removesuffix("/completions").removesuffix("/chat").rstrip("/")
    return BaseUrl(f"{parts.scheme}://{parts.netloc}{path or '/v1'}", parts.query)


class Endpoint:
    """One server. `address` gives its base URL (and starts the server, where it is ours)."""

    def __init__(
        self,
        settings: TeacherSettings,
        address: Callable[[], Awaitable[str]],
        stop_server: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.address, self.stop_server = address, stop_server
        self.where = settings.url or "this machine"
        self.http, self.dialect = Http(settings), Dialect(settings)

    async def answer(self, ask: Ask) -> Answer:
        """Post the call once. Raises TryAgain, CallFailed or TeacherError."""
        url = base_url(await self.address()) + self.dialect.path
        without = dict(self.dialect.refused)
        while True:
            reply = await self.http.request("POST", url, msgspec.json.encode(self.dialect.body(ask, without)))
            if reply.status == 200:
                return self.dialect.answer(ask, without, reply.body)
            learnt = self.dialect.learn(ask, without, reply.status, reply.body)
            if learnt is None:
                raise self.http.refusal(url, reply)
            without = learnt

    async def close(self) -> None:
        await self.http.close()
        if self.stop_server:
            await self.stop_server()

"""An OpenAI-compatible endpoint, asked once per try."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from hornbook.base.http import reason_of
from hornbook.teacher.backend import Answer
from hornbook.teacher.dialect import Dialect
from hornbook.teacher.http import Http
from hornbook.teacher.ledger import Ask
from hornbook.teacher.settings import TeacherSettings


def fixed(url: str) -> Callable[[], Awaitable[str]]:
    """The address of a server that someone else runs."""

    async def address() -> str:
        return url

    return address


def base_url(given: str) -> str:
    """Below which all paths are, given a URL with or without /v1, /completions or /chat/completions."""
    base = given.rstrip("/").removesuffix("/completions").removesuffix("/chat")
    return base if urlsplit(base).path else f"{base}/v1"


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
        body = self.dialect.body(ask)
        while True:
            reply = await self.http.request("POST", url, body)
            if reply.status == 200:
                return self.dialect.answer(ask, reply.body)
            if reply.status != 400 or not self.dialect.learn(ask, reason_of(reply.body)):
                raise self.http.refusal(url, reply)
            sent, body = body, self.dialect.body(ask)
            if body == sent:  # it was asked that way already
                raise self.http.refusal(url, reply)

    async def close(self) -> None:
        await self.http.close()
        if self.stop_server:
            await self.stop_server()

"""Who may ask: programs, and our own page; no page of another place in a browser of this machine."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from hornbook.base.http import is_here
from hornbook.chat.openai_requests import BadRequest


def same_origin(*, loopback: bool) -> Any:
    """A middleware that refuses what a browser sends for a page of another origin; with `loopback`, which nobody else
    can reach, also what was sent to another name than this machine's: a page may have made that name point here."""

    @web.middleware
    async def check(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.host:
            raise BadRequest(f"pages of {origin} may not ask this server", status=403)
        if loopback and not is_here(urlsplit(f"//{request.host}").hostname or ""):
            raise BadRequest(f"this server is not {request.host}", status=403)
        return await handler(request)

    return check

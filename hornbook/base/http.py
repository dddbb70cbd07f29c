"""What every client of a server shares: which failures pass, how long to wait, how a refusal is read, the key."""

import email.utils
import ipaddress
import os
import re
import time
import urllib.request
from collections.abc import Iterator, Mapping
from html import unescape
from string import Template
from typing import Any
from urllib.parse import urlsplit

import msgspec

from hornbook.base.errors import HornbookError

PASSING = (408, 409, 425, 429)  # and all of 5xx: another try may succeed
CROWDED = (408, 429, 503, 504)  # and with fewer calls at a time, more likely so
LONGEST_SILENCE = 600.0  # seconds; a longer Retry-After is cut to this, and then asked again
SENTENCES = ("error", "errors", "message", "detail", "msg", "title", "error_description")  # of an error, in JSON
LONGEST_PAUSE = 30.0  # seconds between tries; a Retry-After may ask for more
SECONDS_TO_CONNECT = 10.0


class TryAgain(Exception):
    """This try failed, another may not. Never seen by a user.

    Attributes:
        known: the server certainly did no work for this try, so it cannot charge for it.
        busy: the server asks for fewer requests (429): a limit of its own, no fault of this request's.
        crowded: fewer requests at a time might have prevented this (429, 503, a time-out).
        after: seconds the server asks everybody to wait (Retry-After).
        gone: nobody listens at the address, which is no fault of this request's.
    """

    def __init__(
        self,
        reason: str,
        *,
        known: bool,
        busy: bool = False,
        crowded: bool = False,
        after: float = 0.0,
        gone: bool = False,
    ) -> None:
        super().__init__(reason)
        self.known, self.busy, self.crowded, self.after, self.gone = known, busy, crowded or busy, after, gone


def authorization(setting: str, variable: str) -> dict[str, str]:
    """The header with the key that the environment variable holds; none for an empty name.

    Raises HornbookError, which names the setting, when the variable is not set.
    """
    if not variable:
        return {}
    key = os.environ.get(variable, "").strip()
    if not key:
        raise HornbookError(f"{setting}: the environment variable {variable} is not set")
    return {"Authorization": f"Bearer {key}"}


def headers_of(setting: str, headers: Mapping[str, str]) -> dict[str, str]:
    """Headers as they are sent: `$NAME` in a value stands for that environment variable.

    Raises HornbookError, which names the setting, when a variable is not set.
    """
    try:
        return {name: Template(value).substitute(os.environ).strip() for name, value in headers.items()}
    except KeyError as error:
        raise HornbookError(f"{setting}: the environment variable {error.args[0]} is not set") from None
    except ValueError:
        raise HornbookError(f"{setting}: a $ stands before the name of a variable; write $$ for the sign") from None


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for `url` (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY), if any.

    This machine itself is never asked through one. Raises HornbookError for a proxy of another kind than HTTP.
    """
    parts = urlsplit(url)
    if _is_here(parts.hostname or "") or urllib.request.proxy_bypass(parts.netloc.rpartition("@")[2]):
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


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def reason_of(body: bytes) -> str:
    """What an error reply says, in one short line."""
    try:
        error = msgspec.json.decode(body)
        text = "; ".join(dict.fromkeys(_said(error))) or msgspec.json.encode(error).decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = _without_tags(body[:20_000].decode("utf-8", "replace"))
    return " ".join(text.split())[:300]


def _said(error: Any) -> Iterator[str]:
    """The sentences of an error, in whichever of the usual ways it is built; with each the place it speaks of."""
    if isinstance(error, str):
        yield error
    elif isinstance(error, list):
        for item in error:
            yield from _said(item)
    elif isinstance(error, dict):
        told = [error[name] for name in SENTENCES if error.get(name)]
        told = told if all(isinstance(sentence, str) for sentence in told) else told[:1]
        places = error.get("loc") or []
        place = ".".join(map(str, places)) if isinstance(places, list) else str(places)
        for sentence in _said(told):
            yield f"{place}: {sentence}" if place else sentence


def _without_tags(page: str) -> str:
    """The text of a page of HTML; other text as it is."""
    if not re.search(r"<(?:!doctype|html|head|body)\b", page[:1000], re.IGNORECASE):
        return page
    page = re.sub(r"<(script|style)\b.*?</\1>|<!--.*?-->", " ", page, flags=re.IGNORECASE | re.DOTALL)
    return "a page of HTML: " + unescape(re.sub(r"<[^>]*>", " ", page))


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

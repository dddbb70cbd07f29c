"""What every client of a server shares: which failures pass, how long to wait, how a refusal is read, the key."""

import email.utils
import os
import time

import msgspec

from hornbook.base.errors import HornbookError

PASSING = (408, 409, 425, 429)  # and all of 5xx: another try may succeed
CROWDED = (408, 429, 503, 504)  # and with fewer calls at a time, more likely so
LONGEST_SILENCE = 600.0  # seconds; a longer Retry-After is cut to this, and then asked again
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

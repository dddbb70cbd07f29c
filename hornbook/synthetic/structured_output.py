"""Structured output: the JSON schema of a msgspec.Struct for the server, and retries for answers that do not fit."""

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from hornbook.base.records import Message
from hornbook.synthetic.json_answers import Shape, read
from hornbook.teacher.client import Teacher

__all__ = ["ask_for", "retry_messages", "read", "schema_of"]

LONGEST_SHOWN = 600  # characters of a wrong answer that are shown to the teacher again
TRIES = 2


async def ask_for(
    shape: type[Shape],
    messages: list[Message],
    teacher: Teacher,
    *,
    purpose: str,
    max_tokens: int,
    used: Callable[[str], None] = lambda key: None,
) -> tuple[Shape | None, str]:
    """(the answer, "") or (None, why two answers did not fit). An answer that was cut off is asked for again with twice
    the room. `used(key)` is called with the key of each call. Raises CallFailed."""
    reason = ""
    for _ in range(TRIES):
        answer = await teacher.complete(
            messages, purpose=purpose, temperature=0.0, max_tokens=max_tokens, schema=schema_of(shape)
        )
        used(answer.key)
        found, reason = read(answer.text, shape)
        if found is not None and answer.finish != "length":
            return found, ""
        if answer.finish == "length":
            max_tokens, reason = 2 * max_tokens, "cut off by the length limit"
        else:
            messages = retry_messages(messages, answer.text, reason)
    return None, reason


@cache
def schema_of(shape: type[msgspec.Struct]) -> str:
    """The JSON schema of `shape`, without references and optional fields: the subset that all servers support."""
    (whole,), parts = msgspec.json.schema_components([shape], ref_template="#/{name}")
    return msgspec.json.encode(_closed(_inlined(whole, parts))).decode()


def _inlined(schema: Any, parts: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_inlined(item, parts) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(parts[schema["$ref"].removeprefix("#/")], parts)
    notes = {key for key in ("title", "description") if isinstance(schema.get(key), str)}  # a field may be called so
    return {key: _inlined(value, parts) for key, value in schema.items() if key not in notes}


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if closed.get("type") == "object" and "properties" in closed:
        closed |= {"required": list(closed["properties"]), "additionalProperties": False}
    return closed


def retry_messages(messages: list[Message], answer: str, reason: str) -> list[Message]:
    """The conversation for a retry: with the wrong answer, and what is wrong with it."""
    again = f"That is not the JSON I asked for ({reason}). Answer with the JSON object only."
    return [*messages, Message("assistant", answer[:LONGEST_SHOWN] or "{}"), Message("user", again)]

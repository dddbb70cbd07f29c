"""Structured output: a msgspec.Struct as the JSON schema a server can hold to, and a lenient reading of what comes."""

import re
from functools import cache
from typing import Any, TypeVar

import msgspec

from hornbook.base.errors import one_line
from hornbook.base.records import Message

Shape = TypeVar("Shape", bound=msgspec.Struct)
LONGEST_SHOWN = 600  # characters of a wrong answer that are shown to the teacher again


@cache
def schema_of(shape: type[msgspec.Struct]) -> str:
    """The JSON schema of `shape`, with nothing by reference and nothing optional: what servers agree on."""
    (whole,), parts = msgspec.json.schema_components([shape], ref_template="#/{name}")
    return msgspec.json.encode(_closed(_inlined(whole, parts))).decode()


def _inlined(schema: Any, parts: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_inlined(item, parts) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(parts[schema["$ref"].removeprefix("#/")], parts)
    return {key: _inlined(value, parts) for key, value in schema.items() if key not in ("title", "description")}


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if closed.get("type") == "object" and "properties" in closed:
        closed |= {"required": list(closed["properties"]), "additionalProperties": False}
    return closed


def read(text: str, shape: type[Shape]) -> tuple[Shape | None, str]:
    """(what the answer holds, "") or (None, why it does not fit)."""
    reason = "no JSON object in the answer"
    for candidate in _candidates(text):
        try:
            return msgspec.json.decode(candidate, type=shape, strict=False), ""
        except (msgspec.DecodeError, UnicodeEncodeError) as error:
            reason = one_line(error)
    return None, reason


def _candidates(text: str) -> list[str]:
    """The object in the text as it stands, then with the usual slips mended: commas, quotes, an end cut off."""
    start = text.find("{")
    if start < 0:
        return []
    end = text.rfind("}")
    whole = text[start : end + 1] if end > start else text[start:]
    mended = re.sub(r",\s*([}\]])", r"\1", whole)
    return list(dict.fromkeys([whole, mended, _completed(text[start:]), _completed(mended)]))


def _completed(text: str) -> str:
    """`text` with the brackets and the quote closed that it leaves open."""
    open_ones, quoted, escaped = [], False, False
    for letter in text:
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = quoted
        elif letter == '"':
            quoted = not quoted
        elif not quoted and letter in "{[":
            open_ones.append("}" if letter == "{" else "]")
        elif not quoted and letter in "}]" and open_ones:
            open_ones.pop()
    tail = text.rstrip().rstrip(",") if not quoted else text + '"'
    return tail + "".join(reversed(open_ones))


def asked_again(messages: list[Message], answer: str, reason: str) -> list[Message]:
    """The conversation that asks once more: what came, and what is wrong with it."""
    again = f"That is not the JSON I asked for ({reason}). Answer with the JSON object only."
    return [*messages, Message("assistant", answer[:LONGEST_SHOWN] or "{}"), Message("user", again)]

"""Fields of a row, by the names that data sets give them and in the forms that they write them in."""

import ast
import json
from collections.abc import Iterable
from typing import Any

import msgspec

Row = dict[str, Any]


def loaded(value: Any) -> Any:
    """A list or an object that is written as text, in JSON or as Python prints it; any other value as it is."""
    if not isinstance(value, str) or value.strip()[:1] not in ("[", "{"):
        return value
    try:
        return json.loads(value)
    except ValueError:
        pass
    try:
        found = ast.literal_eval(value.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return value
    return found if isinstance(found, list | dict) else value


def text_in(row: Row, names: Iterable[str]) -> str:
    """The first of the fields that is there, as text; "" if none is. Raises ValueError for one that is no text."""
    for name in names:
        value = row.get(name)
        if value is not None:
            if not isinstance(value, str):
                raise ValueError(f"{name}: expected a text, got {type(value).__name__}")
            return value
    return ""


def present(row: Row, *names: str) -> bool:
    """Whether all of the fields are there and not null."""
    return all(row.get(name) is not None for name in names)


def as_json(value: Any) -> str:
    """A value as JSON text: what is text already stays; "" for nothing."""
    if not value:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def number_in(row: Row, *names: str) -> float | None:
    """The first of the fields that holds a number, written as one or as text."""
    for name in names:
        value = row.get(name)
        if isinstance(value, bool) or value is None:
            continue
        try:
            return float(value)
        except (TypeError, ValueError):
            continue
    return None

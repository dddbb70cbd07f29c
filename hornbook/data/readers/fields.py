"""Read fields of a row in the various forms that data sets use."""

import ast
import json
from collections.abc import Iterable
from typing import Any

import msgspec

Row = dict[str, Any]


def loaded(value: Any) -> Any:
    """A list or an object that is given as text, as JSON or as a Python literal; any other value unchanged."""
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


def text_field(row: Row, names: Iterable[str]) -> str:
    """The first of the fields that is not null; "" if there is none. Raises ValueError if it is not a text."""
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


def json_text(value: Any) -> str:
    """A value as JSON text; a text is returned unchanged, an empty value gives ""."""
    if not value:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def number_field(row: Row, *names: str) -> float | None:
    """The first of the fields that is a number or the text of one; None if there is none."""
    for name in names:
        value = row.get(name)
        if isinstance(value, bool) or value is None:
            continue
        try:
            return float(value)
        except (TypeError, ValueError):
            continue
    return None

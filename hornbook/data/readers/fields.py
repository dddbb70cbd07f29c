"""Fields of a row by the names that data sets give them; the user's own names for columns."""

import ast
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from hornbook.base.errors import HornbookError
from hornbook.base.settings import Settings, setting
from hornbook.data.readers.formats import Row


class ColumnSettings(Settings):
    """Settings of every stage that reads what users bring."""

    columns: list[str] = setting(
        [], "Other names of columns in the files given, as OURS=THEIRS: question=problem, answer=meta.key."
    )


def renamed(row: Row, columns: Sequence[str]) -> Row:
    """The row under our names, all of them in small letters with "_" for spaces; `columns` are "ours=theirs", where
    theirs may lead into a field by points.

    Raises ValueError for a column that the row has not.
    """
    given = dict(row)
    ours: Row = {}
    for name, path in parsed(columns).items():
        ours[name] = _dig(row, path)
        given.pop(path, None)
    small: Row = {}
    for key, value in given.items():
        name = str(key).strip().lower().replace(" ", "_")
        if small.get(name) is None:
            small[name] = value
    return small | ours


def parsed(columns: Sequence[str]) -> dict[str, str]:
    """Raises HornbookError for what is not OURS=THEIRS."""
    pairs = [part.partition("=") for text in columns for part in text.split(",")]
    wrong = next((name for name, mark, path in pairs if not (name.strip() and mark and path.strip())), None)
    if wrong is not None:
        raise HornbookError(f"columns: {wrong!r}: expected OURS=THEIRS, such as question=problem")
    return {name.strip(): path.strip() for name, _, path in pairs}


def _dig(row: Row, path: str) -> Any:
    if path in row:
        return row[path]
    here: Any = row
    for part in path.split("."):
        here = loaded(here)
        if not isinstance(here, Mapping) or part not in here:
            raise ValueError(f"no column {path!r}; there are {', '.join(map(str, row))}")
        here = here[part]
    return here


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

"""Map a user's column names to ours: `--columns question=problem`."""

from collections.abc import Mapping, Sequence
from typing import Any

from hornbook.base.errors import HornbookError
from hornbook.base.settings import Settings, setting
from hornbook.data.readers.fields import Row, loaded


class ColumnSettings(Settings):
    """Settings of every stage that reads a user's files."""

    columns: list[str] = setting(
        [], "Other names of columns in the files given, as OURS=THEIRS: question=problem, answer=meta.key."
    )


def rename_columns(row: Row, columns: Sequence[str]) -> Row:
    """The row with our column names, all in lower case with "_" for spaces. `columns` are "ours=theirs"; theirs may be
    a dotted path into a nested field.

    Raises ValueError for a column that does not exist.
    """
    given = dict(row)
    ours: Row = {}
    for name, path in parse_columns(columns).items():
        ours[name] = _dig(row, path)
        given.pop(path, None)
    small: Row = {}
    for key, value in given.items():
        name = str(key).strip().lower().replace(" ", "_")
        if small.get(name) is None:
            small[name] = value
    return small | ours


def parse_columns(columns: Sequence[str]) -> dict[str, str]:
    """Raises HornbookError for a text that is not OURS=THEIRS."""
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

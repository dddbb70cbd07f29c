"""Running a stage from Python, like its command, on files, folders, results of other stages, or lists of rows."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from hornbook.api.results import Result
from hornbook.base.errors import HornbookError, one_line
from hornbook.base.files import write_records, write_text
from hornbook.base.progress import answers
from hornbook.base.records import Document, Pair, Question, Record, Sample
from hornbook.recipe.run_stage import run_alone
from hornbook.recipe.stage_registry import STAGE_TYPES

Source = str | Path | Result  # a file, folder, pattern, name on a hub, or result of another function
Row = Mapping[str, Any] | Record
Rows = Source | Iterable[Source] | Iterable[Row]
WHOLE = (Document, Sample, Question, Pair)  # record types that are written as they are, with ids and lineage


def run_stage(
    function: str,
    stage: str,
    out: str | Path,
    seed: int,
    overwrite: bool,
    settings: Mapping[str, object],
    **inputs: Rows | None,
) -> Path:
    """Run `stage` into the folder `out` and return it; `function` is the API function that the user called.

    Called again with the same arguments it continues, or does nothing if the stage is done. Rows are written to a
    temporary file for the stage to read. Raises HornbookError as the stage's command does.
    """
    stage_type = STAGE_TYPES[stage]
    checked = stage_type.settings.parse(dict(settings), function)
    with tempfile.TemporaryDirectory(prefix="hornbook-") as folder, _silent():
        try:
            sources = {name: _sources(given, f"{function}: {name}", Path(folder)) for name, given in inputs.items()}
            run_alone(stage_type, checked, sources, Path(out), seed, overwrite)
        except HornbookError as error:
            raise type(error)(str(error).replace(f"{folder}/", "")) from None
    return Path(out)


@contextmanager
def _silent() -> Iterator[None]:
    """Print no tables to standard output: the result has them."""
    before, answers.quiet = answers.quiet, True
    try:
        yield
    finally:
        answers.quiet = before


def _sources(given: Rows | None, where: str, folder: Path) -> list[str]:
    if given is None:
        return []
    if isinstance(given, str | Path | Result):
        return [_path(given)]
    items = list(given)
    if not items:
        raise HornbookError(f"{where}: an empty list")
    paths = [item for item in items if isinstance(item, str | Path | Result)]
    if len(paths) == len(items):
        return [_path(item) for item in paths]
    rows = [item for item in items if isinstance(item, Mapping | msgspec.Struct)]
    if len(rows) != len(items):
        types = sorted({type(item).__name__ for item in items})
        raise HornbookError(f"{where}: expected paths, or rows (dictionaries or records), got {' and '.join(types)}")
    return [str(_write(rows, where, folder / where.rpartition(" ")[2]))]


def _path(source: Source) -> str:
    return str(source.path) if isinstance(source, Result) else str(source)


def _write(rows: list[Any], where: str, file: Path) -> Path:
    kind = type(rows[0])
    if kind in WHOLE and all(type(row) is kind for row in rows):
        file = file.with_suffix(".parquet")
        write_records(file, kind, rows)
        return file
    lines = []
    for number, row in enumerate(rows, 1):
        try:
            lines.append(msgspec.json.encode(row).decode() + "\n")
        except (TypeError, ValueError, RecursionError) as error:
            raise HornbookError(f"{where}: row {number} is not plain data ({one_line(error)})") from None
    file = file.with_suffix(".jsonl")
    write_text(file, "".join(lines))
    return file

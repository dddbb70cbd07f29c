"""Atomic writing and reading of Parquet and JSON files."""

import contextlib
import os
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import xxhash

from hornbook.base.errors import HornbookError, disk_full_errors, one_line

if TYPE_CHECKING:
    import pyarrow as pa  # takes 0.2 s, so functions import it

T = TypeVar("T", bound=msgspec.Struct)
Reject = Callable[[str, str], None]  # (where, reason)

PROBES = 64  # parts of a file that its fingerprint reads
PROBE_BYTES = 1 << 16


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success sync it and rename it into place, else remove it.

    Raises HornbookError when the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    try:
        with disk_full_errors(path):
            yield temporary
            sync(temporary)
            os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sync(path: Path) -> None:
    """Flush a file or a folder's entries to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fingerprint(*files: Path) -> str:
    """A hash of large files from evenly spaced parts, which suffices for weights: training changes all parts."""
    hasher = xxhash.xxh3_64()
    for file in files:
        size = file.stat().st_size
        hasher.update(size.to_bytes(8, "little"))
        with file.open("rb") as stream:
            for part in range(PROBES):
                stream.seek(part * size // PROBES)
                hasher.update(stream.read(PROBE_BYTES))
    return hasher.hexdigest()


def write_text(path: Path, text: str) -> None:
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write JSON with sorted keys and indentation: the same value gives the same bytes."""
    encoded = msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2)
    with atomic(path) as temporary:
        temporary.write_bytes(encoded + b"\n")


def read_json(path: Path) -> Any:
    try:
        return msgspec.json.decode(path.read_bytes())
    except FileNotFoundError:
        raise HornbookError(f"{path}: no such file") from None
    except msgspec.DecodeError as error:
        raise HornbookError(f"{path}: not valid JSON ({one_line(error)})") from None


def arrow_schema(cls: type[msgspec.Struct]) -> "pa.Schema":
    """The Parquet schema of a record type, in the order of its fields."""
    import pyarrow as pa

    hints = typing.get_type_hints(cls)
    return pa.schema([(name, _arrow_type(hints[name])) for name in cls.__struct_fields__])


def _arrow_type(hint: Any) -> "pa.DataType":
    import pyarrow as pa

    simple = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    if hint in simple:
        return simple[hint]
    if typing.get_origin(hint) is list:
        return pa.list_(_arrow_type(typing.get_args(hint)[0]))
    if hint == dict[str, str]:  # not Arrow's type for maps, which data set libraries do not read
        return pa.list_(pa.struct([("name", pa.string()), ("value", pa.string())]))
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return pa.struct(list(arrow_schema(hint)))
    raise TypeError(f"no Parquet type for {hint}")


def write_records(path: Path, cls: type[T], records: Iterable[T]) -> int:
    """Write records as one Parquet file, atomically; returns how many."""
    found = list(records)
    return write_batches(path, cls, [found] if found else [], mappings_in(cls, found))


def write_batches(path: Path, cls: type[T], batches: Iterable[list[T]], mappings: Collection[str]) -> int:
    """As `write_records`, a group of rows for each batch, with only one batch in memory. Columns of mappings (`axes`)
    that are not in `mappings` are left out: nothing is in them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    left_out = mapping_columns(cls) - set(mappings)
    schema = pa.schema([field for field in arrow_schema(cls) if field.name not in left_out])
    count = 0
    with atomic(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        for batch in batches:
            columns = [_column(batch, name) for name in schema.names]
            writer.write_table(pa.Table.from_arrays(list(map(pa.array, columns, schema.types)), schema=schema))
            count += len(batch)
    return count


def _column(records: Sequence[msgspec.Struct], name: str) -> list[Any]:
    values = [getattr(record, name) for record in records]
    return values if all(isinstance(value, str | int | float) for value in values) else list(map(_row, values))


def mapping_columns(cls: type[msgspec.Struct]) -> set[str]:
    """The fields of a record type that are mappings; their columns may be missing in a file."""
    return {name for name, hint in typing.get_type_hints(cls).items() if typing.get_origin(hint) is dict}


def mappings_in(cls: type[T], records: Iterable[T]) -> set[str]:
    """The fields that are mappings, and not empty in all records."""
    columns = mapping_columns(cls)
    return {name for record in records for name in columns if getattr(record, name)} if columns else set()


def _row(value: Any) -> Any:
    """All fields as plain data, also of structs that omit defaults in JSON."""
    if isinstance(value, msgspec.Struct):
        return {name: _row(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, list) and value and isinstance(value[0], msgspec.Struct):
        return [_row(item) for item in value]
    if isinstance(value, dict):
        return [{"name": name, "value": item} for name, item in value.items()]
    return value


def as_records(rows: list[dict[str, Any]], cls: type[T]) -> list[T]:
    """Rows of a Parquet file as records. Raises msgspec.ValidationError."""
    for name in mapping_columns(cls):
        for row in rows:
            row[name] = {item["name"]: item["value"] for item in row.get(name) or []}
    return msgspec.convert(rows, list[cls])  # type: ignore[valid-type]


FILE_NAMES = {  # the file of each record type in a stage's folder
    "Document": "documents.parquet",
    "Sample": "samples.parquet",
    "Question": "questions.parquet",
    "Label": "labels.parquet",
    "Pivot": "pivots.parquet",
    "Pair": "pairs.parquet",
}


def read_records(path: Path, cls: type[T]) -> list[T]:
    """Records that a stage wrote, from a Parquet file or the stage's folder; `data.readers` reads users' files.

    Raises HornbookError for a missing or damaged file, and for one without the columns of `cls`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(path)
    if path.is_dir():
        path = path / FILE_NAMES[cls.__name__]
    if not path.exists():
        raise HornbookError(f"{path}: no such file; expected {cls.__name__} records (.parquet)")
    try:
        stored = pq.read_schema(path).names
        columns = [name for name in cls.__struct_fields__ if name in stored]
        return as_records(pq.read_table(path, columns=columns).to_pylist(), cls)
    except (pa.ArrowException, OSError) as error:
        raise HornbookError(f"{path}: not a readable Parquet file ({one_line(error)})") from None
    except msgspec.ValidationError as error:
        raise HornbookError(f"{path}: not a file of {cls.__name__} records ({error})") from None

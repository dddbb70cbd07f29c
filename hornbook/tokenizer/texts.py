"""Documents and samples as plain texts with their sources, read a batch at a time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.files import FILE_NAMES, Reject, read_records
from hornbook.base.records import Document, Record, Sample
from hornbook.tokenizer.chat import plain_text

T = TypeVar("T", bound=Record)
RECORDS_AT_ONCE = 2048


class Text(NamedTuple):
    """What a base model reads of one record."""

    id: str
    source: str
    text: str


def read_texts(documents: Sequence[Path], samples: Sequence[Path], reject: Reject) -> Iterator[Text]:
    """All documents, then all samples (conversations as `chat.plain_text`), in the order of the files.

    Parquet is streamed: memory does not grow with the files. Records without text go to `reject`.

    Raises HornbookError for a missing or unreadable file.
    """
    for path in documents:
        for document in _stream(Path(path), Document, reject):
            yield from _kept(Text(document.id, document.source, document.text), reject)
    for path in samples:
        for sample in _stream(Path(path), Sample, reject):
            text = plain_text(sample.messages) if sample.messages else sample.text
            yield from _kept(Text(sample.id, sample.source, text), reject)


def count_texts(documents: Sequence[Path], samples: Sequence[Path]) -> int:
    """How many records `read_texts` will read at most, without reading them."""
    files = [_file(Path(path), Document) for path in documents] + [_file(Path(path), Sample) for path in samples]
    return sum(_records(file) for file in files if file.exists())


def _records(file: Path) -> int:
    if file.suffix == ".parquet":
        with _readable(file):
            return pq.ParquetFile(file).metadata.num_rows
    with file.open("rb") as lines:
        return sum(1 for _ in lines)


def _kept(text: Text, reject: Reject) -> Iterator[Text]:
    if text.text.strip():
        yield text
    else:
        reject(text.id, "empty text")


def _stream(path: Path, cls: type[T], reject: Reject) -> Iterator[T]:
    file = _file(path, cls)
    if file.suffix != ".parquet" or not file.exists():
        yield from read_records(path, cls, reject)
        return
    wanted = [field.encode_name for field in msgspec.structs.fields(cls)]
    with _readable(file):
        parquet = pq.ParquetFile(file)
        columns = [name for name in wanted if name in parquet.schema_arrow.names]
        for batch in parquet.iter_batches(RECORDS_AT_ONCE, columns=columns):
            try:
                yield from msgspec.convert(batch.to_pylist(), list[cls])  # type: ignore[valid-type]
            except msgspec.ValidationError as error:
                raise HornbookError(f"{file}: not a file of {cls.__name__} records ({error})") from None


def _file(path: Path, cls: type[Record]) -> Path:
    return path / FILE_NAMES[cls.__name__] if path.is_dir() else path


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise HornbookError(f"{file}: not a readable Parquet file ({one_line(error)})") from None

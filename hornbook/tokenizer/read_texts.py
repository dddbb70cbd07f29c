"""Stream documents and samples as plain texts with their sources."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from hornbook.base.files import Reject
from hornbook.base.records import Sample
from hornbook.data.readers.load import count_rows, stream_records
from hornbook.tokenizer.chat import plain_text


class SourceText(NamedTuple):
    """The pretraining text of one record, with its conversation if it is one."""

    id: str
    source: str
    text: str
    conversation: Sample | None = None


def read_texts(
    documents: Sequence[Path], samples: Sequence[Path], reject: Reject, columns: Sequence[str] = ()
) -> Iterator[SourceText]:
    """All documents, then all samples (conversations as `chat.plain_text`), in the order of the files.

    Files are streamed: memory does not grow with them. Records without text go to `reject`.

    Raises HornbookError for a missing file.
    """
    for document in stream_records(documents, "documents", reject, columns=columns):
        yield from _kept(SourceText(document.id, document.source, document.text), reject)
    for sample in stream_records(samples, "samples", reject, columns=columns):
        if sample.messages:
            yield from _kept(SourceText(sample.id, sample.source, plain_text(sample.messages), sample), reject)
        else:
            yield from _kept(SourceText(sample.id, sample.source, sample.text), reject)


def count_texts(documents: Sequence[Path], samples: Sequence[Path]) -> int:
    """The approximate number of records that `read_texts` will read, without reading them."""
    return count_rows(documents, "documents") + count_rows(samples, "samples")


def _kept(text: SourceText, reject: Reject) -> Iterator[SourceText]:
    if text.text.strip():
        yield text
    else:
        reject(text.id, "empty text")

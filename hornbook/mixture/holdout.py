"""Split documents into training and validation, and select naturally long ones; index tables on disk."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from hornbook.base.errors import HornbookError
from hornbook.base.rng import derive
from hornbook.mixture.document_index import DocumentIndex
from hornbook.mixture.npy_append import ROWS_AT_ONCE, growing_array, in_chunks, open_array
from hornbook.mixture.settings import MixtureSettings

ENOUGH_TO_VALIDATE = 10  # a source with this many records has at least one validation record


def hold_out(
    source: str, ids: Path, catalogue: DocumentIndex, share: float, folder: Path
) -> tuple[np.ndarray, np.ndarray]:
    """Indices of a source's training and validation documents, by a hash of their ids: the same in every mixture.

    Args:
        ids: Parquet file of the documents' ids, in order.
        folder: for the tables, which are memory-mapped.

    Raises HornbookError when no training document would be left.
    """
    with growing_array(folder / f"{source}.hashes.npy") as table:
        for batch in pq.ParquetFile(ids).iter_batches(ROWS_AT_ONCE, columns=["id"]):
            table.append(np.array([derive(0, "validation", id) for id in batch["id"].to_pylist()], np.int64))
    hashes_D = open_array(folder / f"{source}.hashes.npy")
    limit = share * 2.0**63
    smallest = min((int(some.min()) for some in in_chunks(hashes_D)), default=0)
    if share > 0 and smallest >= limit and len(hashes_D) >= ENOUGH_TO_VALIDATE:
        limit = smallest + 1
    kept, held = folder / f"{source}.train.npy", folder / f"{source}.validation.npy"
    with growing_array(kept) as train, growing_array(held) as validation:
        for documents_D, some_D in zip(catalogue.of(source), in_chunks(hashes_D), strict=True):
            train.append(documents_D[some_D >= limit])
            validation.append(documents_D[some_D < limit])
    if not train.rows:
        raise HornbookError(
            f"source '{source}': all its {len(hashes_D)} records are held out; lower validation_share ({share:g})"
        )
    return open_array(kept), open_array(held)


def by_length(
    settings: MixtureSettings, catalogue: DocumentIndex, train: dict[str, np.ndarray], folder: Path
) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the documents to train on that are long for what their source is (report §3.3), and of the others.

    Sources that have no long documents belong to neither. Raises HornbookError when no document is long.
    """
    longest: dict[str, int] = {}
    with growing_array(folder / "long.npy") as table, growing_array(folder / "others.npy") as others:
        for source, over in settings.long_over.items():
            for documents_D, lengths_D in with_lengths(train.get(source, np.empty(0, np.int64)), catalogue):
                is_long_D = lengths_D > over * settings.context
                table.append(documents_D[is_long_D])
                others.append(documents_D[~is_long_D])
                longest[source] = max(longest.get(source, 0), int(lengths_D.max()))
    if not table.rows:
        wanted = ", ".join(f"{source} over {over * settings.context:g}" for source, over in settings.long_over.items())
        there = ", ".join(f"{source} {tokens}" for source, tokens in longest.items()) or "no records of these sources"
        raise HornbookError(
            f"long_share is {settings.long_share:g}, but no record is long ({wanted}); the longest: {there}"
        )
    return open_array(folder / "long.npy"), open_array(folder / "others.npy")


def with_lengths(documents_D: np.ndarray, catalogue: DocumentIndex) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Documents with their token counts, in chunks."""
    for some_D in in_chunks(documents_D):
        yield some_D, catalogue.lengths(some_D)

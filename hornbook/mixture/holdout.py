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
        for batch in pq.ParquetFile(ids, pre_buffer=False).iter_batches(ROWS_AT_ONCE, columns=["id"]):
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


def long_part(
    settings: MixtureSettings, catalogue: DocumentIndex, train: dict[str, np.ndarray], folder: Path
) -> np.ndarray:
    """Indices of the training documents that the long part is made of: those that are long for their source (report
    §3.3), or if `long_made_of` is joined, the others of these sources.

    Raises HornbookError when there are none.
    """
    joined, longest = settings.long_made_of == "joined", dict[str, int]()
    with growing_array(folder / "long.npy") as table:
        for source, over in settings.long_over.items():
            for documents_D, lengths_D in with_lengths(train.get(source, np.empty(0, np.int64)), catalogue):
                table.append(documents_D[(lengths_D > over * settings.context) != joined])
                longest[source] = max(longest.get(source, 0), int(lengths_D.max()))
    if not table.rows:
        limits = ", ".join(f"{source} over {over * settings.context:g}" for source, over in settings.long_over.items())
        there = ", ".join(f"{source} {tokens}" for source, tokens in longest.items()) or "no records of these sources"
        missing = (
            f"every record is long, so there are none to join ({limits})" if joined else f"no record is long ({limits})"
        )
        raise HornbookError(f"long_share is {settings.long_share:g}, but {missing}; the longest: {there}")
    return open_array(folder / "long.npy")


def with_lengths(documents_D: np.ndarray, catalogue: DocumentIndex) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Documents with their token counts, in chunks."""
    for some_D in in_chunks(documents_D):
        yield some_D, catalogue.lengths(some_D)

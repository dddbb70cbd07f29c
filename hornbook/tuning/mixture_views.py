"""Mixtures for short runs, derived from a finished one: its first rows, or its sources in other shares.

A view links to the token files and the validation rows of the mixture, and has training rows of its own.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_json
from hornbook.mixture.document_index import DocumentIndex
from hornbook.mixture.epochs import epochs
from hornbook.mixture.feistel_permutation import Permutation
from hornbook.mixture.holdout import with_lengths
from hornbook.mixture.npy_append import growing_array, open_array
from hornbook.mixture.packed_dataset import PIECE_COLUMNS, VALIDATION, mixture_info, validation_rows
from hornbook.mixture.packing_plan import plan_training, write_plan
from hornbook.mixture.sampling_order import MixturePart


def prefix_view(mixture: Path, tokens: int, seed: int, number: int, folder: Path) -> Path:
    """The first rows of a mixture, about `tokens` tokens; any part of it has the shares of the whole.

    Number 0 has the mixture's own order, every other number a different one. Returns `folder`.
    """
    if (folder / "mixture.json").exists():
        return folder
    info = mixture_info(mixture)
    rows = min(info["rows"], max(1, round(tokens * info["rows"] / info["tokens"])))
    offsets = open_array(mixture / "rows" / "train.offsets.npy")
    pieces_P5 = open_array(mixture / "rows" / "train.pieces.npy")
    order = Permutation(rows, seed, "order", number)(np.arange(rows)) if number else np.arange(rows)
    _link(mixture, folder)
    written = 0
    with (
        growing_array(folder / "rows" / "train.pieces.npy", columns=PIECE_COLUMNS) as table,
        growing_array(folder / "rows" / "train.offsets.npy") as ends,
    ):
        ends.append(np.zeros(1))
        for row in order:
            row_P5 = pieces_P5[offsets[row] : offsets[row + 1]]
            table.append(row_P5)
            ends.append(np.array([table.rows]))
            written += int(row_P5[:, 3].sum())
    write_json(folder / "mixture.json", {**info, "rows": rows, "tokens": written})
    return folder


def allocation_view(mixture: Path, shares: Mapping[str, float], tokens: int, seed: int, folder: Path) -> Path:
    """The sources of a mixture in other shares, with `tokens` of training rows and the same validation rows.

    Raises HornbookError when a source with a share has no text. Returns `folder`.
    """
    if (folder / "mixture.json").exists():
        return folder
    info = mixture_info(mixture)
    catalogue = DocumentIndex.read(mixture / "tokens", info["token_files"])
    train = {source: _training_documents(mixture, source, catalogue, folder) for source in info["token_files"]}
    unique = {
        source: sum(int(lengths_D.sum()) for _, lengths_D in with_lengths(documents_D, catalogue))
        for source, documents_D in train.items()
    }
    passes = epochs(shares, tokens, unique)
    parts = [MixturePart(source, shares[source], train[source]) for source in passes]
    _link(mixture, folder)
    windows = plan_training(parts, catalogue, tokens, info["context"], seed)
    rows, written = write_plan(folder / "rows", "train", windows, catalogue)
    table = {
        source: {"share": shares[source], "unique_tokens": unique[source], "epochs": passes[source]}
        for source in passes
    }
    write_json(folder / "mixture.json", {**info, "rows": rows, "tokens": written, "sources": table})
    return folder


def shares_of(mixture: Path) -> dict[str, float]:
    """Share of each source in a mixture."""
    info: dict[str, Any] = mixture_info(mixture)
    return {source: row["share"] for source, row in info["sources"].items()}


def check_validation(tokens: Path) -> None:
    """Raise HornbookError unless `tokens` is a mixture with validation rows."""
    if not (tokens / "mixture.json").exists():
        raise HornbookError(f"{tokens}: not a mixture (no mixture.json); expected the output of `hornbook mixture`")
    if not validation_rows(tokens):
        raise HornbookError(f"{tokens}: the mixture has no validation rows; make it with a validation_share above 0")


def _training_documents(mixture: Path, source: str, catalogue: DocumentIndex, folder: Path) -> np.ndarray:
    """Indices of a source's documents without its validation documents, memory-mapped."""
    plan = mixture / "rows" / f"{VALIDATION.format(source)}.pieces.npy"
    first = catalogue.first[catalogue.sources.index(source)]
    held_D = first + np.unique(open_array(plan)[:, 1]) if plan.exists() else np.empty(0, np.int64)
    with growing_array(folder / "train" / f"{source}.npy") as table:
        for documents_D in catalogue.of(source):
            table.append(documents_D[~np.isin(documents_D, held_D)])
    return open_array(folder / "train" / f"{source}.npy")


def _link(mixture: Path, folder: Path) -> None:
    """Link to the files that a view shares with its mixture."""
    (folder / "rows").mkdir(parents=True, exist_ok=True)
    shared = [Path("tokens"), *(Path("rows") / file.name for file in (mixture / "rows").glob("validation-*"))]
    for path in shared:
        (folder / path).unlink(missing_ok=True)
        (folder / path).symlink_to((mixture / path).resolve())


def delete_views(folder: Path) -> None:
    """Remove the views of a stage, which are quickly made again from its mixture."""
    shutil.rmtree(folder / "views", ignore_errors=True)

"""Mixtures for short runs, made out of a finished one: its beginning, or its sources in other shares.

A view shares the token files and the validation rows of the mixture, through links, and has training rows of its own.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_json
from hornbook.base.seeds import rng
from hornbook.mixture.epochs import epochs
from hornbook.mixture.plan import Catalogue, Part, plan_training, write_plan
from hornbook.mixture.rows import VALIDATION, about, validation
from hornbook.mixture.tokens import save_array


def beginning(mixture: Path, tokens: int, seed: int, number: int, folder: Path) -> Path:
    """The first rows of a mixture, of about `tokens` tokens: any stretch of it has the shares of the whole.

    Number 0 has them in the mixture's own order, the others each in one of their own. Returns `folder`.
    """
    if (folder / "mixture.json").exists():
        return folder
    said = about(mixture)
    rows = min(said["rows"], max(1, round(tokens * said["rows"] / said["tokens"])))
    offsets = np.load(mixture / "rows" / "train.offsets.npy", mmap_mode="r")[: rows + 1]
    pieces_P4 = np.load(mixture / "rows" / "train.pieces.npy", mmap_mode="r")
    order = rng(seed, "order", number).permutation(rows) if number else np.arange(rows)
    parts = [pieces_P4[offsets[row] : offsets[row + 1]] for row in order]
    chosen_P4 = np.concatenate(parts)
    _link(mixture, folder)
    save_array(folder / "rows" / "train.pieces.npy", chosen_P4)
    save_array(folder / "rows" / "train.offsets.npy", np.cumsum([0, *map(len, parts)]))
    write_json(folder / "mixture.json", {**said, "rows": rows, "tokens": int(chosen_P4[:, 3].sum())})
    return folder


def allocate(mixture: Path, shares: Mapping[str, float], tokens: int, seed: int, folder: Path) -> Path:
    """The sources of a mixture in other shares, `tokens` of training rows; what is held out stays held out.

    Raises HornbookError when a source with a share has no text. Returns `folder`.
    """
    if (folder / "mixture.json").exists():
        return folder
    said = about(mixture)
    catalogue = Catalogue.read(mixture / "tokens", said["token_files"])
    train = {source: _training_documents(mixture, source, catalogue) for source in said["token_files"]}
    unique = {source: int(catalogue.lengths_D[documents].sum()) for source, documents in train.items()}
    passes = epochs(shares, tokens, unique)
    parts = [
        Part(source, shares[source], train[source], np.ones(len(train[source])))
        for source in said["token_files"]
        if shares.get(source, 0) > 0
    ]
    _link(mixture, folder)
    windows = plan_training(parts, catalogue, tokens, said["context"], seed)
    rows, written = write_plan(folder / "rows", "train", windows, catalogue)
    table = {
        source: {"share": shares[source], "unique_tokens": unique[source], "epochs": passes[source]}
        for source in passes
    }
    write_json(folder / "mixture.json", {**said, "rows": rows, "tokens": written, "sources": table})
    return folder


def shares_of(mixture: Path) -> dict[str, float]:
    """Share of each source in a mixture."""
    said: dict[str, Any] = about(mixture)
    return {source: row["share"] for source, row in said["sources"].items()}


def check_validation(tokens: Path) -> None:
    """Raise HornbookError unless the mixture has something to validate on."""
    if not validation(tokens):
        raise HornbookError(f"{tokens}: the mixture holds nothing out to validate on; mix with a validation_share")


def _training_documents(mixture: Path, source: str, catalogue: Catalogue) -> np.ndarray:
    documents_D = catalogue.of(source)
    plan = mixture / "rows" / f"{VALIDATION.format(source)}.pieces.npy"
    if not plan.exists():
        return documents_D
    return np.delete(documents_D, np.unique(np.load(plan)[:, 1]))


def _link(mixture: Path, folder: Path) -> None:
    """Links to all that a view shares with its mixture."""
    (folder / "rows").mkdir(parents=True, exist_ok=True)
    shared = [Path("tokens"), *(Path("rows") / file.name for file in (mixture / "rows").glob("validation-*"))]
    for path in shared:
        (folder / path).unlink(missing_ok=True)
        (folder / path).symlink_to((mixture / path).resolve())


def forget_views(folder: Path) -> None:
    """Remove the views of a stage: they are made again from its mixture in no time."""
    shutil.rmtree(folder / "views", ignore_errors=True)

"""The stage that mixes: records → tokens → rows in training order (report §3.1-3.3, table 5)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_json
from hornbook.base.progress import console
from hornbook.base.seeds import derive
from hornbook.base.workspace import Workspace
from hornbook.mixture.epochs import epochs
from hornbook.mixture.plan import Catalogue, Part, plan_training, plan_validation, write_plan
from hornbook.mixture.rows import VALIDATION
from hornbook.mixture.settings import LONG, MixtureSettings
from hornbook.mixture.tokens import end_id, token_dtype, vocab_size, write_tokens
from hornbook.tokenizer.files import load_tokenizer
from hornbook.tokenizer.texts import count_texts, read_texts

MANY_EPOCHS = 20  # the report repeats its synthetic data 13.8 times and finds that good; far beyond nothing is known
ENOUGH_TO_VALIDATE = 10  # a source of so many records gives at least one to validate on


def mixture(
    settings: MixtureSettings,
    work: Workspace,
    *,
    tokenizer: Path,
    documents: Sequence[Path] = (),
    samples: Sequence[Path] = (),
) -> None:
    """Write `mixture.json`, `tokens/` and `rows/` (see `mixture.rows`); note the table of sources with their epochs.

    Raises HornbookError when a source with a share has no text, or no text is long enough.
    """
    made = load_tokenizer(tokenizer)
    sources = sorted(source for source, share in settings.shares.items() if share > 0)
    with work.progress("tokenising", count_texts(documents, samples), "records") as bar:
        texts = read_texts(documents, samples, work.reject)
        found, others = write_tokens(texts, sources, made, work.path / "tokens", bar)
    _check_sources(settings, found, others, work)
    catalogue = Catalogue.read(work.path / "tokens", sources)
    held_out = {source: _held_out(work.path, source, settings.validation_share) for source in sources}
    train = {source: catalogue.of(source)[~held_out[source]] for source in sources}

    parts = _parts(settings, catalogue, train)
    windows = plan_training(parts, catalogue, settings.tokens, settings.context, work.seed)
    rows, tokens = write_plan(work.path / "rows", "train", windows, catalogue)
    for source in sources:
        if held_out[source].any():
            plan = plan_validation(catalogue.of(source)[held_out[source]], catalogue, settings.context)
            write_plan(work.path / "rows", VALIDATION.format(source), iter([plan]), catalogue)

    table = _table(settings, parts, catalogue)
    _report(table, work)
    write_json(
        work.path / "mixture.json",
        {
            "context": settings.context,
            "tokens": tokens,
            "rows": rows,
            "vocab_size": vocab_size(made),
            "pad_id": end_id(made),
            "dtype": token_dtype(vocab_size(made)).str,
            "token_files": sources,
            "sources": table,
        },
    )
    work.note("mixture", table)
    work.note("row_fill", tokens / (rows * settings.context))
    work.count(records_in=sum(found.values()) + sum(others.values()), records_out=sum(found.values()), tokens=tokens)


def _check_sources(settings: MixtureSettings, found: dict[str, int], others: dict[str, int], work: Workspace) -> None:
    """Every source with a share must have records; records without a share are worth a warning."""
    epochs(settings.shares, settings.tokens, found | others)
    for source, records in sorted(others.items()):
        if source not in settings.shares:
            work.warn(f"{records} records of source '{source}' are left out: it has no share")


def _held_out(folder: Path, source: str, share: float) -> np.ndarray:
    """Which of a source's records are for validation, by a hash of their ids: the same in every mixture."""
    ids = pq.read_table(folder / "tokens" / f"{source}.ids.parquet")["id"].to_pylist()
    hash_D = np.array([derive(0, "validation", id) for id in ids], np.int64)
    held_D = hash_D < share * 2.0**63
    if share > 0 and not held_D.any() and len(ids) >= ENOUGH_TO_VALIDATE:
        held_D[hash_D.argmin()] = True
    if held_D.all():
        raise HornbookError(
            f"source '{source}': all its {len(ids)} records are held out; lower validation_share ({share:g})"
        )
    return held_D


def _parts(settings: MixtureSettings, catalogue: Catalogue, train: dict[str, np.ndarray]) -> list[Part]:
    """The sources with their shares; when midtraining, these shares of the recall, and what is naturally long."""
    recall = 1 - settings.long_share
    parts = [
        Part(source, settings.shares[source] * recall, documents_D, np.ones(len(documents_D)))
        for source, documents_D in train.items()
        if recall > 0
    ]
    if settings.long_share > 0:
        everything_D = np.concatenate(list(train.values()))
        length_D = catalogue.lengths_D[everything_D]
        if length_D.max() < settings.long_minimum:
            raise HornbookError(
                f"long_share is {settings.long_share:g}, but no record has long_minimum = {settings.long_minimum} "
                f"tokens; the longest has {length_D.max()}"
            )
        long_D = everything_D[length_D >= settings.long_minimum]
        weight_D = np.where(catalogue.lengths_D[long_D] >= settings.long_upweight_from, settings.long_upweight, 1.0)
        parts.append(Part(LONG, settings.long_share, long_D, weight_D))
    return parts


def _table(settings: MixtureSettings, parts: list[Part], catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    """Table 5 of this mixture: share, tokens to train on, unique tokens, documents and epochs of each part."""
    unique = {part.name: int(catalogue.lengths_D[part.documents_D].sum()) for part in parts}
    passes = epochs({part.name: part.share for part in parts}, settings.tokens, unique)
    return {
        part.name: {
            "share": part.share,
            "tokens": round(part.share * settings.tokens),
            "unique_tokens": unique[part.name],
            "documents": len(part.documents_D),
            "epochs": passes[part.name],
        }
        for part in parts
    }


def _report(table: dict[str, dict[str, Any]], work: Workspace) -> None:
    for name, row in table.items():
        console.print(
            f"  {name:<14}{row['share']:6.1%}{row['tokens']:>14,} tokens, "
            f"{row['epochs']:.1f} times {row['unique_tokens']:,}"
        )
        if row["epochs"] > MANY_EPOCHS:
            work.warn(f"source '{name}' is seen {row['epochs']:.0f} times; the report stays below 14 (table 5)")

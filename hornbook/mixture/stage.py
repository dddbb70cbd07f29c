"""The stage `mixture`: records → tokens → rows in training order (report §3.1-3.3, table 5)."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hornbook.base.files import write_json
from hornbook.base.progress import console
from hornbook.base.workspace import Workspace
from hornbook.mixture.document_index import DocumentIndex
from hornbook.mixture.epochs import epochs
from hornbook.mixture.holdout import hold_out, long_part, with_lengths
from hornbook.mixture.packed_dataset import VALIDATION
from hornbook.mixture.packing_plan import plan_training, plan_validation, write_plan
from hornbook.mixture.sampling_order import MixturePart
from hornbook.mixture.settings import LONG, MixtureSettings
from hornbook.mixture.tokenize import end_id, token_dtype, tokenizer_fingerprint, vocab_size, write_tokens
from hornbook.tokenizer.load_save import load_tokenizer
from hornbook.tokenizer.read_texts import count_texts, read_texts

LONG_UPWEIGHT = 2.0  # of the longest records; the report (§3.3) gives no figure
MANY_EPOCHS = 20  # the report repeats its synthetic data 13.8 times and finds that good; far beyond nothing is known


def mixture(
    settings: MixtureSettings,
    work: Workspace,
    *,
    tokenizer: Path,
    documents: Sequence[Path] = (),
    samples: Sequence[Path] = (),
) -> None:
    """Write `mixture.json`, `tokens/` and `rows/` (see `packed_dataset`); note the table of sources with their epochs.

    Memory does not grow with the corpus: tables are on disk, orders are computed.

    Raises HornbookError when a source with a share has no text, or no text is long enough.
    """
    made = load_tokenizer(tokenizer)
    sources = sorted(source for source, share in settings.shares.items() if share > 0)
    with work.progress("tokenising", count_texts(documents, samples), "records") as bar:
        texts = read_texts(documents, samples, work.reject, settings.columns)
        folder = work.path / "tokens"
        found, others = write_tokens(texts, sources, made, folder, bar, settings.conversations, work.reject)
    _check_sources(settings, found, others, work)
    rows, tokens, table = write_rows(settings, sources, work)
    _report(table, work)
    write_json(
        work.path / "mixture.json",
        {
            "context": settings.context,
            "tokens": tokens,
            "rows": rows,
            "tokenizer": tokenizer_fingerprint(made),
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


def write_rows(
    settings: MixtureSettings, sources: list[str], work: Workspace
) -> tuple[int, int, dict[str, dict[str, Any]]]:
    """Write `rows/` from the token files in `tokens/`; returns the numbers of rows and tokens, and the source table."""
    tokens, scratch = work.path / "tokens", work.path / "scratch"
    catalogue = DocumentIndex.read(tokens, sources)
    split = {
        source: hold_out(source, tokens / f"{source}.ids.parquet", catalogue, settings.validation_share, scratch)
        for source in sources
    }
    parts = _parts(settings, catalogue, {source: train_D for source, (train_D, _) in split.items()}, scratch)
    with work.progress("packing", settings.tokens, "tokens") as bar:
        windows = plan_training(parts, catalogue, settings.tokens, settings.context, work.seed)
        sums = write_plan(work.path / "rows", "train", windows, catalogue, bar)
    for source, (_, held_D) in split.items():
        if len(held_D):
            windows = plan_validation(held_D, catalogue, settings.context)
            write_plan(work.path / "rows", VALIDATION.format(source), windows, catalogue)
    table = _table(settings, parts, catalogue)
    shutil.rmtree(scratch)
    return *sums, table


def _check_sources(settings: MixtureSettings, found: dict[str, int], others: dict[str, int], work: Workspace) -> None:
    """Every source with a share must have records; warn of records whose source has no share."""
    epochs(settings.shares, settings.tokens, found | others)
    for source, records in sorted(others.items()):
        if source not in settings.shares:
            work.warn(f"{records} records of source '{source}' are left out, because it has no share")


def _parts(
    settings: MixtureSettings, catalogue: DocumentIndex, train: dict[str, Any], scratch: Path
) -> list[MixturePart]:
    """The sources with their shares; for midtraining these are shares of the recall data, besides long documents."""
    recall = 1 - settings.long_share
    parts = [
        MixturePart(source, settings.shares[source] * recall, train_D)
        for source, train_D in train.items()
        if recall > 0
    ]
    if settings.long_share > 0:
        long_D = long_part(settings, catalogue, train, scratch)
        if settings.long_made_of == "joined":
            parts.append(MixturePart(LONG, settings.long_share, long_D, joined=True))
        else:
            upweight_from = settings.long_upweight_from * settings.context
            parts.append(MixturePart(LONG, settings.long_share, long_D, LONG_UPWEIGHT, upweight_from))
    return parts


def _table(settings: MixtureSettings, parts: list[MixturePart], catalogue: DocumentIndex) -> dict[str, dict[str, Any]]:
    """Share, training tokens, unique tokens, documents and epochs of each part, as in the report's table 5."""
    unique = {
        part.name: sum(int(lengths_D.sum()) for _, lengths_D in with_lengths(part.documents_D, catalogue))
        for part in parts
    }
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

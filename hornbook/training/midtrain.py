"""The stage `midtrain`, which extends a model's context (report §3.3)."""

import math
from pathlib import Path

from transformers import PretrainedConfig

from hornbook.base.errors import HornbookError
from hornbook.base.workspace import Workspace
from hornbook.mixture.packed_dataset import Rows
from hornbook.mixture.tokenize import check_tokenizer
from hornbook.model.build import extend_context, rope_base
from hornbook.model.context_lengths import context_of
from hornbook.model.load_save import load_model
from hornbook.tokenizer.load_save import load_tokenizer
from hornbook.training.choose_row_layout import choose_row_layout
from hornbook.training.distributed import ranks
from hornbook.training.position_loss import (
    PositionLoss,
    long_documents,
    position_loss,
    range_edges,
    read_position_loss,
    table,
    write_position_loss,
)
from hornbook.training.recall_eval import recall_over_distance
from hornbook.training.save_trained import save_trained_model
from hornbook.training.settings import MidtrainSettings
from hornbook.training.train_on_rows import train_on_rows


def midtrain(
    settings: MidtrainSettings, work: Workspace, *, model: Path, tokens: Path, compare: Path | None = None
) -> None:
    """Fit the base of the rotary embedding to the long rows of a mixture and train on them, once over; write `model/`.

    Notes `loss_curve` and `validation_loss` as `pretrain` does; `recall` {"before": rows, "after": rows} (see
    `recall_eval.recall_over_distance`); and `loss_by_position`, tables of `position_loss.table` on the mixture's
    held-out long documents: "before" against the model given, and "compare" against the midtrained model in the folder
    `compare`. Raises HornbookError as `pretrain` does.
    """
    rows, tokenizer = Rows.open(tokens), load_tokenizer(model)
    check_tokenizer(tokens, tokenizer, model)
    with ranks(settings.device) as processes:
        start = load_model(model, "float32", settings.device)
        _check(start.config, settings, rows, tokens, model, work)
        choose_row_layout(start, rows.context, settings, work, processes, trees=False)
        base = settings.rope_base or max(rope_base(start), fitted_rope_base(rows.context))
        longer = extend_context(start, base, rows.context)
        work.note("rope_base", base)
        questions = (tokenizer, rows.context, settings.recall_trials, work)
        recall = recall_over_distance(start, *questions, "recall before")
        old = min(context_of(start.config) or rows.context, rows.context)
        documents = long_documents(tokens, old)
        edges = range_edges(old, rows.context)
        before = position_loss(start, documents, edges, work, "loss by position, before")
        others = {"before": before} | ({"compare": _compared(compare, before)} if compare else {})
        train_on_rows(longer, tokens, settings, work, processes)
        work.note("recall", {"before": recall, "after": recall_over_distance(longer, *questions, "recall after")})
        after = position_loss(longer, documents, edges, work, "loss by position, after")
        if processes.first:
            write_position_loss(after, work.path)
        work.note("loss_by_position", {name: table(after, other) for name, other in others.items()})
        save_trained_model(longer, tokenizer, work, processes)


def fitted_rope_base(context: int) -> float:
    """The base of the rotary embedding for `context` tokens: 10,000 up to 4,096, and from there on by the power law
    through the report's 250,000 at 16,384 (§3, §3.3)."""
    (short, base), (long, raised) = (4096, 10_000.0), (16_384, 250_000.0)
    if context <= short:
        return base
    return round(base * (context / short) ** (math.log(raised / base) / math.log(long / short)), 6)


def _compared(folder: Path, before: PositionLoss) -> PositionLoss:
    """The loss by position of the model in `folder`. Raises HornbookError if it is of other documents or ranges."""
    other = read_position_loss(folder)
    if (other.edges, other.documents) != (before.edges, before.documents):
        raise HornbookError(
            f"{folder}: its loss by position is of other documents or lengths; expected a model midtrained from the "
            "same one, on a mixture of the same documents, context and validation_share"
        )
    return other


def _compare(after: PositionLoss, before: PositionLoss, other: Path | None, work: Workspace) -> None:
    write_position_loss(after, work.path)
    tables = {"before": table(after, before)}
    if other:
        theirs = read_position_loss(other)
        if (theirs.edges, theirs.documents) != (after.edges, after.documents):
            raise HornbookError(
                f"{other}: its loss by position is of other documents or lengths; expected a model midtrained from the "
                "same one, on a mixture of the same documents, context and validation_share"
            )
        tables["compare"] = table(after, theirs)
    work.note("loss_by_position", tables)


def _check(
    config: PretrainedConfig, settings: MidtrainSettings, rows: Rows, tokens: Path, model: Path, work: Workspace
) -> None:
    """The model's vocabulary must contain the ids, and its context must not become shorter."""
    if rows.vocab_size > config.get_text_config().vocab_size:
        raise HornbookError(
            f"{model}: a vocabulary of {config.get_text_config().vocab_size} ids, but {tokens} has {rows.vocab_size}"
        )
    reads = context_of(config)
    if reads is not None and rows.context < reads:
        raise HornbookError(
            f"{tokens}: rows of {rows.context} tokens, but {model} has a context of {reads} already; "
            "expected rows of at least its context"
        )
    base = (getattr(config, "rope_parameters", None) or {}).get("rope_theta", 0)
    if settings.rope_base and settings.rope_base < base:
        work.warn(f"rope_base {settings.rope_base:g} is below the model's {base:g}; longer contexts want a higher one")

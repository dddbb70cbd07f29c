"""The stage `sft`, supervised fine-tuning on conversations (report §4.1)."""

from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError
from hornbook.base.rng import rng
from hornbook.base.workspace import Workspace
from hornbook.data.readers.load import load_records
from hornbook.mixture.packing import pack
from hornbook.model.build import add_token_embeddings
from hornbook.model.context_lengths import context_of
from hornbook.model.load_save import load_model, model_folder
from hornbook.model.lora import add_adapters
from hornbook.tokenizer.chat import append_end, end_of_reply, give_chatml, load_tokenizer
from hornbook.training.choose_row_layout import choose_row_layout
from hornbook.training.distributed import ranks
from hornbook.training.lm import NextToken, RowBatches, TrainingText
from hornbook.training.loop import train_model
from hornbook.training.save_trained import save_trained_model
from hornbook.training.settings import SftSettings
from hornbook.training.sft_data import encode_samples
from hornbook.training.subsample import count_kinds, limit_kinds

ROW = 2048  # tokens of a row, for models without a context limit


def sft(settings: SftSettings, work: Workspace, *, model: Path, samples: Sequence[Path]) -> None:
    """Fine-tune `model` on the conversations in `samples`, files of any form that `load_records` reads, with its own
    chat template; write `model/`.

    The loss is on the assistant's text and its end token. Notes `loss_curve` [[tokens, loss]...] and `kinds` {kind:
    samples used}. Unusable samples are set aside: see `sft_data`. With `settings.lora`, only adapters are trained: they
    are merged into `model/` and also written to `adapter/`.

    Raises HornbookError for a tokenizer without a chat template, when no conversation is left, and as `add_adapters`
    and `train_model` do.
    """
    records = load_records(samples, "samples", columns=settings.columns, reject=work.reject)
    work.count(records_in=len(records))
    model_folder(model)  # raises where there is no model, before the hub is asked for a tokenizer
    tokenizer = load_tokenizer(model, work.path)
    new = give_chatml(tokenizer) if settings.template == "chatml" else []
    _check(settings, tokenizer, new, model)
    _check_end_token(settings, tokenizer, work)
    with ranks(settings.device) as processes:
        learner = load_model(model, settings.dtype if settings.lora.rank else "float32", settings.device)
        learner = add_adapters(add_token_embeddings(learner, new), settings.lora, work.seed)
        context = context_of(learner.config)
        texts = encode_samples(records, tokenizer, context, settings.too_long, work)
        chosen = limit_kinds([record for record in records if record.id in texts], settings.maximum, work.seed)
        if not chosen:
            raise HornbookError(f"{work.name}: no conversation to train on among {len(records)} samples")
        work.note("kinds", count_kinds(chosen))
        in_order = [texts[record.id] for record in chosen for _ in range(settings.repeats.get(record.kind, 1))]
        longest = max(len(text.tokens) for text in in_order)
        choose_row_layout(learner, longest, settings, work, processes, trees=False)
        batches = _batches(in_order, context or max(ROW, longest), settings, work.seed, learner.device, processes.world)
        train_model(learner, NextToken(), batches, settings, work, processes)
        save_trained_model(learner, tokenizer, work, processes)


def _check(settings: SftSettings, tokenizer: PreTrainedTokenizerBase, new: list[int], model: Path) -> None:
    if not tokenizer.chat_template:
        raise HornbookError(
            f"{model}: the tokenizer has no chat template; use phi-4's with --template chatml (in a recipe: template: "
            "chatml), or start from a chat model"
        )
    if new and settings.lora.rank:
        raise HornbookError(
            f"{model}: --template chatml adds tokens, whose embeddings are not trained with adapters; use lora.rank 0"
        )


def _check_end_token(settings: SftSettings, tokenizer: PreTrainedTokenizerBase, work: Workspace) -> None:
    if settings.append_end:
        append_end(tokenizer)
    elif end_of_reply(tokenizer) is None:
        work.warn(
            "the chat template writes no end token after a reply, so the model will not learn to stop; "
            "--append-end (in a recipe: append_end: true) appends the tokenizer's eos_token"
        )


def _batches(
    texts: list[TrainingText], context: int, settings: SftSettings, seed: int, device: torch.device, world: int
) -> RowBatches:
    """All texts in every epoch, packed into rows, in a new order each time."""
    rows: list[list[int]] = []
    for epoch in range(settings.epochs):
        shuffled = rng(seed, "order", epoch).permutation(len(texts))
        packed = pack([len(texts[index].tokens) for index in shuffled], context)
        for row in rng(seed, "rows", epoch).permutation(len(packed)):
            rows.append([int(shuffled[index]) for index in packed[row]])

    def in_rows(indices: Sequence[int]) -> list[TrainingText]:
        return [texts[index] for row in indices for index in rows[row]]

    tokens = settings.epochs * sum(len(text.tokens) for text in texts)
    size = tokens / len(rows)
    return RowBatches(in_rows, range(len(rows)), size, settings.batch_rows, settings.microbatch_rows, device, world)

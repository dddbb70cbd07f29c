"""The stage `dpo` (report §4.2-4.4): pairs of pivotal tokens, of first tokens of refusals, or of whole replies."""

from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError
from hornbook.base.records import Pair
from hornbook.base.workspace import Workspace
from hornbook.data.readers.load import load_records
from hornbook.data.readers.pairs import TextPair
from hornbook.model.load_save import load_model
from hornbook.model.lora import add_adapters
from hornbook.tokenizer.chat import load_tokenizer
from hornbook.tokenizer.preference_pairs import encode_pair
from hornbook.training.choose_row_layout import choose_row_layout
from hornbook.training.distributed import ranks
from hornbook.training.dpo_data import PairBatches, group_pairs, is_single, tokens_in
from hornbook.training.dpo_filters import limit_refusals, usable_pairs
from hornbook.training.dpo_loss import Dpo
from hornbook.training.dpo_reference import reference_log_ratios
from hornbook.training.loop import CHECKPOINTS, train_model
from hornbook.training.save_trained import save_trained_model
from hornbook.training.settings import DpoSettings
from hornbook.training.subsample import count_kinds, limit_kinds


def dpo(settings: DpoSettings, work: Workspace, *, model: Path, pairs: Sequence[Path]) -> None:
    """Train `model` to prefer the chosen side of `pairs`, with its initial weights as the reference; write `model/`.
    With `settings.lora`, only adapters are trained: write `adapter/` and, with them merged, `model/`.

    Pairs are token ids, as other stages write them, or text in any form that `load_records` reads.
    Notes `loss_curve`, `margin_curve` and `accuracy_curve` [[tokens, value]...], `kinds` {kind: pairs used},
    `refusal_share`, and `forward_passes` {pairs, trees}. Pairs that cannot be used are set aside: see `dpo_filters`.

    Raises HornbookError when no pair is left, and as `train_model` does.
    """
    found = load_records(pairs, "pairs", columns=settings.columns, reject=work.reject)
    work.count(records_in=len(found))
    tokenizer = load_tokenizer(model, work.path)
    records = _in_tokens(found, tokenizer, work)
    with ranks(settings.device) as processes:
        learner = load_model(model, settings.dtype if settings.lora.rank else "float32", settings.device)
        usable = usable_pairs(records, learner, tokenizer, settings.too_long, work)
        chosen = limit_refusals(limit_kinds(usable, settings.maximum, work.seed), settings.refusal_share, work)
        if not chosen:
            raise HornbookError(
                f"{work.name}: no pair to train on among {work.counts['records_in']}{work.first_set_aside()}"
            )
        replies = any(not is_single(pair) for pair in chosen)
        layout = choose_row_layout(learner, max(map(tokens_in, chosen)), settings, work, processes, trees=replies)
        groups = group_pairs(chosen, layout)
        work.note("kinds", count_kinds(chosen))
        work.note("forward_passes", {"pairs": len(chosen), "trees": len(groups)})
        torch.set_num_threads(settings.threads)
        kept = work.path / CHECKPOINTS / "reference"
        reference_P = reference_log_ratios(learner, chosen, groups, settings, kept, work, processes)
        learner = add_adapters(learner, settings.lora, work.seed)  # the reference is the model without adapters
        objective = Dpo(reference_P, settings.beta, settings.label_smoothing, settings.length_normalise)
        batches = PairBatches(chosen, groups, settings, work.seed, learner.device, processes.world)
        train_model(learner, objective, batches, settings, work, processes)
        save_trained_model(learner, tokenizer, work, processes, ("loss", "margin", "accuracy"))


def _in_tokens(found: Sequence[Pair | TextPair], tokenizer: PreTrainedTokenizerBase, work: Workspace) -> list[Pair]:
    """All pairs in the model's tokens; those that its chat template rejects are set aside."""
    pairs = []
    for pair in found:
        try:
            pairs.append(encode_pair(pair, tokenizer) if isinstance(pair, TextPair) else pair)
        except HornbookError as error:
            work.reject(pair.id, str(error))
    return pairs

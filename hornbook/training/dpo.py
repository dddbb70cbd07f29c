"""The stage that learns from preferences (report §4.2-4.4): pivotal tokens, first tokens of refusals, whole replies."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError
from hornbook.base.files import atomic, read_records
from hornbook.base.records import Message, Pair
from hornbook.base.seeds import rng
from hornbook.base.workspace import Workspace
from hornbook.model.attention import packed
from hornbook.model.files import load_model
from hornbook.tokenizer.chat import encode_chat, load_tokenizer
from hornbook.training.choose import at_most, count_kinds
from hornbook.training.finish import finish
from hornbook.training.loop import CHECKPOINTS, train
from hornbook.training.preferences import Dpo, Group, PairBatch, group_pairs, log_ratios, pair_batch
from hornbook.training.ranks import Ranks, ranks
from hornbook.training.settings import DpoSettings

REFUSAL = "refusal"


def dpo(settings: DpoSettings, work: Workspace, *, model: Path, pairs: Sequence[Path]) -> None:
    """Train `model` to prefer the chosen side of `pairs`, itself being the reference; write `model/`.

    Notes `loss_curve`, `margin_curve` and `accuracy_curve` [[tokens, value]...], `kinds` {kind: pairs used},
    `refusal_share`, and `forward_passes` {pairs, documents}. Pairs with equal sides, without a prompt, with ids outside
    the vocabulary, or longer than the context are set aside.

    Raises HornbookError when no pair is left, and as `loop.train` does.
    """
    records = [record for path in pairs for record in read_records(path, Pair, work.reject)]
    work.count(records_in=len(records))
    tokenizer = load_tokenizer(model)
    with ranks() as processes:
        learner = load_model(model, "float32")
        end = _end_token(tokenizer)
        records = [_ended(pair, end) for pair in records if not _rejected(pair, learner, work)]
        chosen = _limit_refusals(at_most(records, settings.maximum, work.seed), settings.refusal_share, work)
        if not chosen:
            raise HornbookError(f"{work.name}: no pair to train on among {work.counts['records_in']}")
        groups = group_pairs(chosen)
        work.note("kinds", count_kinds(chosen))
        work.note("forward_passes", {"pairs": len(chosen), "documents": sum(len(group.documents) for group in groups)})
        torch.set_num_threads(settings.threads)
        reference_P = _reference(learner, chosen, groups, settings, work, processes)
        objective = Dpo(reference_P, settings.beta, settings.label_smoothing, settings.length_normalise)
        train(learner, objective, PairBatches(chosen, groups, settings, work.seed, learner), settings, work, processes)
        finish(learner, tokenizer, work, processes, ("loss", "margin", "accuracy"))


class PairBatches:
    """Steps of about `batch_pairs` pairs; the pairs of one trajectory stay together. A new order in every epoch."""

    def __init__(
        self, pairs: list[Pair], groups: list[Group], settings: DpoSettings, seed: int, model: PreTrainedModel
    ) -> None:
        self.pairs, self.microbatch_pairs, self.device = pairs, settings.microbatch_pairs, model.device
        self.batches: list[list[Group]] = []
        for epoch in range(settings.epochs):
            order = rng(seed, "order", epoch).permutation(len(groups))
            self.batches += _fill([groups[index] for index in order], settings.batch_pairs)
        self.steps = len(self.batches)
        self.tokens = settings.epochs * sum(len(document) for group in groups for document in group.documents)

    def microbatches(self, step: int, rank: int, world: int) -> Iterator[PairBatch]:
        for groups in _fill(self.batches[step], self.microbatch_pairs)[rank::world]:
            yield pair_batch(groups, self.pairs, self.device)

    def describe(self, step: int, microbatches: Sequence[int]) -> str:
        runs = _fill(self.batches[step], self.microbatch_pairs)
        named = [runs[number] for number in microbatches] or runs
        ids = [self.pairs[index].id for run in named for group in run for index in group.pairs]
        return f"pairs {', '.join(ids[:4])}{' ...' if len(ids) > 4 else ''}"


def _fill(groups: Sequence[Group], size: int) -> list[list[Group]]:
    """Cut groups into runs of at most `size` pairs; a group of more is a run of its own."""
    runs: list[list[Group]] = []
    room = 0
    for group in groups:
        if not runs or len(group.pairs) > room:
            runs.append([])
            room = size
        runs[-1].append(group)
        room -= len(group.pairs)
    return runs


@torch.no_grad()
def _reference(
    model: PreTrainedModel,
    pairs: list[Pair],
    groups: list[Group],
    settings: DpoSettings,
    work: Workspace,
    processes: Ranks,
) -> torch.Tensor:
    """The log-ratio of every pair under the model as it came, computed once and kept beside the checkpoints."""
    file = work.path / CHECKPOINTS / "reference.npy"
    if processes.first and not file.exists():
        reference_P = torch.zeros(len(pairs))
        with packed(model), work.progress("reference", len(pairs), "pairs") as bar:
            for run in _fill(groups, settings.microbatch_pairs):
                batch = pair_batch(run, pairs, model.device)
                reference_P[batch.pairs] = log_ratios(model, batch, settings.length_normalise).cpu()
                bar.advance(batch.targets)
        with atomic(file) as temporary, temporary.open("wb") as opened:
            np.save(opened, reference_P.numpy())
    processes.wait()
    return torch.from_numpy(np.load(file)).to(model.device)


def _rejected(pair: Pair, model: PreTrainedModel, work: Workspace) -> bool:
    config = model.config
    ids = pair.prompt_tokens + pair.chosen_tokens + pair.rejected_tokens
    longest = len(pair.prompt_tokens) + max(len(pair.chosen_tokens), len(pair.rejected_tokens)) + pair.ends
    reason = ""
    if not (pair.prompt_tokens and pair.chosen_tokens and pair.rejected_tokens):
        reason = "empty prompt or side"
    elif pair.chosen_tokens == pair.rejected_tokens:
        reason = "both sides are equal"
    elif not all(0 <= token < config.vocab_size for token in ids):
        reason = f"ids outside the vocabulary: the model has {config.vocab_size}"
    elif longest > config.max_position_embeddings:
        reason = f"longer than the context: {longest} tokens, the model has {config.max_position_embeddings}"
    if reason:
        work.reject(pair.id, reason)
    return bool(reason)


def _ended(pair: Pair, end: int) -> Pair:
    """A pair of complete replies with the end token on both sides; other pairs as they are."""
    if not pair.ends:
        return pair
    sides = [side if side[-1] == end else [*side, end] for side in (pair.chosen_tokens, pair.rejected_tokens)]
    return msgspec.structs.replace(pair, chosen_tokens=sides[0], rejected_tokens=sides[1])


def _end_token(tokenizer: PreTrainedTokenizerBase) -> int:
    """What the model says when its turn is over."""
    if tokenizer.chat_template is None:
        return tokenizer.eos_token_id
    tokens, mask = encode_chat(tokenizer, [Message("user", "?"), Message("assistant", "!")])
    return [token for token, said in zip(tokens, mask, strict=True) if said][-1]


def _limit_refusals(pairs: list[Pair], share: float | None, work: Workspace) -> list[Pair]:
    """Refusal pairs as far as they make up `share` of the round; a round of nothing else is kept whole."""
    others = sum(pair.kind != REFUSAL for pair in pairs)
    if share is not None and others:
        pairs = at_most(pairs, {REFUSAL: math.floor(others * share / (1 - share))}, work.seed)
    work.note("refusal_share", 1 - others / len(pairs) if pairs else 0.0)
    return pairs

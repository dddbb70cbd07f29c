"""Preference pairs as forward passes (report §4.2-4.3): what has to be computed, and as little of it as possible.

For a pair of single tokens the softmax cancels: log p(chosen) - log p(rejected) = h·(W_chosen - W_rejected), h being
the hidden state where the prompt ends. So a pivotal pair needs no vocabulary-wide product and no document of its own:
all pairs whose prompts begin one trajectory share a forward pass over the longest.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import cross_entropy, embedding, logsigmoid
from transformers import PreTrainedModel

from hornbook.base.records import Pair
from hornbook.model.packed import Packed, hidden_states, pack_documents
from hornbook.training.loss import Loss


class Group(NamedTuple):
    """Pairs that one forward pass serves: documents, and where in them each pair's tokens are predicted.

    A group is either single-token pairs on one document, or one pair of replies on two (chosen, rejected).
    """

    pairs: list[int]  # indices of pairs
    documents: list[list[int]]
    single: bool


class PairBatch(NamedTuple):
    """S single-token pairs, then F pairs of replies with M tokens in all.

    `at` is where a token is predicted; `reply_M` numbers the reply it belongs to: 2f is the chosen one of the reply
    pair f, 2f + 1 the rejected one.
    """

    pairs: list[int]  # indices of the S + F pairs
    documents: Packed
    at_S: torch.Tensor
    chosen_S: torch.Tensor
    rejected_S: torch.Tensor
    at_M: torch.Tensor
    token_M: torch.Tensor
    reply_M: torch.Tensor

    @property
    def targets(self) -> int:
        return len(self.pairs)

    @property
    def tokens(self) -> int:
        return len(self.documents.tokens_N)


def is_single(pair: Pair) -> bool:
    return len(pair.chosen_tokens) == len(pair.rejected_tokens) == 1


def group_pairs(pairs: Sequence[Pair]) -> list[Group]:
    """Single-token pairs by trajectory, each reply pair by itself. Every pair is in just one group.

    Backwards through lexicographic order, a prompt comes right after those that it begins: one pass finds them all.
    """
    groups: list[Group] = []
    singles = sorted((i for i, pair in enumerate(pairs) if is_single(pair)), key=lambda i: pairs[i].prompt_tokens)
    for index in reversed(singles):
        prompt = pairs[index].prompt_tokens
        if groups and groups[-1].documents[0][: len(prompt)] == prompt:
            groups[-1].pairs.append(index)
        else:
            groups.append(Group([index], [prompt], single=True))
    for index, pair in enumerate(pairs):
        if not is_single(pair):
            replies = (pair.chosen_tokens, pair.rejected_tokens)
            # the last token predicts nothing that counts
            groups.append(Group([index], [(pair.prompt_tokens + reply)[:-1] for reply in replies], single=False))
    return groups


def pair_batch(groups: Sequence[Group], pairs: Sequence[Pair], device: torch.device) -> PairBatch:
    """The groups as one packed forward pass."""
    groups = sorted(groups, key=lambda group: not group.single)
    documents = pack_documents([document for group in groups for document in group.documents], device)
    starts = iter(np.cumsum([0, *documents.lengths]).tolist())
    single: list[tuple[int, int, int]] = []  # at, chosen, rejected
    spoken: list[tuple[int, int, int]] = []  # at, token, reply
    reply = 0
    for group in groups:
        if group.single:
            start = next(starts)
            for pair in (pairs[index] for index in group.pairs):
                single.append((start + len(pair.prompt_tokens) - 1, pair.chosen_tokens[0], pair.rejected_tokens[0]))
            continue
        pair = pairs[group.pairs[0]]
        for said in (pair.chosen_tokens, pair.rejected_tokens):
            first = next(starts) + len(pair.prompt_tokens) - 1
            spoken += [(first + offset, token, reply) for offset, token in enumerate(said)]
            reply += 1
    indices = [index for group in groups for index in group.pairs]
    return PairBatch(indices, documents, *_columns(single, device), *_columns(spoken, device))


def log_ratios(model: PreTrainedModel, batch: PairBatch, length_normalise: bool) -> torch.Tensor:
    """log p(chosen) - log p(rejected) of each pair in the batch, in float32; inside `with packed(model)`.

    With `length_normalise`, the log-probability of a reply is divided by its number of tokens.
    """
    hidden_NC = hidden_states(model, batch.documents)
    head = model.get_output_embeddings()
    direction_SC = embedding(batch.chosen_S, head.weight) - embedding(batch.rejected_S, head.weight)
    single_S = (hidden_NC.index_select(0, batch.at_S).float() * direction_SC.float()).sum(-1)
    if head.bias is not None:
        single_S = single_S + head.bias[batch.chosen_S] - head.bias[batch.rejected_S]
    if not len(batch.at_M):
        return single_S
    logits_MV = head(hidden_NC.index_select(0, batch.at_M)).float()
    said_M = -cross_entropy(logits_MV, batch.token_M, reduction="none")
    replies = 2 * (len(batch.pairs) - len(batch.at_S))
    said_R = said_M.new_zeros(replies).index_add(0, batch.reply_M, said_M)
    if length_normalise:
        said_R = said_R / torch.bincount(batch.reply_M, minlength=replies)
    return torch.cat([single_S, said_R[0::2] - said_R[1::2]])


class Dpo:
    """The DPO loss, with the log-ratios of the reference model at hand (one for each pair, by index).

    `margin` is the implicit reward of the chosen over the rejected side, `accuracy` the share of pairs where it is
    positive.
    """

    names: tuple[str, ...] = ("margin", "accuracy")

    def __init__(self, reference_P: torch.Tensor, beta: float, label_smoothing: float, length_normalise: bool) -> None:
        self.reference_P, self.beta = reference_P, beta
        self.label_smoothing, self.length_normalise = label_smoothing, length_normalise

    def __call__(self, model: PreTrainedModel, batch: PairBatch) -> Loss:
        policy = log_ratios(model, batch, self.length_normalise)
        margin = self.beta * (policy - self.reference_P[batch.pairs])
        wrong = self.label_smoothing
        losses = -(1 - wrong) * logsigmoid(margin) - wrong * logsigmoid(-margin)
        return Loss(losses.sum(), (margin.sum(), (margin > 0).float().sum()))


def _columns(rows: list[tuple[int, int, int]], device: torch.device) -> list[torch.Tensor]:
    table = torch.tensor(rows, dtype=torch.long).reshape(-1, 3)
    return [column.contiguous().to(device) for column in table.unbind(1)]

"""Preference pairs as forward passes (report §4.2-4.3): what has to be computed, and as little of it as possible.

For a pair of single tokens the softmax cancels: log p(chosen) - log p(rejected) = h·(W_chosen - W_rejected), h being
the hidden state where the prompt ends. So a pivotal pair needs no vocabulary-wide product and no document of its own:
all pairs whose prompts begin one trajectory share a forward pass over the longest. Replies to one prompt are the
branches of a tree, so that the prompt is encoded once.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch.nn.functional import embedding, logsigmoid
from transformers import PreTrainedModel

from hornbook.base.prefix_groups import group_by_prefix
from hornbook.base.records import Pair
from hornbook.model.output_head import Head, output_head
from hornbook.model.packed_forward import PackedDocuments
from hornbook.model.prefix_tree import Tree, Trees, lay_out, part_starts, tree_states
from hornbook.model.row_layout import DEFAULT, RowLayout
from hornbook.training.losses import Loss, cross_entropies, log_probabilities

PAIRS_OF_A_PROMPT = 8  # most that share a tree and therefore a step


class Group(NamedTuple):
    """Pairs that one tree serves: single-token pairs along its prefix, or pairs of replies that its branches hold."""

    pairs: list[int]  # indices of pairs
    tree: Tree
    replies: list[list[int]]  # distinct; none for single-token pairs
    apart: bool = False  # whether the prefix is computed anew for each branch

    @property
    def single(self) -> bool:
        return not self.replies

    @property
    def tokens(self) -> int:
        """How many are computed."""
        again = max(len(self.tree.branches) - 1, 0) if self.apart else 0
        return self.tree.tokens + again * len(self.tree.prefix)


class PairBatch(NamedTuple):
    """S single-token pairs, then F pairs of replies; R distinct replies with M tokens in all.

    `at` is where a token is predicted, `reply_M` the reply it belongs to.
    """

    pairs: list[int]  # indices of the S + F pairs
    trees: Trees
    at_S: torch.Tensor
    chosen_S: torch.Tensor
    rejected_S: torch.Tensor
    at_M: torch.Tensor
    token_M: torch.Tensor
    reply_M: torch.Tensor
    chosen_F: torch.Tensor  # number of a reply
    rejected_F: torch.Tensor

    @property
    def targets(self) -> int:
        return len(self.pairs)

    @property
    def documents(self) -> PackedDocuments:
        return self.trees.documents


def is_single(pair: Pair) -> bool:
    return len(pair.chosen_tokens) == len(pair.rejected_tokens) == 1


def tokens_in(pair: Pair) -> int:
    """Tokens of the prompt and the longer side."""
    return len(pair.prompt_tokens) + max(len(pair.chosen_tokens), len(pair.rejected_tokens))


def group_pairs(pairs: Sequence[Pair], plan: RowLayout = DEFAULT) -> list[Group]:
    """Single-token pairs by trajectory, pairs of replies by prompt. Every pair is in just one group.

    A plan without trees has each pair of replies by itself; one that shares nothing has each pair by itself, both sides
    as whole texts.
    """
    if not plan.shared:
        return [_whole_texts(index, pair) for index, pair in enumerate(pairs)]
    singles = [index for index, pair in enumerate(pairs) if is_single(pair)]
    groups = [
        Group([singles[i] for i in members], Tree(pairs[singles[members[0]]].prompt_tokens), [])
        for members in group_by_prefix([pairs[index].prompt_tokens for index in singles])
    ]
    by_prompt: dict[tuple[int, ...], list[list[int]]] = {}
    for index, pair in enumerate(pairs):
        if not is_single(pair):
            same = by_prompt.setdefault(tuple(pair.prompt_tokens), [])
            if not same or len(same[-1]) == (PAIRS_OF_A_PROMPT if plan.trees else 1):
                same.append([])
            same[-1].append(index)
    return groups + [_reply_group(indices, pairs, not plan.trees) for same in by_prompt.values() for indices in same]


def _whole_texts(index: int, pair: Pair) -> Group:
    """Both sides with all of their tokens: how long a text is decides what the model makes of its first ones."""
    sides = [pair.chosen_tokens, pair.rejected_tokens]
    texts = [[*pair.prompt_tokens, *side] for side in sides]
    return Group([index], Tree(texts[0][:1], [text[1:] for text in texts]), sides, apart=True)


def _reply_group(indices: list[int], pairs: Sequence[Pair], apart: bool) -> Group:
    replies: list[list[int]] = []
    for index in indices:
        for side in (pairs[index].chosen_tokens, pairs[index].rejected_tokens):
            if side not in replies:
                replies.append(side)
    # the last token of a reply predicts nothing that counts
    return Group(indices, Tree(pairs[indices[0]].prompt_tokens, [reply[:-1] for reply in replies]), replies, apart)


def pair_batch(groups: Sequence[Group], pairs: Sequence[Pair], device: torch.device) -> PairBatch:
    """The groups as one packed forward pass; documents of equal length are adjacent, which costs less."""
    groups = sorted(groups, key=lambda group: (not group.single, -group.tokens))
    trees = lay_out([group.tree for group in groups], device)
    single: list[tuple[int, int, int]] = []  # at, chosen, rejected
    spoken: list[tuple[int, int, int]] = []  # at, token, reply
    between: list[tuple[int, int]] = []  # replies
    number = 0
    for group, (prefix, *branches) in zip(groups, part_starts(trees), strict=True):
        for pair in (pairs[index] for index in group.pairs):
            if group.single:
                single.append((prefix + len(pair.prompt_tokens) - 1, pair.chosen_tokens[0], pair.rejected_tokens[0]))
            else:
                sides = (pair.chosen_tokens, pair.rejected_tokens)
                between.append((number + group.replies.index(sides[0]), number + group.replies.index(sides[1])))
        for reply, begin in zip(group.replies, branches, strict=True):
            last = len(pairs[group.pairs[0]].prompt_tokens) - 1  # of the prompt, which says the first of the reply
            stem = len(group.tree.prefix)
            places = [prefix + at if at < stem else begin + at - stem for at in range(last, last + len(reply))]
            spoken += [(at, token, number) for at, token in zip(places, reply, strict=True)]
            number += 1
    indices = [index for group in groups for index in group.pairs]
    columns = [*_columns(single, 3, device), *_columns(spoken, 3, device), *_columns(between, 2, device)]
    return PairBatch(indices, trees, *columns)


def log_ratios(model: PreTrainedModel, batch: PairBatch, length_normalise: bool) -> torch.Tensor:
    """log p(chosen) - log p(rejected) of each pair in the batch, in float32; inside `with packed(model)`.

    With `length_normalise`, the log-probability of a reply is divided by its number of tokens.
    """
    hidden_NC = tree_states(model, batch.trees)
    head = output_head(model)
    single_S = _single_ratios(head, hidden_NC.index_select(0, batch.at_S), batch.chosen_S, batch.rejected_S)
    if not len(batch.at_M):
        return single_S
    said_M = log_probabilities(head, hidden_NC.index_select(0, batch.at_M), batch.token_M)
    length_R = torch.bincount(batch.reply_M)
    said_R = said_M.new_zeros(len(length_R)).index_add(0, batch.reply_M, said_M)
    if length_normalise:
        said_R = said_R / length_R
    return torch.cat([single_S, said_R[batch.chosen_F] - said_R[batch.rejected_F]])


def _single_ratios(
    head: Head, hidden_SC: torch.Tensor, chosen_S: torch.Tensor, rejected_S: torch.Tensor
) -> torch.Tensor:
    if type(head) is not torch.nn.Linear:  # an adapter beside the matrix, or capped logits
        return cross_entropies(head, hidden_SC, rejected_S) - cross_entropies(head, hidden_SC, chosen_S)
    both_S = torch.cat([chosen_S, rejected_S])  # one look-up: its gradient is as large as the matrix
    chosen_SC, rejected_SC = embedding(both_S, head.weight).float().chunk(2)
    single_S = (hidden_SC.float() * (chosen_SC - rejected_SC)).sum(-1)
    if head.bias is not None:
        single_S = single_S + head.bias[chosen_S] - head.bias[rejected_S]
    return single_S


def dpo_losses(margin_P: torch.Tensor, label_smoothing: float) -> torch.Tensor:
    """The loss of each pair, given beta times the log-ratio above the reference's (cDPO with label smoothing)."""
    return -(1 - label_smoothing) * logsigmoid(margin_P) - label_smoothing * logsigmoid(-margin_P)


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
        policy_P = log_ratios(model, batch, self.length_normalise)
        margin_P = self.beta * (policy_P - self.reference_P[batch.pairs])
        losses_P = dpo_losses(margin_P, self.label_smoothing)
        return Loss(losses_P.sum(), (margin_P.sum(), (margin_P > 0).float().sum()))


def _columns(rows: Iterable[tuple[int, ...]], width: int, device: torch.device) -> list[torch.Tensor]:
    table = torch.tensor(rows, dtype=torch.long).reshape(-1, width)
    return [column.contiguous().to(device) for column in table.unbind(1)]

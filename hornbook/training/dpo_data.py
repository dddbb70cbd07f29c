"""Preference pairs as packed batches (report §4.2-4.3), in training order, and with as little computed as possible.

All single-token pairs whose prompts are prefixes of one trajectory share a forward pass over the longest prompt.
Replies to one prompt are the branches of a prefix tree, so that the prompt is encoded once.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import torch

from hornbook.base.prefix_groups import group_by_prefix
from hornbook.base.records import Pair
from hornbook.base.rng import rng
from hornbook.model.packed_forward import PackedDocuments
from hornbook.model.prefix_tree import Tree, Trees, lay_out, part_starts
from hornbook.model.row_layout import DEFAULT, RowLayout
from hornbook.training.settings import DpoSettings

PAIRS_OF_A_PROMPT = 8  # maximum number that share a tree and therefore a step


class PairGroup(NamedTuple):
    """Pairs computed by one tree: single-token pairs along its prefix, or pairs of replies in its branches."""

    pairs: list[int]  # indices of pairs
    tree: Tree
    replies: list[list[int]]  # distinct; none for single-token pairs
    apart: bool = False  # whether the prefix is computed again for each branch

    @property
    def single(self) -> bool:
        return not self.replies

    @property
    def tokens(self) -> int:
        """How many tokens are computed."""
        again = max(len(self.tree.branches) - 1, 0) if self.apart else 0
        return self.tree.tokens + again * len(self.tree.prefix)


class PairBatch(NamedTuple):
    """S single-token pairs, then F pairs of replies; R distinct replies with M tokens in total.

    `at` is the position at which a token is predicted, `reply_M` the reply that it belongs to.
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


def group_pairs(pairs: Sequence[Pair], layout: RowLayout = DEFAULT) -> list[PairGroup]:
    """Single-token pairs by trajectory, pairs of replies by prompt. Every pair is in exactly one group.

    A layout without trees has a group for each pair of replies; one that shares nothing has a group for each pair, with
    both sides as whole texts.
    """
    if not layout.shared:
        return [_whole_texts(index, pair) for index, pair in enumerate(pairs)]
    singles = [index for index, pair in enumerate(pairs) if is_single(pair)]
    groups = [
        PairGroup([singles[i] for i in members], Tree(pairs[singles[members[0]]].prompt_tokens), [])
        for members in group_by_prefix([pairs[index].prompt_tokens for index in singles])
    ]
    by_prompt: dict[tuple[int, ...], list[list[int]]] = {}
    for index, pair in enumerate(pairs):
        if not is_single(pair):
            same = by_prompt.setdefault(tuple(pair.prompt_tokens), [])
            if not same or len(same[-1]) == (PAIRS_OF_A_PROMPT if layout.trees else 1):
                same.append([])
            same[-1].append(index)
    return groups + [_reply_group(indices, pairs, not layout.trees) for same in by_prompt.values() for indices in same]


def _whole_texts(index: int, pair: Pair) -> PairGroup:
    """Both sides as whole texts, for models in which the length of a text affects its first tokens."""
    sides = [pair.chosen_tokens, pair.rejected_tokens]
    texts = [[*pair.prompt_tokens, *side] for side in sides]
    return PairGroup([index], Tree(texts[0][:1], [text[1:] for text in texts]), sides, apart=True)


def _reply_group(indices: list[int], pairs: Sequence[Pair], apart: bool) -> PairGroup:
    replies: list[list[int]] = []
    for index in indices:
        for side in (pairs[index].chosen_tokens, pairs[index].rejected_tokens):
            if side not in replies:
                replies.append(side)
    # the last token of a reply predicts nothing
    return PairGroup(indices, Tree(pairs[indices[0]].prompt_tokens, [reply[:-1] for reply in replies]), replies, apart)


def pair_batch(groups: Sequence[PairGroup], pairs: Sequence[Pair], device: torch.device) -> PairBatch:
    """The groups as one packed forward pass; documents of equal length are adjacent, which is faster."""
    groups = sorted(groups, key=lambda group: (not group.single, -group.tokens))
    trees = lay_out([group.tree for group in groups], device)
    single: list[tuple[int, int, int]] = []  # at, chosen, rejected
    reply_tokens: list[tuple[int, int, int]] = []  # at, token, reply
    reply_pairs: list[tuple[int, int]] = []  # numbers of the chosen and the rejected reply
    number = 0
    for group, (prefix, *branches) in zip(groups, part_starts(trees), strict=True):
        for pair in (pairs[index] for index in group.pairs):
            if group.single:
                single.append((prefix + len(pair.prompt_tokens) - 1, pair.chosen_tokens[0], pair.rejected_tokens[0]))
            else:
                sides = (pair.chosen_tokens, pair.rejected_tokens)
                reply_pairs.append((number + group.replies.index(sides[0]), number + group.replies.index(sides[1])))
        for reply, begin in zip(group.replies, branches, strict=True):
            last = len(pairs[group.pairs[0]].prompt_tokens) - 1  # of the prompt, which predicts the reply's first token
            stem = len(group.tree.prefix)
            positions = [prefix + at if at < stem else begin + at - stem for at in range(last, last + len(reply))]
            reply_tokens += [(at, token, number) for at, token in zip(positions, reply, strict=True)]
            number += 1
    indices = [index for group in groups for index in group.pairs]
    columns = [*_columns(single, 3, device), *_columns(reply_tokens, 3, device), *_columns(reply_pairs, 2, device)]
    return PairBatch(indices, trees, *columns)


def _columns(rows: Iterable[tuple[int, ...]], width: int, device: torch.device) -> list[torch.Tensor]:
    table = torch.tensor(rows, dtype=torch.long).reshape(-1, width)
    return [column.contiguous().to(device) for column in table.unbind(1)]


class PairBatches:
    """Steps of about `batch_pairs` pairs; the pairs of a group stay together. A new order in every epoch.

    Args:
        world: number of processes; all get the same number of microbatches, if there are enough groups.
    """

    def __init__(
        self,
        pairs: Sequence[Pair],
        groups: Sequence[PairGroup],
        settings: DpoSettings,
        seed: int,
        device: torch.device,
        world: int,
    ) -> None:
        self.pairs, self.device = pairs, device
        self.microbatch_tokens, self.world = settings.microbatch_tokens, world
        self.batches: list[list[PairGroup]] = []
        for epoch in range(settings.epochs):
            order = rng(seed, "order", epoch).permutation(len(groups))
            self.batches += split_by_size([groups[index] for index in order], pairs_in, settings.batch_pairs)
        self.steps = len(self.batches)
        self.tokens = settings.epochs * sum(group.tokens for group in groups)

    def microbatches(self, step: int, rank: int, world: int) -> Iterator[PairBatch]:
        for groups in self._parts(step)[rank::world]:
            yield pair_batch(groups, self.pairs, self.device)

    def describe(self, step: int, microbatches: Sequence[int]) -> str:
        parts = self._parts(step)
        named = [parts[number] for number in microbatches] or parts
        ids = [self.pairs[index].id for part in named for group in part for index in group.pairs]
        return f"pairs {', '.join(ids[:4])}{' ...' if len(ids) > 4 else ''}"

    def _parts(self, step: int) -> list[list[PairGroup]]:
        return balance_by_tokens(self.batches[step], self.microbatch_tokens, self.world)


def pairs_in(group: PairGroup) -> int:
    return len(group.pairs)


def split_by_size(groups: Sequence[PairGroup], size_of: Callable[[PairGroup], int], most: int) -> list[list[PairGroup]]:
    """Split groups, in their order, into runs of at most `most` by size; a larger group is a run of its own."""
    runs: list[list[PairGroup]] = []
    remaining = 0
    for group in groups:
        if not runs or size_of(group) > remaining:
            runs.append([])
            remaining = most
        runs[-1].append(group)
        remaining -= size_of(group)
    return runs


def balance_by_tokens(groups: Sequence[PairGroup], most: int, world: int) -> list[list[PairGroup]]:
    """Distribute groups over as few parts of at most `most` tokens as possible, a multiple of `world`, about equally.

    The longest group comes first, each to the part with the fewest tokens. A group above `most` has its own part.
    """
    order = sorted(groups, key=lambda group: -group.tokens)
    number = world * -(-sum(group.tokens for group in groups) // (most * world))
    while True:
        parts: list[list[PairGroup]] = [[] for _ in range(min(number, len(groups)))]
        sizes = [0] * len(parts)
        for group in order:
            lightest = sizes.index(min(sizes))
            parts[lightest].append(group)
            sizes[lightest] += group.tokens
        if number >= len(groups) or max(sizes) <= max(most, order[0].tokens):
            return parts
        number += world

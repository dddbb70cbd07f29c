"""Preference pairs in training order: steps of about so many pairs, in microbatches of about equally many tokens."""

from collections.abc import Callable, Iterator, Sequence

import torch

from hornbook.base.records import Pair
from hornbook.base.rng import rng
from hornbook.training.dpo_loss import Group, PairBatch, pair_batch
from hornbook.training.settings import DpoSettings


class PairBatches:
    """Steps of about `batch_pairs` pairs; the pairs of one group stay together. A new order in every epoch.

    Args:
        world: number of processes; each gets as many microbatches as the others, where there are groups enough.
    """

    def __init__(
        self,
        pairs: Sequence[Pair],
        groups: Sequence[Group],
        settings: DpoSettings,
        seed: int,
        device: torch.device,
        world: int,
    ) -> None:
        self.pairs, self.device = pairs, device
        self.microbatch_tokens, self.world = settings.microbatch_tokens, world
        self.batches: list[list[Group]] = []
        for epoch in range(settings.epochs):
            order = rng(seed, "order", epoch).permutation(len(groups))
            self.batches += fill([groups[index] for index in order], pairs_in, settings.batch_pairs)
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

    def _parts(self, step: int) -> list[list[Group]]:
        return balanced(self.batches[step], self.microbatch_tokens, self.world)


def pairs_in(group: Group) -> int:
    return len(group.pairs)


def fill(groups: Sequence[Group], size_of: Callable[[Group], int], most: int) -> list[list[Group]]:
    """Cut groups, in their order, into runs of at most `most` by size; a group of more is a run of its own."""
    runs: list[list[Group]] = []
    room = 0
    for group in groups:
        if not runs or size_of(group) > room:
            runs.append([])
            room = most
        runs[-1].append(group)
        room -= size_of(group)
    return runs


def balanced(groups: Sequence[Group], most: int, world: int) -> list[list[Group]]:
    """Groups in as few parts of at most `most` tokens as there can be, a multiple of `world`, about equal in tokens.

    The longest first, each to the part with the fewest tokens. A group of more than `most` has a part of its own.
    """
    order = sorted(groups, key=lambda group: -group.tokens)
    number = world * -(-sum(group.tokens for group in groups) // (most * world))
    while True:
        parts: list[list[Group]] = [[] for _ in range(min(number, len(groups)))]
        sizes = [0] * len(parts)
        for group in order:
            lightest = sizes.index(min(sizes))
            parts[lightest].append(group)
            sizes[lightest] += group.tokens
        if number >= len(groups) or max(sizes) <= max(most, order[0].tokens):
            return parts
        number += world

"""Prefix trees: a prefix that is computed once, and branches that each continue it.

A branch attends to its prefix and to itself, not to other branches; its positions continue those of the prefix. So its
hidden states are those of the document "prefix + branch", and the prefix is encoded once. Measured on one core (10.9 M
parameters, forward and backward), pairs of replies as trees are 1.4 to 1.5 times as fast as two documents each: with
prompts of 50 tokens and replies of 5, of 100 and 50, and of 200 and 50.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import torch
from transformers import PreTrainedModel

from hornbook.base.errors import HornbookError
from hornbook.model.output_head import decoder_of
from hornbook.model.packed_forward import PackedDocuments, hidden_states
from hornbook.model.row_layout import layout_of


class Tree(NamedTuple):
    """Token ids of a prefix (never empty) and of its continuations; without branches it is a plain document."""

    prefix: Sequence[int]
    branches: Sequence[Sequence[int]] = ()

    @property
    def tokens(self) -> int:
        return len(self.prefix) + sum(map(len, self.branches))


class Trees(NamedTuple):
    """Trees packed in a row, each its prefix and then its branches."""

    documents: PackedDocuments  # `lengths` are those of whole trees, positions those of "prefix + branch"
    parts: list[list[int]]  # lengths of each tree's prefix and branches


def lay_out(trees: Sequence[Tree], device: torch.device) -> Trees:
    """Pack trees in one row without padding."""
    parts = [[len(part) for part in (tree.prefix, *tree.branches)] for tree in trees]
    tokens = [np.asarray(part, np.int64) for tree in trees for part in (tree.prefix, *tree.branches)]
    begins = [begin for prefix, *branches in parts for begin in (0, *[prefix] * len(branches))]
    positions = [np.arange(begin, begin + len(part)) for begin, part in zip(begins, tokens, strict=True)]
    tokens_N, positions_N = (torch.from_numpy(np.concatenate(pieces)).to(device) for pieces in (tokens, positions))
    return Trees(PackedDocuments(tokens_N, positions_N, [tree.tokens for tree in trees]), parts)


def tree_states(model: PreTrainedModel, trees: Trees) -> torch.Tensor:
    """The final hidden state at each token (shape NC). Call it only inside `with packed(model)`.

    Where the model's layout does not support trees, each branch is computed with its own copy of the prefix.
    Raises HornbookError where the copies differ: some branches exceed the layout's `switch` length, and others do not.
    """
    if all(len(parts) == 1 for parts in trees.parts):
        return hidden_states(model, trees.documents)
    layout = layout_of(model)
    ends = [prefix + max(branches, default=0) for prefix, *branches in trees.parts]
    if layout.switch and any(_straddles(parts, layout.switch) for parts in trees.parts):
        raise HornbookError(
            f"{model.config.model_type}: replies to one prompt on both sides of {layout.switch} tokens cannot share it"
        )
    if not layout.trees or (layout.switch and max(ends) > layout.switch):
        return _as_documents(model, trees)
    output = decoder_of(model)(
        input_ids=trees.documents.tokens_N[None],
        position_ids=trees.documents.positions_N[None],
        use_cache=False,
        document_lengths=ends,
        tree_lengths=trees.parts,
    )
    return output.last_hidden_state[0]


def _straddles(parts: list[int], switch: int) -> bool:
    prefix, *branches = parts
    return prefix > 1 and len({prefix + length > switch for length in branches}) > 1


def _as_documents(model: PreTrainedModel, trees: Trees) -> torch.Tensor:
    """The same computed as whole documents: a tree's prefix with each of its branches."""
    pieces = iter(trees.documents.tokens_N.split([length for parts in trees.parts for length in parts]))
    documents = []
    for _, *branches in trees.parts:
        prefix = next(pieces)
        documents += [torch.cat([prefix, next(pieces)]) for _ in branches] or [prefix]
    lengths = [len(document) for document in documents]
    positions_N = torch.cat([torch.arange(length, device=prefix.device) for length in lengths])
    states = iter(hidden_states(model, PackedDocuments(torch.cat(documents), positions_N, lengths)).split(lengths))
    found = []
    for prefix_length, *branches in trees.parts:
        found.append(next(states))
        found += [next(states)[prefix_length:] for _ in branches[1:]]
    return torch.cat(found)


def part_starts(trees: Trees) -> list[list[int]]:
    """Where in the row each tree's prefix and branches begin."""
    ends = accumulate(length for parts in trees.parts for length in parts)
    return [[next(ends) - length for length in parts] for parts in trees.parts]

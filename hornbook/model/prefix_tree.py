"""Trees in place of documents: a prefix that is computed once, and branches that each continue it.

A branch attends to its prefix and to itself, not to the other branches; its positions go on where the prefix's end. So
it gets the hidden states of the document "prefix + branch" alone, and what the branches share is encoded once.
Measured on one core (10.9 M parameters, forward and backward), pairs of replies as trees are 1.4 to 1.5 times as fast
as two documents each: with prompts of 50 tokens and replies of 5, of 100 and 50, and of 200 and 50.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import torch
from transformers import PreTrainedModel

from hornbook.base.errors import HornbookError
from hornbook.model.output_head import decoder_of
from hornbook.model.packed_forward import Packed, hidden_states
from hornbook.model.row_layout import plan_of


class Tree(NamedTuple):
    """Token ids of a prefix (never empty) and of what continues it; without branches it is a plain document."""

    prefix: Sequence[int]
    branches: Sequence[Sequence[int]] = ()

    @property
    def tokens(self) -> int:
        return len(self.prefix) + sum(map(len, self.branches))


class Trees(NamedTuple):
    """Trees one after the other in a row, each its prefix and then its branches."""

    documents: Packed  # `lengths` are those of whole trees, positions those that each branch would have alone
    parts: list[list[int]]  # lengths of each tree's prefix and branches


def lay_out(trees: Sequence[Tree], device: torch.device) -> Trees:
    """Trees as one row of tokens without padding."""
    parts = [[len(part) for part in (tree.prefix, *tree.branches)] for tree in trees]
    tokens = [np.asarray(part, np.int64) for tree in trees for part in (tree.prefix, *tree.branches)]
    begins = [begin for prefix, *branches in parts for begin in (0, *[prefix] * len(branches))]
    positions = [np.arange(begin, begin + len(part)) for begin, part in zip(begins, tokens, strict=True)]
    tokens_N, positions_N = (torch.from_numpy(np.concatenate(pieces)).to(device) for pieces in (tokens, positions))
    return Trees(Packed(tokens_N, positions_N, [tree.tokens for tree in trees]), parts)


def tree_states(model: PreTrainedModel, trees: Trees) -> torch.Tensor:
    """The final hidden state at each token (shape NC). Only inside `with packed(model)`: see `attention`.

    Where the model's plan has no trees, each branch is computed with a prefix of its own. Raises HornbookError where
    that leaves a prefix without one answer: some of its branches are past the plan's `switch`, and others are not.
    """
    if all(len(parts) == 1 for parts in trees.parts):
        return hidden_states(model, trees.documents)
    plan = plan_of(model)
    ends = [prefix + max(branches, default=0) for prefix, *branches in trees.parts]
    if plan.switch and any(_straddles(parts, plan.switch) for parts in trees.parts):
        raise HornbookError(
            f"{model.config.model_type}: replies to one prompt on both sides of {plan.switch} tokens share no prompt"
        )
    if not plan.trees or (plan.switch and max(ends) > plan.switch):
        return _apart(model, trees)
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


def _apart(model: PreTrainedModel, trees: Trees) -> torch.Tensor:
    """The same by whole documents: those of a tree are its prefix with each of its branches."""
    pieces = iter(trees.documents.tokens_N.split([length for parts in trees.parts for length in parts]))
    documents = []
    for _, *branches in trees.parts:
        prefix = next(pieces)
        documents += [torch.cat([prefix, next(pieces)]) for _ in branches] or [prefix]
    lengths = [len(document) for document in documents]
    positions_N = torch.cat([torch.arange(length, device=prefix.device) for length in lengths])
    states = iter(hidden_states(model, Packed(torch.cat(documents), positions_N, lengths)).split(lengths))
    found = []
    for prefix_length, *branches in trees.parts:
        found.append(next(states))
        found += [next(states)[prefix_length:] for _ in branches[1:]]
    return torch.cat(found)


def starts(trees: Trees) -> list[list[int]]:
    """Where in the row each tree's prefix and branches begin."""
    ends = accumulate(length for parts in trees.parts for length in parts)
    return [[next(ends) - length for length in parts] for parts in trees.parts]

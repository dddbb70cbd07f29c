"""Documents in one row without padding, and what a model says at each of their tokens."""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel

from hornbook.base.errors import HornbookError
from hornbook.model.output_head import decoder_of
from hornbook.model.row_layout import Plan, plan_of

LEAST_FULL = 0.75  # of a padded row


class Packed(NamedTuple):
    """N tokens of documents one after the other; positions begin at 0 with each document."""

    tokens_N: torch.Tensor
    positions_N: torch.Tensor
    lengths: list[int]


def pack_documents(documents: Sequence[Sequence[int] | np.ndarray], device: torch.device) -> Packed:
    """Lay documents (token ids) out one after the other. Documents of equal length cost less when they are adjacent."""
    lengths = [len(document) for document in documents]
    tokens_N = np.concatenate([np.asarray(document, np.int64) for document in documents])
    positions_N = np.concatenate([np.arange(length) for length in lengths])
    return Packed(torch.from_numpy(tokens_N).to(device), torch.from_numpy(positions_N).to(device), lengths)


def hidden_states(model: PreTrainedModel, documents: Packed) -> torch.Tensor:
    """The final hidden state at each token (shape NC); `head.output_head` makes logits of them.

    Only inside `with packed(model)`: see `attention`. Raises HornbookError where the model's plan wants several passes
    and has to do with one.
    """
    plan = plan_of(model)
    passes = _passes(documents.lengths, plan)
    if plan.rows == "packed" and len(passes) == 1:
        return _in_one_row(model, documents)
    if plan.one_pass and len(passes) > 1:
        raise HornbookError(
            f"{model.config.model_type}: texts of these lengths take passes of their own, which shards do not allow; "
            "use --sharding none"
        )
    tokens = documents.tokens_N.split(documents.lengths)
    states: dict[int, torch.Tensor] = {}
    for numbers in passes:
        compute = _packed_states if plan.rows == "packed" else _padded_states
        states.update(zip(numbers, compute(model, [tokens[number] for number in numbers]), strict=True))
    return torch.cat([states[number] for number in range(len(tokens))])


def _passes(lengths: Sequence[int], plan: Plan) -> list[list[int]]:
    """Numbers of the documents that each pass computes."""
    order = sorted(range(len(lengths)), key=lambda number: -lengths[number])
    passes = [list(run) for _, run in groupby(order, lambda number: plan.switch and lengths[number] > plan.switch)]
    if plan.rows == "packed":
        return [sorted(numbers) for numbers in passes]
    if plan.one_pass:
        return passes
    return [run for numbers in passes for run in _about_equal(numbers, lengths, plan.rows == "single")]


def _about_equal(order: Sequence[int], lengths: Sequence[int], single: bool) -> list[list[int]]:
    """Cut the order, longest first, where a padded row would be too empty; everywhere, if each is to be alone."""
    runs: list[list[int]] = []
    for number in order:
        if not runs or single or lengths[number] < LEAST_FULL * lengths[runs[-1][0]]:
            runs.append([])
        runs[-1].append(number)
    return runs


def _in_one_row(model: PreTrainedModel, documents: Packed) -> torch.Tensor:
    output = decoder_of(model)(
        input_ids=documents.tokens_N[None],
        position_ids=documents.positions_N[None],
        use_cache=False,
        document_lengths=documents.lengths,
    )
    return output.last_hidden_state[0]


def _packed_states(model: PreTrainedModel, documents: list[torch.Tensor]) -> list[torch.Tensor]:
    lengths = [len(tokens) for tokens in documents]
    positions_N = torch.cat([torch.arange(length, device=documents[0].device) for length in lengths])
    return list(_in_one_row(model, Packed(torch.cat(documents), positions_N, lengths)).split(lengths))


def _padded_states(model: PreTrainedModel, documents: list[torch.Tensor]) -> list[torch.Tensor]:
    """A row for each document, with padding behind it: nothing that comes later changes what a causal model says."""
    lengths = [len(tokens) for tokens in documents]
    ids_BL = pad_sequence(documents, batch_first=True)
    masked = {}
    if min(lengths) < max(lengths):
        masked["attention_mask"] = pad_sequence([torch.ones_like(tokens) for tokens in documents], batch_first=True)
    output = decoder_of(model)(input_ids=ids_BL, use_cache=False, **masked)
    states_BLC = output.last_hidden_state
    return [states_LC[:length] for states_LC, length in zip(states_BLC, lengths, strict=True)]

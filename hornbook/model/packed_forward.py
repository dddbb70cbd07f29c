"""Packed documents (several in a row without padding), and a model's hidden states for them."""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel

from hornbook.base.errors import HornbookError
from hornbook.model.output_head import decoder_of
from hornbook.model.row_layout import RowLayout, layout_of

LEAST_FULL = 0.75  # least share of tokens in a padded row


class PackedDocuments(NamedTuple):
    """N tokens of documents one after another; positions start at 0 in each document."""

    tokens_N: torch.Tensor
    positions_N: torch.Tensor
    lengths: list[int]


def pack_documents(documents: Sequence[Sequence[int] | np.ndarray], device: torch.device) -> PackedDocuments:
    """Pack documents (token ids) one after another. Adjacent documents of equal length are computed faster."""
    lengths = [len(document) for document in documents]
    tokens_N = np.concatenate([np.asarray(document, np.int64) for document in documents])
    positions_N = np.concatenate([np.arange(length) for length in lengths])
    return PackedDocuments(torch.from_numpy(tokens_N).to(device), torch.from_numpy(positions_N).to(device), lengths)


def hidden_states(model: PreTrainedModel, documents: PackedDocuments) -> torch.Tensor:
    """The final hidden state at each token (shape NC); `output_head.output_head` maps them to logits.

    Call it only inside `with packed(model)`. Raises HornbookError where the model's layout needs several passes but
    allows only one.
    """
    layout = layout_of(model)
    passes = _passes(documents.lengths, layout)
    if layout.rows == "packed" and len(passes) == 1:
        return _in_one_row(model, documents)
    if layout.one_pass and len(passes) > 1:
        raise HornbookError(
            f"{model.config.model_type}: texts of these lengths need several passes, which sharding does not allow; "
            "use --sharding none"
        )
    tokens = documents.tokens_N.split(documents.lengths)
    states: dict[int, torch.Tensor] = {}
    for numbers in passes:
        compute = _packed_states if layout.rows == "packed" else _padded_states
        states.update(zip(numbers, compute(model, [tokens[number] for number in numbers]), strict=True))
    return torch.cat([states[number] for number in range(len(tokens))])


def _passes(lengths: Sequence[int], layout: RowLayout) -> list[list[int]]:
    """Numbers of the documents that each pass computes."""
    order = sorted(range(len(lengths)), key=lambda number: -lengths[number])
    passes = [list(run) for _, run in groupby(order, lambda number: layout.switch and lengths[number] > layout.switch)]
    if layout.rows == "packed":
        return [sorted(numbers) for numbers in passes]
    if layout.one_pass:
        return passes
    return [run for numbers in passes for run in _about_equal(numbers, lengths, layout.rows == "single")]


def _about_equal(order: Sequence[int], lengths: Sequence[int], single: bool) -> list[list[int]]:
    """Split the order, longest first, where a padded row would be too empty; everywhere if `single`."""
    runs: list[list[int]] = []
    for number in order:
        if not runs or single or lengths[number] < LEAST_FULL * lengths[runs[-1][0]]:
            runs.append([])
        runs[-1].append(number)
    return runs


def _in_one_row(model: PreTrainedModel, documents: PackedDocuments) -> torch.Tensor:
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
    return list(_in_one_row(model, PackedDocuments(torch.cat(documents), positions_N, lengths)).split(lengths))


def _padded_states(model: PreTrainedModel, documents: list[torch.Tensor]) -> list[torch.Tensor]:
    """A row for each document, padded on the right, which does not affect a causal model's earlier tokens."""
    lengths = [len(tokens) for tokens in documents]
    ids_BL = pad_sequence(documents, batch_first=True)
    masked = {}
    if min(lengths) < max(lengths):
        masked["attention_mask"] = pad_sequence([torch.ones_like(tokens) for tokens in documents], batch_first=True)
    output = decoder_of(model)(input_ids=ids_BL, use_cache=False, **masked)
    states_BLC = output.last_hidden_state
    return [states_LC[:length] for states_LC, length in zip(states_BLC, lengths, strict=True)]

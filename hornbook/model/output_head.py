"""Logits from the last hidden state; some models scale or cap the product with the output matrix."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutputWithPast

from hornbook.base.errors import HornbookError
from hornbook.model.row_layout import layout_of

Head = Any  # a torch.nn.Linear or another callable that maps hidden states (NC) to logits (NV)


def decoder_of(model: PreTrainedModel) -> PreTrainedModel:
    """The part that maps token ids to the last hidden states. Raises HornbookError for a model without such a part."""
    candidates = (model.get_decoder(), model.base_model, *model.children())  # some return themselves
    for part in candidates:
        if isinstance(part, PreTrainedModel) and part is not model:
            return part
    raise HornbookError(f"{model.config.model_type}: no part of the model maps token ids to hidden states")


def output_head(model: PreTrainedModel) -> Head:
    """Maps hidden states (shape NC) to logits (shape NV): the output matrix, unless the model does more than that."""
    return OwnHead(model) if layout_of(model).own_head else model.get_output_embeddings()


class OwnHead:
    """The part of the model's own forward pass that comes after its decoder.

    Raises the model's exception where that needs more of the decoder's output than hidden states.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model

    def __call__(self, hidden_NC: torch.Tensor) -> torch.Tensor:
        ids_1N = torch.zeros(1, len(hidden_NC), dtype=torch.long, device=hidden_NC.device)  # only their number counts
        with _replaced(decoder_of(self.model), _Output(last_hidden_state=hidden_NC[None])):
            return self.model(input_ids=ids_1N, use_cache=False).logits[0]


class _Output(BaseModelOutputWithPast):
    """A decoder's output with hidden states only: all other attributes are None."""

    def __getattr__(self, name: str) -> None:
        return None


@contextmanager
def _replaced(decoder: torch.nn.Module, output: _Output) -> Iterator[None]:
    def given(*_: Any, **__: Any) -> _Output:
        return output

    decoder.forward = given
    try:
        yield
    finally:
        del decoder.forward

"""From the last hidden state to logits, as a model does it: some scale or cap what comes out of the output matrix."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutputWithPast

from hornbook.base.errors import HornbookError
from hornbook.model.row_layout import plan_of

Head = Any  # a torch.nn.Linear, or another callable that makes logits (NV) of hidden states (NC)


def decoder_of(model: PreTrainedModel) -> PreTrainedModel:
    """What makes the last hidden states from token ids. Raises HornbookError for a model without such a part."""
    candidates = (model.get_decoder(), model.base_model, *model.children())  # some call themselves their decoder
    for part in candidates:
        if isinstance(part, PreTrainedModel) and part is not model:
            return part
    raise HornbookError(f"{model.config.model_type}: no part of it makes hidden states of token ids")


def output_head(model: PreTrainedModel) -> Head:
    """Makes logits (shape NV) of hidden states (shape NC): the output matrix, a `torch.nn.Linear`, if that is all."""
    return OwnHead(model) if plan_of(model).own_head else model.get_output_embeddings()


class OwnHead:
    """The model's own forward pass from where its decoder ends, whatever comes there.

    Raises what the model raises where its forward pass wants more of its decoder than hidden states.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model

    def __call__(self, hidden_NC: torch.Tensor) -> torch.Tensor:
        ids_1N = torch.zeros(1, len(hidden_NC), dtype=torch.long, device=hidden_NC.device)  # only their number counts
        with _replaced(decoder_of(self.model), _Output(last_hidden_state=hidden_NC[None])):
            return self.model(input_ids=ids_1N, use_cache=False).logits[0]


class _Output(BaseModelOutputWithPast):
    """A decoder's output of hidden states alone: what else a model asks for is None."""

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

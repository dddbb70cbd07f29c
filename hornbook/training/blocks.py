"""The decoder layers of a model: compiled, or with activations that are computed again instead of kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from hornbook.base.errors import HornbookError


def decoder_layers(model: PreTrainedModel) -> list[torch.nn.Module]:
    """The layers, first to last. Raises HornbookError for a model in which they cannot be found."""
    count = model.config.get_text_config().num_hidden_layers
    for module in model.get_decoder().modules():
        if isinstance(module, torch.nn.ModuleList) and len(module) == count:
            return list(module)
    raise HornbookError(f"{type(model).__name__}: no list of {count} decoder layers in it")


@contextmanager
def adapted_layers(model: PreTrainedModel, compile: bool, recompute: bool) -> Iterator[None]:
    """Compile the layers of `model`, or have their activations recomputed in the backward pass, or both.

    Only their `forward` is replaced, for the time of the block: hooks (FSDP gathers weights in them) and the names of
    weights stay as they are.
    """
    layers = decoder_layers(model) if compile or recompute else []
    for layer in layers:
        forward = torch.compile(layer.forward) if compile else layer.forward
        if recompute:
            # transformers' own gradient checkpointing works in training mode only, which dropout is part of
            forward = partial(checkpoint, forward, use_reentrant=False, preserve_rng_state=False)
        layer.forward = forward
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward

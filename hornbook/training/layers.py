"""The decoder layers of a model: torch.compile and activation checkpointing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint
from transformers import AttentionInterface, PreTrainedModel

from hornbook.base.errors import HornbookError
from hornbook.model.output_head import decoder_of
from hornbook.model.packed_attention import NAME, packed_attention


def decoder_layers(model: PreTrainedModel) -> list[torch.nn.Module]:
    """The layers, first to last. Raises HornbookError if they cannot be found."""
    count = getattr(model.config.get_text_config(), "num_hidden_layers", 0)
    for module in decoder_of(model).modules():
        if isinstance(module, torch.nn.ModuleList) and len(module) == count:
            return list(module)
    raise HornbookError(f"{type(model).__name__}: the model has no list of {count} decoder layers")


@contextmanager
def adapted_layers(model: PreTrainedModel, compile: bool, recompute: bool) -> Iterator[None]:
    """Compile the layers of `model`, or have their activations recomputed in the backward pass, or both.

    Only their `forward` is replaced, within the block: hooks (in which FSDP gathers weights) and the names of weights
    are unchanged.
    """
    layers = decoder_layers(model) if compile or recompute else []
    lengths: dict[str, Any] = {}
    if compile:
        AttentionInterface.register(NAME, torch.compiler.disable(partial(_attention, lengths)))
    for layer in layers:
        forward = partial(_compiled, torch.compile(layer.forward, dynamic=True), lengths) if compile else layer.forward
        if recompute:
            # transformers' own gradient checkpointing needs training mode, which enables dropout
            forward = partial(checkpoint, forward, use_reentrant=False, preserve_rng_state=False)
        layer.forward = forward
    try:
        yield
    finally:
        AttentionInterface.register(NAME, packed_attention)
        for layer in layers:
            del layer.forward


def _compiled(forward: Callable[..., Any], lengths: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
    """Run a compiled layer, and pass the document lengths to attention outside the compiled graph.

    They differ in every batch, and each change would cause a recompilation.
    """
    lengths.clear()
    lengths.update({name: kwargs.pop(name) for name in list(kwargs) if isinstance(kwargs[name], list)})
    return forward(*args, **kwargs)


def _attention(lengths: dict[str, Any], *args: Any, **kwargs: Any) -> tuple[torch.Tensor, None]:
    return partial(packed_attention, **lengths)(*args, **kwargs)

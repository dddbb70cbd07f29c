"""Disable RWKV's rescaling of weights.

transformers halves some weights in place at the first pass in eval mode, once more every `rescale_every` layers,
against overflow in float16, and doubles them again at the first pass in training mode. Hornbook trains in eval mode and
does not use float16: halved weights would be trained and saved, and halved again when they are loaded.
"""

import copy

import torch
from transformers import PreTrainedModel


@torch.no_grad()
def disable_rescaling(model: PreTrainedModel) -> None:
    """Undo and disable the rescaling; other models are unchanged.

    The model's output stays the same, except for the epsilon of its layer norms (about 1e-4 nats in tiny models). The
    saved configuration keeps `rescale_every`, for use in float16.
    """
    for part in model.modules():
        if not hasattr(part, "layers_are_rescaled"):
            continue
        every = part.config.rescale_every
        if part.layers_are_rescaled and every > 0:
            for number, block in enumerate(part.blocks):
                for matrix in (block.attention.output, block.feed_forward.value):
                    matrix.weight.mul_(2 ** (number // every))
        part.config = copy.deepcopy(part.config)
        part.config.rescale_every = 0

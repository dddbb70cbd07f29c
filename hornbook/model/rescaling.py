"""RWKV's weights stay as they are.

transformers halves some of them in place at the first pass in eval mode, once more every `rescale_every` layers, lest
float16 overflow, and doubles them again at the first pass in training mode. Hornbook trains in eval mode and does not
compute in float16: halved weights would be trained and saved, and halved again by whoever loads them.
"""

import copy

import torch
from transformers import PreTrainedModel


@torch.no_grad()
def keep_weights(model: PreTrainedModel) -> None:
    """Undo that, and let it not happen again; other models are left alone.

    What a model says stays the same, but for the epsilon of its layer norms (about 1e-4 nats in tiny models).
    The configuration that is saved with the model keeps `rescale_every`, for those who compute in float16.
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

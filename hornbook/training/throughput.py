"""How much of the machine a training run uses: its arithmetic, and what the machine does on plain matrices."""

import time
from typing import NamedTuple

import torch
from transformers import PreTrainedModel

SECONDS = 0.2  # of measuring
SIZES = {"cpu": 1024}  # of the matrices
LARGE = 8192


class StepCounts(NamedTuple):
    """What one pass reads: tokens, targets (for the output matrix), and the sum of squared document lengths."""

    tokens: float
    targets: float
    squares: float


class FlopCost(NamedTuple):
    """Floating-point operations of training, forward and backward."""

    per_token: int
    per_target: int
    per_square: int

    def flops(self, work: StepCounts) -> float:
        return self.per_token * work.tokens + self.per_target * work.targets + self.per_square * work.squares


def flop_cost(model: PreTrainedModel) -> FlopCost:
    """From a model's matrices: 6 operations for each weight (4 where it is frozen), plus causal attention.

    Looking up an embedding is free. All experts of a mixture of experts count.
    """
    config = model.config.get_text_config()
    head, embedding = model.get_output_embeddings().weight, model.get_input_embeddings().weight
    heads = getattr(config, "num_attention_heads", None) or 0  # none: a state-space model
    outside = {id(head), id(embedding)}
    inside = [weight for weight in model.parameters() if weight.dim() >= 2 and id(weight) not in outside]
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // max(heads, 1)
    width = heads * head_dim
    # QK and AV over half the square each: 2 * 2 * width / 2 forward, twice that backward
    return FlopCost(sum(map(_per_use, inside)), _per_use(head), 6 * width * config.num_hidden_layers)


def _per_use(weight: torch.Tensor) -> int:
    return weight.numel() * (6 if weight.requires_grad else 4)


def matmul_peak(dtype: torch.dtype, device: torch.device) -> float:
    """Floating-point operations a second of this process in plain products of square matrices: the best of 0.2 s."""
    size = SIZES.get(device.type, LARGE)
    matrix = torch.ones(size, size, dtype=dtype, device=device)
    best, begun = float("inf"), time.perf_counter()
    while time.perf_counter() - begun < SECONDS:
        start = time.perf_counter()
        matrix @ matrix
        if device.type != "cpu":
            torch.accelerator.synchronize()
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best

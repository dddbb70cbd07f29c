"""Throughput of a training run: floating-point operations, relative to plain matrix products on the same machine."""

import time
from typing import NamedTuple

import torch
from transformers import PreTrainedModel

SECONDS = 0.2  # duration of the measurement
SIZES = {"cpu": 1024}  # of the matrices, by device
LARGE = 8192


class StepCounts(NamedTuple):
    """Counts of a pass: tokens, targets (for the output matrix), and the sum of squared document lengths."""

    tokens: float
    targets: float
    squares: float


class FlopCost(NamedTuple):
    """Floating-point operations of training, forward and backward, per token, target and squared length."""

    per_token: int
    per_target: int
    per_square: int

    def flops(self, work: StepCounts) -> float:
        return self.per_token * work.tokens + self.per_target * work.targets + self.per_square * work.squares


def flop_cost(model: PreTrainedModel) -> FlopCost:
    """Computed from a model's matrices: 6 operations for each weight (4 if frozen), plus causal attention.

    Embedding look-ups count as 0. All experts of a mixture of experts count.
    """
    config = model.config.get_text_config()
    head, embedding = model.get_output_embeddings().weight, model.get_input_embeddings().weight
    heads = getattr(config, "num_attention_heads", None) or 0  # 0: a state-space model
    outside = {id(head), id(embedding)}
    inside = [weight for weight in model.parameters() if weight.dim() >= 2 and id(weight) not in outside]
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // max(heads, 1)
    width = heads * head_dim
    # QK and AV, each over half of the square: 2 * 2 * width / 2 forward, twice that backward
    return FlopCost(sum(map(_per_use, inside)), _per_use(head), 6 * width * config.num_hidden_layers)


def _per_use(weight: torch.Tensor) -> int:
    return weight.numel() * (6 if weight.requires_grad else 4)


def matmul_peak(dtype: torch.dtype, device: torch.device) -> float:
    """Floating-point operations per second of this process in products of square matrices: the best within 0.2 s."""
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

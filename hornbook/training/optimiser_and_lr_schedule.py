"""AdamW with constant weight decay on matrices and none on norms, and the learning-rate schedule (report §3)."""

import torch
from transformers import PreTrainedModel

from hornbook.training.settings import LoopSettings

BETA_1 = 0.9


def make_optimiser(model: PreTrainedModel, settings: LoopSettings) -> torch.optim.AdamW:
    """Fused AdamW over all trainable parameters; weights of one dimension (norms, biases) are not decayed."""
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        {"params": [weight for weight in trained if weight.dim() >= 2], "weight_decay": settings.weight_decay},
        {"params": [weight for weight in trained if weight.dim() < 2], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]  # adapters have matrices only
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(BETA_1, settings.beta2), fused=True)


def learning_rate_at(step: int, steps: int, peak: float, warmup_share: float) -> float:
    """The learning rate at step 0 <= `step` < `steps`: linear warm-up to `peak`, then linear decay towards zero."""
    warmup = max(1, round(warmup_share * steps))
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * (steps - step) / (steps - warmup + 1)

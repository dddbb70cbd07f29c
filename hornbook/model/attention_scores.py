"""Causal attention with the variants that some models have: a window, capped scores, sinks.

All of them change the scores of a query and the keys before it. PyTorch's fused kernel supports a mask, but neither
caps (Gemma 2) nor sinks (gpt-oss): these are computed step by step, in transformers' order.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch.nn.functional import dropout, scaled_dot_product_attention
from transformers import PreTrainedModel


class Scores(NamedTuple):
    """How attention scores become weights.

    Attributes:
        scaling: factor of the products of query and key; None for 1 / sqrt(head width).
        dropout: share of the weights to drop.
        window: how many tokens a query sees, itself included; None for all tokens before it.
        cap: soft cap of the scores (tanh).
        sinks_H: for each head a score that takes part in the softmax and has no value.
    """

    scaling: float | None = None
    dropout: float = 0.0
    window: int | None = None
    cap: float | None = None
    sinks_H: torch.Tensor | None = None

    @property
    def plain(self) -> bool:
        """Whether fused kernels support it, with or without a mask."""
        return self.cap is None and self.sinks_H is None

    def narrows(self, keys: int) -> bool:
        """Whether the window is smaller than this number of keys."""
        return self.window is not None and self.window < keys


def causal_attention(q_BHLD: torch.Tensor, k_BGKD: torch.Tensor, v_BGKD: torch.Tensor, scores: Scores) -> torch.Tensor:
    """Causal attention (shape BHLD) of L queries, which are the last of K tokens; heads H, key/value heads G."""
    queries, keys = q_BHLD.shape[2], k_BGKD.shape[2]
    whole = queries == keys and not scores.narrows(keys)
    if not scores.plain:
        return _step_by_step(q_BHLD, k_BGKD, v_BGKD, _visible(queries, keys, scores.window, q_BHLD.device), scores)
    return scaled_dot_product_attention(
        q_BHLD,
        k_BGKD,
        v_BGKD,
        attn_mask=None if whole else _visible(queries, keys, scores.window, q_BHLD.device),
        is_causal=whole,
        scale=scores.scaling,
        dropout_p=scores.dropout,
        enable_gqa=q_BHLD.shape[1] != k_BGKD.shape[1],
    )


def _visible(queries: int, keys: int, window: int | None, device: torch.device) -> torch.Tensor:
    """Whether each query sees each key (shape LK)."""
    sees_LK = torch.ones(queries, keys, dtype=torch.bool, device=device).tril(keys - queries)
    return sees_LK if window is None else sees_LK.triu(keys - queries - window + 1)


def _step_by_step(
    q_BHLD: torch.Tensor, k_BGKD: torch.Tensor, v_BGKD: torch.Tensor, sees_LK: torch.Tensor, scores: Scores
) -> torch.Tensor:
    shared = q_BHLD.shape[1] // k_BGKD.shape[1]
    k_BHKD, v_BHKD = (t.repeat_interleave(shared, 1) for t in (k_BGKD, v_BGKD))
    scaling = q_BHLD.shape[-1] ** -0.5 if scores.scaling is None else scores.scaling
    scores_BHLK = q_BHLD @ k_BHKD.transpose(2, 3) * scaling
    if scores.cap is not None:
        scores_BHLK = torch.tanh(scores_BHLK / scores.cap) * scores.cap
    scores_BHLK = scores_BHLK.masked_fill(~sees_LK, float("-inf"))
    if scores.sinks_H is not None:
        sinks_BHL1 = scores.sinks_H.to(scores_BHLK.dtype).view(1, -1, 1, 1).expand(*scores_BHLK.shape[:3], 1)
        scores_BHLK = torch.cat([scores_BHLK, sinks_BHL1], -1)
    weights_BHLK = scores_BHLK.float().softmax(-1)[..., : k_BHKD.shape[2]].to(v_BHKD.dtype)
    return dropout(weights_BHLK, scores.dropout) @ v_BHKD


@contextmanager
def attention_set_to(model: PreTrainedModel, name: str) -> Iterator[None]:
    """Let `model` use the attention that transformers' registry has under `name`, inside the `with` block."""
    before = model.config._attn_implementation
    model.set_attn_implementation(name)
    try:
        yield
    finally:
        model.set_attn_implementation(before)

"""Attention of many rows over shared prefixes and over each row's own tokens.

Shapes: rows R; blocks S, each a prefix of T columns with P lanes for rows; Q query heads to each of G key heads; own
columns C; width D.
"""

from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from hornbook.base.errors import HornbookError
from hornbook.inference.kv_cache import SharedRows
from hornbook.model.attention_scores import attention_set_to

NAME = "hornbook_prefixes"


def prefix_attention(
    module: torch.nn.Module,
    q_RH1D: Tensor,
    k_RGCD: Tensor,
    v_RGCD: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float | None = None,
    prefixes: SharedRows | None = None,
    **options: Any,
) -> tuple[Tensor, None]:
    """Attention of one new token per row over its prefix and its own columns; without `prefixes` plain attention.

    The two parts are merged by their log-sum-exp, which is exact.
    Raises HornbookError for attention with a soft cap on scores or sinks.
    """
    if options.get("softcap") is not None or options.get("s_aux") is not None:
        raise HornbookError(f"{type(module).__name__}: this kind of attention cannot share prefixes")
    if prefixes is None:
        return sdpa_attention_forward(module, q_RH1D, k_RGCD, v_RGCD, attention_mask, scaling=scaling, **options)
    rows, heads, _, width = q_RH1D.shape
    groups = k_RGCD.shape[1]
    q_RGQD = q_RH1D.reshape(rows, groups, heads // groups, width) * (width**-0.5 if scaling is None else scaling)
    out, total, top = partial_attention(q_RGQD, k_RGCD, v_RGCD, prefixes.own_R11C)
    if prefixes.columns:
        out_T, total_T, top_T = prefix_part(q_RGQD, prefixes, module.layer_idx)
        highest = torch.maximum(top, top_T)
        own, shared = (top - highest).exp_(), (top_T - highest).exp_()
        out = out.mul_(own).add_(out_T.mul_(shared))
        total = total.mul_(own).add_(total_T.mul_(shared))
    return (out / total).to(q_RH1D.dtype).view(rows, 1, heads, -1), None


def prefix_part(q_RGQD: Tensor, prefixes: SharedRows, layer_idx: int) -> tuple[Tensor, Tensor, Tensor]:
    """Attention of each row over its shared prefix: the rows of a prefix are the queries of one matrix product."""
    blocks, lanes = prefixes.mask_SP1T.shape[:2]
    _, groups, queries, width = q_RGQD.shape
    q_SPGQD = q_RGQD[prefixes.row_of_lane].view(blocks, lanes, groups, queries, width)
    q_SGND = q_SPGQD.transpose(1, 2).reshape(blocks, groups, lanes * queries, width)
    mask_S1NT = prefixes.mask_SP1T.expand(-1, -1, queries, -1).reshape(blocks, 1, lanes * queries, -1)
    parts = partial_attention(q_SGND, *prefixes.prefix_layer(layer_idx), mask_S1NT)

    def by_row(part_SGNX: Tensor) -> Tensor:
        part_SGPQX = part_SGNX.view(blocks, groups, lanes, queries, -1)
        return part_SGPQX.transpose(1, 2).flatten(0, 1)[prefixes.lane_R]

    return tuple(map(by_row, parts))  # type: ignore[return-value]


def partial_attention(
    q_BGND: Tensor, k_BGTD: Tensor, v_BGTD: Tensor, mask_B1NT: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Values weighted by exp(score − top) [B, G, N, D], the sum of these weights and `top` [B, G, N, 1], in float32."""
    scores_BGNT = (q_BGND @ k_BGTD.mT).float().add_(mask_B1NT)
    top_BGN1 = scores_BGNT.amax(-1, keepdim=True)
    weights_BGNT = scores_BGNT.sub_(top_BGN1).exp_()
    total_BGN1 = weights_BGNT.sum(-1, keepdim=True)
    return (weights_BGNT.to(v_BGTD.dtype) @ v_BGTD).float(), total_BGN1, top_BGN1


def prefix_sharing(model: PreTrainedModel) -> AbstractContextManager[None]:
    """Let `model` attend to shared prefixes within the `with` block."""
    return attention_set_to(model, NAME)


AttentionInterface.register(NAME, prefix_attention)
AttentionMaskInterface.register(NAME, sdpa_mask)

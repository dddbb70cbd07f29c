"""Attention within documents, for any model that uses transformers' attention registry.

Documents are packed in a single row without padding. On CPUs there is one causal SDPA call per run of equally long
documents, on GPUs one call of FlashAttention for all of them (not yet tested on a GPU). Measured at pocket
size (8,192 tokens in documents of 60 to 256, forward and backward, on a busy machine): per-document SDPA takes 1.2 to
1.7 times as long as a block mask at 256 tokens and 0.7 to 0.8 of its time at 1,024, where memory matters too; gathering
documents into padded buckets takes 1.7 to 4 times as long as the mask.
"""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from itertools import groupby
from typing import Any

import torch
from transformers import AttentionInterface, PreTrainedModel

from hornbook.base.errors import HornbookError
from hornbook.model.attention_scores import Scores, attention_set_to, causal_attention
from hornbook.model.row_layout import layout_of

try:
    from torch.nn.attention.varlen import varlen_attn

    VARLEN = {"window_size", "enable_gqa"} <= inspect.signature(varlen_attn).parameters.keys()
except ImportError:
    VARLEN = False  # an older PyTorch

NAME = "hornbook_packed"
FLASH_DTYPES = (torch.bfloat16, torch.float16)
FLASH_HEAD = 256  # widest head that FlashAttention takes


def packed_attention(
    module: torch.nn.Module,
    q_1HND: torch.Tensor,
    k_1GND: torch.Tensor,
    v_1GND: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    scaling: float | None = None,
    dropout: float = 0.0,
    document_lengths: list[int] | None = None,
    tree_lengths: list[list[int]] | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    s_aux: torch.Tensor | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Causal attention inside each of the documents whose lengths are given; heads H, key/value heads G.

    With `tree_lengths` the documents are trees: see `prefix_tree`. `softcap` bounds the scores, `s_aux` are sinks.
    Raises HornbookError where it would be wrong: with a mask, or when the model does not pass `document_lengths` on.
    """
    if document_lengths is None or attention_mask is not None:
        raise HornbookError(f"{type(module).__name__}: this kind of attention cannot be computed on packed documents")
    # under autocast rotary embeddings return float32 queries and keys, while values are in half precision
    q_1HND, k_1GND = q_1HND.to(v_1GND.dtype), k_1GND.to(v_1GND.dtype)
    scores = Scores(scaling, dropout, sliding_window, softcap, s_aux)
    if tree_lengths is not None:
        return tree_attention(q_1HND, k_1GND, v_1GND, tree_lengths, scores).transpose(1, 2), None
    q_HND, k_GND, v_GND = (t.squeeze(0) for t in (q_1HND, k_1GND, v_1GND))
    if _flash(q_HND, v_GND, scores):
        output_NHD = _varlen(q_HND, k_GND, v_GND, document_lengths, scores)
    else:
        output_NHD = _per_document(q_HND, k_GND, v_GND, document_lengths, scores)
    return output_NHD[None], None


def _per_document(
    q_HND: torch.Tensor, k_GND: torch.Tensor, v_GND: torch.Tensor, lengths: list[int], scores: Scores
) -> torch.Tensor:
    """One attention call for each run of adjacent documents of equal length."""
    runs = [(length, len(list(run))) for length, run in groupby(lengths)]
    sizes = [length * count for length, count in runs]
    outputs = []
    parts = (t.split(sizes, 1) for t in (q_HND, k_GND, v_GND))
    for (length, count), q, k, v in zip(runs, *parts, strict=True):
        q_CHLD, k_CGLD, v_CGLD = (t.unflatten(1, (count, length)).transpose(0, 1) for t in (q, k, v))
        outputs.append(causal_attention(q_CHLD, k_CGLD, v_CGLD, scores).transpose(1, 2).flatten(0, 1))
    return torch.cat(outputs)  # NHD


def _flash(q_HND: torch.Tensor, v_GND: torch.Tensor, scores: Scores) -> bool:
    """Whether variable-length FlashAttention supports this; it needs an Ampere GPU or later."""
    return (
        q_HND.is_cuda
        and q_HND.dtype in FLASH_DTYPES
        and q_HND.shape[-1] == v_GND.shape[-1] <= FLASH_HEAD
        and not scores.dropout
        and scores.plain
        and VARLEN
        and torch.cuda.get_device_capability(q_HND.device)[0] >= 8
    )


def _varlen(
    q_HND: torch.Tensor, k_GND: torch.Tensor, v_GND: torch.Tensor, lengths: list[int], scores: Scores
) -> torch.Tensor:
    """All documents in one call."""
    ends = torch.tensor([0, *lengths], device=q_HND.device).cumsum(0).int()
    q_NHD, k_NGD, v_NGD = (t.transpose(0, 1).contiguous() for t in (q_HND, k_GND, v_GND))
    longest = max(lengths)
    before = -1 if scores.window is None else scores.window - 1  # how many tokens before it a query sees; -1: all
    return varlen_attn(
        q_NHD,
        k_NGD,
        v_NGD,
        ends,
        ends,
        longest,
        longest,
        scale=scores.scaling,
        window_size=(before, 0),
        enable_gqa=len(q_HND) != len(k_GND),
    )


@contextmanager
def packed(model: PreTrainedModel) -> Iterator[None]:
    """Let `model` attend within documents only, inside the `with` block.

    A model whose row layout is not "packed" keeps its own attention.
    """
    with attention_set_to(model, NAME) if layout_of(model).rows == "packed" else nullcontext():
        yield


AttentionInterface.register(NAME, packed_attention)


def tree_attention(
    q_1HND: torch.Tensor, k_1GND: torch.Tensor, v_1GND: torch.Tensor, lengths: list[list[int]], scores: Scores
) -> torch.Tensor:
    """Causal attention within the trees whose lengths are given (shape 1HND); heads H, key/value heads G."""
    sizes = [length for parts in lengths for length in parts]
    parts = zip(q_1HND.split(sizes, 2), k_1GND.split(sizes, 2), v_1GND.split(sizes, 2), strict=True)
    outputs = []
    for _, *branches in lengths:
        q, k_prefix, v_prefix = next(parts)
        outputs.append(causal_attention(q, k_prefix, v_prefix, scores))
        for length in branches:
            q, k, v = next(parts)
            if length:
                outputs.append(causal_attention(q, torch.cat([k_prefix, k], 2), torch.cat([v_prefix, v], 2), scores))
    return torch.cat(outputs, 2)

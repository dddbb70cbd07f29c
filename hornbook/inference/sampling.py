"""The sampling distribution, and drawing from it with random numbers that do not depend on the batch."""

import numpy as np
import torch
from torch import Tensor

from hornbook.base.seeds import rng
from hornbook.inference.settings import Sampling

BLOCK = 64  # tokens summed together before the search, so that no cumulative sum runs over the whole vocabulary


def uniforms(seed: int, key: str, count: int) -> np.ndarray:
    """The random numbers of one rollout, one per position, in [0, 1): a function of seed and key alone."""
    return rng(seed, "rollout", key).random(count)


def probabilities(logits_RV: Tensor, sampling: Sampling) -> Tensor:
    """The exact distribution [rows, vocabulary] that is sampled from; temperature 0 puts everything on one token.

    Tokens as likely as the last one that top-p or top-k keeps are kept too.
    """
    logits_RV = logits_RV.float()
    if sampling.temperature == 0:
        best_R = logits_RV.argmax(-1)
        return torch.zeros_like(logits_RV).scatter_(1, best_R[:, None], 1.0)
    if sampling.temperature != 1:
        logits_RV = logits_RV / sampling.temperature
    if 0 < sampling.top_k < logits_RV.shape[1]:
        least_R1 = logits_RV.topk(sampling.top_k).values[:, -1:]
        logits_RV = logits_RV.masked_fill(logits_RV < least_R1, -torch.inf)
    probs_RV = logits_RV.softmax(-1)
    if sampling.top_p < 1:
        probs_RV = _keep(probs_RV, _nucleus_edge(probs_RV, sampling.top_p))
    if sampling.min_p > 0:
        probs_RV = _keep(probs_RV, probs_RV.amax(-1, keepdim=True) * sampling.min_p)
    return probs_RV


def without(logits_RV: Tensor, probs_RV: Tensor, avoid_R: Tensor, sampling: Sampling) -> Tensor:
    """The distribution [rows, vocabulary] without the tokens `avoid_R` (-1: none), renormalised.

    `probs_RV` is that with them. Where one had all the probability, the filters apply to the logits of the others.
    """
    avoid_R1 = avoid_R.clamp(min=0)[:, None]
    rest_RV = probs_RV.scatter(1, avoid_R1, 0.0)
    rest_R1 = rest_RV.sum(-1, keepdim=True)
    others_RV = probabilities(logits_RV.scatter(1, avoid_R1, -torch.inf), sampling)
    rest_RV = torch.where(rest_R1 > 0, rest_RV / rest_R1, others_RV)
    return torch.where(avoid_R[:, None] < 0, probs_RV, rest_RV)


def _nucleus_edge(probs_RV: Tensor, top_p: float) -> Tensor:
    """The smallest probability [rows, 1] within the smallest set of likeliest tokens that reaches `top_p`."""
    sorted_RV = probs_RV.sort(-1, descending=True).values
    before_RV = sorted_RV.cumsum(-1) - sorted_RV
    return sorted_RV.masked_fill(before_RV >= top_p, torch.inf).amin(-1, keepdim=True)


def _keep(probs_RV: Tensor, least_R1: Tensor) -> Tensor:
    kept_RV = probs_RV.masked_fill(probs_RV < least_R1, 0.0)
    return kept_RV / kept_RV.sum(-1, keepdim=True)


def draw(probs_RV: Tensor, uniforms_R: Tensor) -> tuple[Tensor, Tensor]:
    """Tokens [rows] at which the cumulative distribution passes `uniforms_R` (float64), and their log-probabilities.

    First the block of the vocabulary, then the token in it. A token of probability 0 is never drawn.
    """
    rows, vocabulary = probs_RV.shape
    padding = -vocabulary % BLOCK
    blocks_RNB = (
        torch.nn.functional.pad(probs_RV, (0, padding)).view(rows, -1, BLOCK)
        if padding
        else probs_RV.view(rows, -1, BLOCK)
    )
    mass_RN = blocks_RNB.sum(-1).double()
    block_R, rest_R = _pass(mass_RN, uniforms_R)
    inside_RB = blocks_RNB[torch.arange(rows, device=probs_RV.device), block_R].double()
    inner_R, _ = _pass(inside_RB, rest_R)
    token_R = block_R * BLOCK + inner_R
    return token_R, probs_RV.gather(1, token_R[:, None])[:, 0].log()


def _pass(mass_RN: Tensor, uniforms_R: Tensor) -> tuple[Tensor, Tensor]:
    """Where the cumulative mass passes the share `uniforms_R` of it, and how far into that entry (again in [0, 1))."""
    cumulative_RN = mass_RN.cumsum(-1)
    total_R1 = cumulative_RN[:, -1:]
    target_R1 = uniforms_R[:, None] * total_R1
    last_R = (cumulative_RN < total_R1).sum(-1)  # rounding may put the target on the total: stay on a real entry
    index_R = torch.minimum((cumulative_RN <= target_R1).sum(-1), last_R)
    mass_R = mass_RN.gather(1, index_R[:, None])[:, 0]
    before_R = cumulative_RN.gather(1, index_R[:, None])[:, 0] - mass_R
    return index_R, ((target_R1[:, 0] - before_R) / mass_R).clamp(0.0, 1.0)

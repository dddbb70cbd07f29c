"""The sampling distribution, batch-independent sampling from it, and stop conditions."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import GenerationConfig, PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError
from hornbook.base.rng import rng
from hornbook.inference.settings import Sampling
from hornbook.model.load_save import model_folder

BLOCK = 64  # tokens summed together before the search, to avoid a cumulative sum over the whole vocabulary


def uniforms(seed: int, key: str, count: int) -> np.ndarray:
    """The random numbers of one rollout, one per position, in [0, 1): a function of seed and key only."""
    return rng(seed, "rollout", key).random(count)


def probabilities(logits_RV: Tensor, sampling: Sampling) -> Tensor:
    """The exact sampling distribution [rows, vocabulary]; at temperature 0 one token has probability 1.

    Ties with the last token that top-p or top-k keeps are kept too.
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


def exclude_tokens(logits_RV: Tensor, probs_RV: Tensor, avoid_R: Tensor, sampling: Sampling) -> Tensor:
    """The distribution [rows, vocabulary] without the tokens `avoid_R` (-1: none), renormalised.

    `probs_RV` is the distribution with them. Where such a token has all the probability, the filters apply to the
    logits of the others.
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


def sample_tokens(probs_RV: Tensor, uniforms_M: Tensor, row_M: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Tokens [M] at which the cumulative distributions pass `uniforms_M` (float64), and their log-probabilities.

    `row_M` is the row that each is sampled from; without it one is sampled from each. First the block of the vocabulary
    is searched, then the token in it. A token of probability 0 is never sampled.
    """
    rows, vocabulary = probs_RV.shape
    if row_M is None:
        row_M = torch.arange(rows, device=probs_RV.device)
    padding = -vocabulary % BLOCK
    blocks_RNB = (torch.nn.functional.pad(probs_RV, (0, padding)) if padding else probs_RV).view(rows, -1, BLOCK)
    block_M, rest_M = _pass(blocks_RNB.sum(-1).double().cumsum(-1)[row_M], uniforms_M)
    inner_M, _ = _pass(blocks_RNB[row_M, block_M].double().cumsum(-1), rest_M)
    token_M = block_M * BLOCK + inner_M
    return token_M, probs_RV[row_M, token_M].log()


def _pass(cumulative_MN: Tensor, uniforms_M: Tensor) -> tuple[Tensor, Tensor]:
    """The index at which the cumulative mass passes the share `uniforms_M`, and how far into that entry, in [0, 1]."""
    total_M1 = cumulative_MN[:, -1:]
    target_M1 = uniforms_M[:, None] * total_M1
    last_M = (cumulative_MN < total_M1).sum(-1)  # rounding may make the target equal the total: stay on an entry
    index_M1 = torch.minimum((cumulative_MN <= target_M1).sum(-1), last_M)[:, None]
    upto_M1 = cumulative_MN.gather(1, index_M1)
    before_M1 = torch.where(index_M1 > 0, cumulative_MN.gather(1, (index_M1 - 1).clamp(min=0)), 0.0)
    return index_M1[:, 0], ((target_M1 - before_M1) / (upto_M1 - before_M1)).clamp(0.0, 1.0)[:, 0]


UNFINISHED = "\N{REPLACEMENT CHARACTER}"  # a token with only some bytes of a character decodes to this


class Stops:
    """Token ids and texts that end a completion.

    Only a token with the last character of a stop text (or bytes of one) can complete it: `last` lists those tokens, so
    that little has to be decoded.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, tokens: list[int], texts: list[str]) -> None:
        self.tokenizer, self.tokens = tokenizer, tokens
        self.texts = [text for text in texts if text]
        self.last: list[int] = []
        if not self.texts:
            return
        ends = {text[-1] for text in self.texts} | {UNFINISHED}
        for token in range(len(tokenizer)):
            # twice: some tokenizers drop a space at the beginning of what they decode
            if not ends.isdisjoint(self._decode([token, token])):
                self.last.append(token)
        # A character has up to four bytes, each possibly a token, and some tokens decode to nothing.
        self.tail = 4 * max(map(len, self.texts)) + 4

    def complete(self, sampled: list[int]) -> bool:
        """Whether the last of the `sampled` tokens completed a stop text."""
        text = self._decode(sampled[-self.tail :])
        return any(stop in text for stop in self.texts)

    def _decode(self, tokens: list[int]) -> str:
        return str(self.tokenizer.decode(tokens, skip_special_tokens=False, clean_up_tokenization_spaces=False))


def read_defaults(model: Path | str) -> GenerationConfig | None:
    """The generation_config.json of a model that is on this machine; None without it."""
    try:
        return GenerationConfig.from_pretrained(model_folder(model), local_files_only=True)
    except (HornbookError, OSError):
        return None

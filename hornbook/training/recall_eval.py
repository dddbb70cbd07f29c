"""Key-value recall over distance (report §3.3).

A list of `key=digit` lines ends with a key that occurred `distance` tokens earlier; the model has to predict its digit.
This is HELMET's recall category at a size where models of a few million parameters show a difference.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from hornbook.base.confidence_intervals import Z, estimate
from hornbook.base.rng import rng
from hornbook.base.workspace import Workspace
from hornbook.model.output_head import output_head
from hornbook.model.packed_attention import packed
from hornbook.model.packed_forward import hidden_states, pack_documents

DIGITS = "0123456789"
TOKENS_AT_ONCE = 8192
SHARES_OF_CONTEXT = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 15 / 16)


def recall_over_distance(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    context: int,
    trials: int,
    work: Workspace,
    label: str,
) -> list[dict[str, Any]]:
    """Recall at several distances up to `context` tokens, with 95 % intervals; the same questions for every model.

    Rows of {distance, n, accuracy, low, high, log_likelihood, log_likelihood_low, log_likelihood_high}: the prediction
    is the most likely of the ten digits (0.1 by chance), the log-likelihood is that of the right one among the ten
    (-2.3 by chance).
    """
    digit_ids = torch.tensor([tokenizer.encode(f"={digit}", add_special_tokens=False)[-1] for digit in DIGITS])
    distances = sorted({int(share * context) for share in SHARES_OF_CONTEXT})
    table = []
    with work.progress(label, len(distances) * trials, "questions") as bar:
        for distance in distances:
            questions = [
                recall_question(tokenizer, distance, rng(work.seed, "recall", distance, i)) for i in range(trials)
            ]
            size = max(1, TOKENS_AT_ONCE // distance)
            logprobs = []
            for start in range(0, trials, size):
                batch = [tokens for tokens, _ in questions[start : start + size]]
                logprobs.append(_digit_logprobs(model, batch, digit_ids))
                bar.advance(len(batch))
            digits = [digit for _, digit in questions]
            table.append({"distance": distance, **_summary(torch.cat(logprobs).numpy(), digits)})
    return table


def recall_question(
    tokenizer: PreTrainedTokenizerBase, distance: int, random: np.random.Generator
) -> tuple[list[int], int]:
    """Token ids of a list that ends with its first key, about `distance` tokens later, and the right digit."""
    key, digit = made_up_word(random), int(random.integers(10))
    tokens = tokenizer.encode(f"{key}={digit}\n", add_special_tokens=False)
    ask = tokenizer.encode(f"{key}=", add_special_tokens=False)
    while True:
        line = tokenizer.encode(f"{made_up_word(random)}={int(random.integers(10))}\n", add_special_tokens=False)
        if len(tokens) + len(line) + len(ask) > distance:
            return tokens + ask, digit
        tokens += line


@torch.no_grad()
def _digit_logprobs(model: PreTrainedModel, questions: Sequence[list[int]], digit_ids: torch.Tensor) -> torch.Tensor:
    """Log-probabilities of the ten digits after each question."""
    documents = pack_documents(questions, model.device)
    last = torch.tensor(documents.lengths).cumsum(0) - 1
    with packed(model):
        hidden_QC = hidden_states(model, documents)[last.to(model.device)]
    logits_QV = output_head(model)(hidden_QC)
    return logits_QV[:, digit_ids.to(model.device)].float().log_softmax(-1).cpu()


def _summary(logprobs_QD: np.ndarray, digits: list[int]) -> dict[str, float]:
    hits = estimate([[float(hit)] for hit in logprobs_QD.argmax(1) == digits])
    n = len(digits)
    right = logprobs_QD[np.arange(n), digits]
    half = Z * float(right.std(ddof=1)) / n**0.5 if n > 1 else float("inf")
    mean = float(right.mean())
    return {
        "n": n,
        "accuracy": hits.mean,
        "low": hits.low,
        "high": hits.high,
        "log_likelihood": mean,
        "log_likelihood_low": mean - half,
        "log_likelihood_high": mean + half,
    }


def made_up_word(random: np.random.Generator) -> str:
    """A made-up word of three syllables, so that lists hardly share keys."""
    return "".join(str(random.choice(list("bdfgklmnprstvz"))) + str(random.choice(list("aeiou"))) for _ in range(3))

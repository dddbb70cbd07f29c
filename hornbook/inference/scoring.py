"""Log-probabilities of given continuations, in batches."""

from typing import NamedTuple

import torch
from transformers import PreTrainedModel

from hornbook.base.errors import HornbookError, one_line
from hornbook.inference.forward import kind_of, last_logits, vocabulary_size
from hornbook.inference.prefix_cache import PREFIX, round_up

BATCH_TOKENS = 8192  # padded tokens of one forward pass
BATCH_LOGITS = 1 << 26  # and the most logits it may make (256 MB in float32)


class Columns(NamedTuple):
    """Width of a forward pass: from `least` to `most` tokens; `together`: texts of several lengths may share one."""

    least: int
    most: int
    together: bool

    def shape(self, prefixes: list[list[int]], continuations: list[list[int]]) -> tuple[int, int]:
        """Columns to compute (the last token predicts nothing), and how many of the last need logits."""
        longest = max(len(p) + max(len(c), 1) - 1 for p, c in zip(prefixes, continuations, strict=True))
        columns = max(min(round_up(longest, PREFIX if self.together else 1), self.most), self.least)
        return columns, columns - min(map(len, prefixes)) + 1


def score_batches(
    model: PreTrainedModel, prefixes: list[list[int]], continuations: list[list[int]], width: Columns
) -> list[list[float]]:
    """Natural-log probability of each continuation token given its prefix; texts of similar length are batched.

    Raises HornbookError where the model's forward pass fails.
    """
    vocabulary = vocabulary_size(model)
    order = sorted(range(len(prefixes)), key=lambda i: (len(prefixes[i]) + len(continuations[i]), len(prefixes[i]), i))
    scores: list[list[float]] = [[] for _ in prefixes]
    while order:
        count = len(order) if width.together else 1
        while count > 1 and not _fits(order[:count], prefixes, continuations, width, vocabulary):
            count = (count + 1) // 2
        part, order = order[:count], order[count:]
        try:
            found = _score([prefixes[i] for i in part], [continuations[i] for i in part], width, model)
        except Exception as error:  # a model's own code may raise anything, maybe only at this length
            raise HornbookError(f"{kind_of(model)}: the model's forward pass fails ({one_line(error)})") from error
        for index, logprobs in zip(part, found, strict=True):
            scores[index] = logprobs
    return scores


def _fits(
    part: list[int], prefixes: list[list[int]], continuations: list[list[int]], width: Columns, vocabulary: int
) -> bool:
    columns, kept = width.shape([prefixes[i] for i in part], [continuations[i] for i in part])
    return len(part) * columns <= BATCH_TOKENS and len(part) * kept * vocabulary <= BATCH_LOGITS


def _score(
    prefixes: list[list[int]], continuations: list[list[int]], width: Columns, model: PreTrainedModel
) -> list[list[float]]:
    columns, kept = width.shape(prefixes, continuations)
    tokens_BT = torch.zeros((len(prefixes), columns), dtype=torch.long)
    targets_BK = torch.zeros((len(prefixes), kept), dtype=torch.long)
    for row, (prefix, continuation) in enumerate(zip(prefixes, continuations, strict=True)):
        text = prefix + continuation[:-1]
        tokens_BT[row, : len(text)] = torch.tensor(text)
        start = len(prefix) - 1 - (columns - kept)
        targets_BK[row, start : start + len(continuation)] = torch.tensor(continuation)
    logits_BKV = last_logits(model, tokens_BT, kept)
    chosen_BK = logits_BKV.gather(2, targets_BK.to(model.device)[:, :, None])[:, :, 0]
    logprobs = (chosen_BK - logits_BKV.logsumexp(-1)).tolist()
    starts = [len(prefix) - 1 - (columns - kept) for prefix in prefixes]
    return [
        row[start : start + len(continuation)]
        for row, start, continuation in zip(logprobs, starts, continuations, strict=True)
    ]

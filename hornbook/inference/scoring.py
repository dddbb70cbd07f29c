"""Log-probabilities of given continuations, many at a time."""

import torch
from transformers import PreTrainedModel

from hornbook.inference.trunks import PREFIX, round_up

BATCH_TOKENS = 8192  # padded tokens of one forward pass
BATCH_LOGITS = 1 << 26  # and the most logits it may make (256 MB in float32)


def score_batches(
    model: PreTrainedModel, prefixes: list[list[int]], continuations: list[list[int]], room: int
) -> list[list[float]]:
    """Natural-log probability of each continuation token given its prefix; texts of similar length go together.

    No row is padded beyond `room`, the model's context.
    """
    vocabulary = model.get_output_embeddings().weight.shape[0]
    order = sorted(range(len(prefixes)), key=lambda i: (len(prefixes[i]) + len(continuations[i]), len(prefixes[i]), i))
    scores: list[list[float]] = [[] for _ in prefixes]
    while order:
        count = len(order)
        while count > 1 and not _fits(order[:count], prefixes, continuations, room, vocabulary):
            count = (count + 1) // 2
        part, order = order[:count], order[count:]
        found = _score([prefixes[i] for i in part], [continuations[i] for i in part], room, model)
        for index, logprobs in zip(part, found, strict=True):
            scores[index] = logprobs
    return scores


def _shape(prefixes: list[list[int]], continuations: list[list[int]], room: int) -> tuple[int, int]:
    """Columns to compute (the last token predicts nothing), and how many of the last need logits."""
    longest = max(len(p) + max(len(c), 1) - 1 for p, c in zip(prefixes, continuations, strict=True))
    columns = min(round_up(longest, PREFIX), room)
    return columns, columns - min(map(len, prefixes)) + 1


def _fits(
    part: list[int], prefixes: list[list[int]], continuations: list[list[int]], room: int, vocabulary: int
) -> bool:
    columns, kept = _shape([prefixes[i] for i in part], [continuations[i] for i in part], room)
    return len(part) * columns <= BATCH_TOKENS and len(part) * kept * vocabulary <= BATCH_LOGITS


def _score(
    prefixes: list[list[int]], continuations: list[list[int]], room: int, model: PreTrainedModel
) -> list[list[float]]:
    columns, kept = _shape(prefixes, continuations, room)
    tokens_BT = torch.zeros((len(prefixes), columns), dtype=torch.long)
    targets_BK = torch.zeros((len(prefixes), kept), dtype=torch.long)
    for row, (prefix, continuation) in enumerate(zip(prefixes, continuations, strict=True)):
        text = prefix + continuation[:-1]
        tokens_BT[row, : len(text)] = torch.tensor(text)
        start = len(prefix) - 1 - (columns - kept)
        targets_BK[row, start : start + len(continuation)] = torch.tensor(continuation)
    logits_BKV = model(tokens_BT.to(model.device), use_cache=False, logits_to_keep=kept).logits.float()
    chosen_BK = logits_BKV.gather(2, targets_BK.to(model.device)[:, :, None])[:, :, 0]
    logprobs = (chosen_BK - logits_BKV.logsumexp(-1)).tolist()
    starts = [len(prefix) - 1 - (columns - kept) for prefix in prefixes]
    return [
        row[start : start + len(continuation)]
        for row, start, continuation in zip(logprobs, starts, continuations, strict=True)
    ]

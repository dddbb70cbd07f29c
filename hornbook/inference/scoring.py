"""Log-probabilities of given continuations, in batches."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from hornbook.base.errors import HornbookError, one_line
from hornbook.inference.forward import kind_of, last_logits, vocabulary_size
from hornbook.inference.prefix_cache import PREFIX, round_up
from hornbook.inference.rollouts import Scored
from hornbook.inference.shared_scoring import lay_out, plan_rows, row_logits, row_states

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


def score_shared(model: PreTrainedModel, prefixes: list[list[int]], continuations: list[list[int]]) -> list[Scored]:
    """The score of each continuation after its prefix; what texts have in common at their beginning is computed once.

    Raises HornbookError where the model's forward pass fails.
    """
    texts = [(*prefix, *continuation[:-1]) for prefix, continuation in zip(prefixes, continuations, strict=True)]
    scores = [Scored([], True) for _ in prefixes]
    for numbers in plan_rows(texts):
        try:
            found = _score_row(model, [texts[i] for i in numbers], [continuations[i] for i in numbers])
        except Exception as error:  # a model's own code may raise anything
            raise HornbookError(f"{kind_of(model)}: the model's forward pass fails ({one_line(error)})") from error
        for index, scored in zip(numbers, found, strict=True):
            scores[index] = scored
    return scores


def _score_row(model: PreTrainedModel, texts: list[tuple[int, ...]], continuations: list[list[int]]) -> list[Scored]:
    """Scores of texts that lie in one row, in alphabetical order. A place in the row that several texts share, such as
    the end of a question with several answers of one token, needs its logits once."""
    row = lay_out(texts)
    used = [place[len(place) - len(answer) :] for place, answer in zip(row.places, continuations, strict=True)]
    targets = torch.tensor([token for answer in continuations for token in answer], device=model.device)
    needed, index = np.unique(np.concatenate(used), return_inverse=True)
    states_PC = row_states(model, row)[torch.from_numpy(needed).to(model.device)]
    index_M = torch.from_numpy(index.reshape(-1)).to(model.device)
    logprob_M = torch.empty(len(index), device=model.device)
    likeliest_M = torch.empty(len(index), dtype=torch.bool, device=model.device)
    begin = 0
    for logits_PV in row_logits(model, states_PC, BATCH_LOGITS // vocabulary_size(model)):
        here_M = ((index_M >= begin) & (index_M < begin + len(logits_PV))).nonzero()[:, 0]
        place_M, target_M = index_M[here_M] - begin, targets[here_M]
        logprob_M[here_M] = logits_PV[place_M, target_M] - logits_PV.logsumexp(-1)[place_M]
        likeliest_M[here_M] = logits_PV.argmax(-1)[place_M] == target_M
        begin += len(logits_PV)
    lengths = [len(answer) for answer in continuations]
    return [_scored(*both) for both in zip(logprob_M.split(lengths), likeliest_M.split(lengths), strict=True)]


def _scored(logprob_K: Tensor, likeliest_K: Tensor) -> Scored:
    return Scored(logprob_K.tolist(), bool(likeliest_K.all()))


def score_batches(
    model: PreTrainedModel, prefixes: list[list[int]], continuations: list[list[int]], width: Columns
) -> list[Scored]:
    """The score of each continuation after its prefix, each text computed by itself; texts of similar length are
    batched.

    Raises HornbookError where the model's forward pass fails.
    """
    vocabulary = vocabulary_size(model)
    order = sorted(range(len(prefixes)), key=lambda i: (len(prefixes[i]) + len(continuations[i]), len(prefixes[i]), i))
    scores = [Scored([], True) for _ in prefixes]
    while order:
        count = len(order) if width.together else 1
        while count > 1 and not _fits(order[:count], prefixes, continuations, width, vocabulary):
            count = (count + 1) // 2
        part, order = order[:count], order[count:]
        try:
            found = _score([prefixes[i] for i in part], [continuations[i] for i in part], width, model)
        except Exception as error:  # a model's own code may raise anything, maybe only at this length
            raise HornbookError(f"{kind_of(model)}: the model's forward pass fails ({one_line(error)})") from error
        for index, scored in zip(part, found, strict=True):
            scores[index] = scored
    return scores


def _fits(
    part: list[int], prefixes: list[list[int]], continuations: list[list[int]], width: Columns, vocabulary: int
) -> bool:
    columns, kept = width.shape([prefixes[i] for i in part], [continuations[i] for i in part])
    return len(part) * columns <= BATCH_TOKENS and len(part) * kept * vocabulary <= BATCH_LOGITS


def _score(
    prefixes: list[list[int]], continuations: list[list[int]], width: Columns, model: PreTrainedModel
) -> list[Scored]:
    columns, kept = width.shape(prefixes, continuations)
    tokens_BT = torch.zeros((len(prefixes), columns), dtype=torch.long)
    targets_BK = torch.zeros((len(prefixes), kept), dtype=torch.long)
    for row, (prefix, continuation) in enumerate(zip(prefixes, continuations, strict=True)):
        text = prefix + continuation[:-1]
        tokens_BT[row, : len(text)] = torch.tensor(text)
        start = len(prefix) - 1 - (columns - kept)
        targets_BK[row, start : start + len(continuation)] = torch.tensor(continuation)
    logits_BKV = last_logits(model, tokens_BT, kept)
    targets_BK = targets_BK.to(model.device)
    chosen_BK = logits_BKV.gather(2, targets_BK[:, :, None])[:, :, 0]
    logprob_BK, likeliest_BK = chosen_BK - logits_BKV.logsumexp(-1), logits_BKV.argmax(-1) == targets_BK
    starts = [len(prefix) - 1 - (columns - kept) for prefix in prefixes]
    parts = [slice(start, start + len(answer)) for start, answer in zip(starts, continuations, strict=True)]
    return [_scored(logprob_BK[row, part], likeliest_BK[row, part]) for row, part in enumerate(parts)]

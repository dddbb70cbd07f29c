"""The rows that are decoded together: prefixes enter, one token a step is sampled for each, finished rows leave."""

from collections.abc import Iterator

import numpy as np
import torch
from transformers import DynamicCache, PreTrainedModel

from hornbook.inference.cache import RowCache
from hornbook.inference.rollouts import Request, Rollout
from hornbook.inference.sampling import draw, probabilities, uniforms, without
from hornbook.inference.settings import Sampling
from hornbook.inference.stops import Stops

# Shapes are rounded up to these. Then the arithmetic of a row was measured to give the same bits in any batch
# (float32, x86, MKL; except for the widest matrices on several threads), and kernels meet fewer shapes.
ROWS, COLUMNS, PREFIX = 16, 16, 16
PREFILL_TOKENS = 4096  # tokens of one forward pass over new prefixes


def round_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def mask(tokens: list[int], vocabulary: int) -> torch.Tensor:
    """True [vocabulary] at `tokens`; a tokenizer may know more of them than the model."""
    mask_V = torch.zeros(vocabulary, dtype=torch.bool)
    mask_V[[token for token in tokens if token < vocabulary]] = True
    return mask_V


class Batch:
    """Up to `rows` rollouts under way, of at most `capacity` tokens each, prefix included.

    Rows 0 to `width` are computed; those not alive among them are idle: their result is dropped.
    """

    def __init__(
        self, model: PreTrainedModel, sampling: Sampling, stops: Stops, seed: int, rows: int, capacity: int
    ) -> None:
        device = model.device
        self.model, self.sampling, self.seed = model, sampling, seed
        self.cache = RowCache(rows, capacity)
        self.owner = [-1] * rows  # index of the request in each row; -1 is idle
        self.width = 0
        self.longest = 0  # tokens in the longest row
        self.stops = stops
        vocabulary = model.get_output_embeddings().weight.shape[0]
        self.stop_V = mask(stops.tokens, vocabulary).to(device)
        self.last_V = mask(stops.last, vocabulary).to(device)  # may complete a stop text
        self.alive_R = torch.zeros(rows, dtype=torch.bool, device=device)
        self.avoid_R = torch.full((rows,), -1, device=device)  # in the first step of a row
        self.fresh: list[int] = []  # rows before their first step
        self.token_R = torch.zeros(rows, dtype=torch.long, device=device)  # fed in the next step ...
        self.position_R = torch.zeros(rows, dtype=torch.long, device=device)  # ... at this position
        self.done_R = torch.zeros(rows, dtype=torch.long, device=device)  # tokens sampled so far
        self.limit_R = torch.zeros(rows, dtype=torch.long, device=device)
        shape = (rows, sampling.max_new_tokens)
        self.uniform_RN = torch.zeros(shape, dtype=torch.float64, device=device)
        self.sampled_RN = torch.zeros(shape, dtype=torch.long, device=device)
        self.logprob_RN = torch.zeros(shape, dtype=torch.float32, device=device)
        self.state = [
            self.alive_R, self.token_R, self.position_R, self.done_R, self.limit_R,
            self.uniform_RN, self.sampled_RN, self.logprob_RN,
        ]  # fmt: skip

    @property
    def live(self) -> int:
        return sum(owner >= 0 for owner in self.owner)

    def admit(self, requests: list[tuple[int, Request, int]]) -> None:
        """Start (index, request, limit) triples in idle rows; equal prefixes, given in sequence, are computed once."""
        idle = [row for row, owner in enumerate(self.owner) if owner < 0][: len(requests)]
        for row, (index, request, limit) in zip(idle, requests, strict=True):
            self.owner[row] = index
            self.alive_R[row] = True
            self.avoid_R[row] = request.avoid
            self.token_R[row] = request.prefix[-1]
            self.position_R[row] = len(request.prefix) - 1
            self.done_R[row] = 0
            self.limit_R[row] = limit
            self.uniform_RN[row, :limit] = torch.from_numpy(uniforms(self.seed, request.key, limit))
        self.fresh = [row for row, (_, request, _) in zip(idle, requests, strict=True) if request.avoid >= 0]
        self._prefill(idle, [request.prefix[:-1] for _, request, _ in requests])
        self.width = max(self.width, round_up(idle[-1] + 1, ROWS))
        self._measure()

    def _prefill(self, rows: list[int], prefixes: list[list[int]]) -> None:
        """Keys and values of all but the last token, which the first step feeds."""
        users: dict[tuple[int, ...], list[int]] = {}
        for row, prefix in zip(rows, prefixes, strict=True):
            users.setdefault(tuple(prefix), []).append(row)
        users.pop((), None)
        distinct = sorted(users, key=len)
        while distinct:
            length = round_up(len(distinct[0]), PREFIX)
            part = [p for p in distinct[: max(1, PREFILL_TOKENS // length)] if len(p) <= length]
            distinct = distinct[len(part) :]
            length = min(length, self.cache.capacity)
            tokens_PT = np.zeros((len(part), length), dtype=np.int64)
            for number, tokens in enumerate(part):
                tokens_PT[number, : len(tokens)] = tokens  # padding comes after: causal attention never sees it
            computed = DynamicCache()
            self.model(
                torch.from_numpy(tokens_PT).to(self.model.device),
                past_key_values=computed,
                use_cache=True,
                logits_to_keep=1,
            )
            which = [number for number, tokens in enumerate(part) for _ in users[tokens]]
            self.cache.fill([row for tokens in part for row in users[tokens]], computed, which)

    def step(self) -> None:
        """Sample the next token of every row."""
        width = self.width
        columns = min(round_up(self.longest, COLUMNS), self.cache.capacity)
        position_R = self.position_R[:width]
        seen_RT = torch.arange(columns, device=position_R.device) <= position_R[:, None]
        mask_R11T = torch.zeros(seen_RT.shape, dtype=self.model.dtype, device=position_R.device)
        mask_R11T = mask_R11T.masked_fill_(~seen_RT, -torch.inf)[:, None, None]
        self.cache.at(position_R, columns)
        logits_RV = self.model(
            self.token_R[:width, None],
            attention_mask=mask_R11T,
            position_ids=position_R[:, None],
            past_key_values=self.cache,
            use_cache=True,
        ).logits[:, -1]
        step_R1 = self.done_R[:width, None]
        uniform_R = self.uniform_RN[:width].gather(1, step_R1)[:, 0]
        probs_RV = probabilities(logits_RV, self.sampling)
        if self.fresh:
            fresh = self.fresh
            probs_RV[fresh] = without(logits_RV[fresh], probs_RV[fresh], self.avoid_R[fresh], self.sampling)
            self.fresh = []
        token_R, logprob_R = draw(probs_RV, uniform_R)
        self.sampled_RN[:width].scatter_(1, step_R1, token_R[:, None])
        self.logprob_RN[:width].scatter_(1, step_R1, logprob_R[:, None].float())
        alive_R = self.alive_R[:width]
        self.token_R[:width] = token_R
        self.position_R[:width] += alive_R
        self.done_R[:width] += alive_R
        self.longest += 1

    def finished(self) -> Iterator[tuple[int, Rollout]]:
        """The rollouts that ended with the last step, by index of their request; their rows become idle."""
        width = self.width
        stopped_R = self.stop_V[self.token_R[:width]]
        if self.stops.texts:
            for row in (self.alive_R[:width] & self.last_V[self.token_R[:width]]).nonzero()[:, 0].tolist():
                stopped_R[row] |= self.stops.complete(self.sampled_RN[row, : int(self.done_R[row])].tolist())
        ended_R = self.alive_R[:width] & (stopped_R | (self.done_R[:width] >= self.limit_R[:width]))
        for row in ended_R.nonzero()[:, 0].tolist():
            count = int(self.done_R[row])
            yield (
                self.owner[row],
                Rollout(
                    tokens=self.sampled_RN[row, :count].tolist(),
                    logprobs=self.logprob_RN[row, :count].tolist(),
                    finish="stop" if stopped_R[row] else "length",
                ),
            )
            self.owner[row] = -1
            self.alive_R[row] = False
            self.position_R[row] = self.done_R[row] = 0

    def compact(self) -> None:
        """Move what is alive to the front and compute no more rows than needed."""
        kept = [row for row, owner in enumerate(self.owner) if owner >= 0]
        self._measure()
        self.cache.compact(kept, self.longest)
        for state in self.state:
            state[: len(kept)] = state[kept]
        self.alive_R[len(kept) :] = False
        self.position_R[len(kept) :] = self.done_R[len(kept) :] = 0
        self.owner = [self.owner[row] for row in kept] + [-1] * (len(self.owner) - len(kept))
        self.width = round_up(len(kept), ROWS)

    def _measure(self) -> None:
        self.longest = int(self.position_R[: max(self.width, 1)].max()) + 1

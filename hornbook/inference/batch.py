"""The rows that are decoded together: prefixes enter, one token a step is sampled for each, finished rows leave."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import torch
from transformers import PreTrainedModel

from hornbook.inference.cache import OwnRows
from hornbook.inference.plan import ROWS
from hornbook.inference.rollouts import Request, Rollout
from hornbook.inference.sampling import draw, probabilities, uniforms, without
from hornbook.inference.settings import Sampling
from hornbook.inference.stops import Stops
from hornbook.inference.trunks import Tokens, TrunkStore, round_up


class Job(NamedTuple):
    """A request with its number among the requests, its limit, and the trunk that its prefix, but one token, begins."""

    number: int
    request: Request
    limit: int
    head: Tokens


def mask(tokens: list[int], vocabulary: int) -> torch.Tensor:
    """True [vocabulary] at `tokens`; a tokenizer may know more of them than the model."""
    mask_V = torch.zeros(vocabulary, dtype=torch.bool)
    mask_V[[token for token in tokens if token < vocabulary]] = True
    return mask_V


class Batch:
    """The rollouts under way, up to as many as `cache` has rows; their prefixes come from `store`.

    Rows 0 to `width` are computed; those not alive among them are idle: their result is dropped.
    """

    def __init__(
        self, model: PreTrainedModel, sampling: Sampling, stops: Stops, seed: int, store: TrunkStore, cache: OwnRows
    ) -> None:
        device = model.device
        self.model, self.sampling, self.seed = model, sampling, seed
        self.store, self.cache = store, cache
        rows = cache.rows
        self.owner = [-1] * rows  # index of the request in each row; -1 is idle
        self.width = 0
        self.stops = stops
        vocabulary = model.get_output_embeddings().weight.shape[0]
        self.stop_V = mask(stops.tokens, vocabulary).to(device)
        self.last_V = mask(stops.last, vocabulary).to(device)  # may complete a stop text
        self.alive_R = torch.zeros(rows, dtype=torch.bool, device=device)
        self.avoid_R = torch.full((rows,), -1, device=device)  # in the first step of a row
        self.fresh: list[int] = []  # rows before their first step
        self.token_R = torch.zeros(rows, dtype=torch.long, device=device)  # fed in the next step ...
        self.cut_R = torch.zeros(rows, dtype=torch.long, device=device)  # ... after this much of the trunk ...
        self.done_R = torch.zeros(rows, dtype=torch.long, device=device)  # ... and so many tokens sampled so far
        self.limit_R = torch.zeros(rows, dtype=torch.long, device=device)
        shape = (rows, sampling.max_new_tokens)
        self.uniform_RN = torch.zeros(shape, dtype=torch.float64, device=device)
        self.sampled_RN = torch.zeros(shape, dtype=torch.long, device=device)
        self.logprob_RN = torch.zeros(shape, dtype=torch.float32, device=device)
        self.state = [
            self.alive_R, self.token_R, self.cut_R, self.done_R, self.limit_R,
            self.uniform_RN, self.sampled_RN, self.logprob_RN,
        ]  # fmt: skip

    @property
    def live(self) -> int:
        return sum(owner >= 0 for owner in self.owner)

    def admit(self, queue: deque[Job]) -> None:
        """Start jobs from the front of the queue in idle rows, as many as the cache takes."""
        started: list[tuple[int, Job]] = []
        for row in (row for row, owner in enumerate(self.owner) if owner < 0):
            if not queue or not self.cache.reserve(row, queue[0].head, len(queue[0].request.prefix) - 1):
                break
            started.append((row, queue.popleft()))
        self.cache.fill(self.store.provide([head for _, head, _ in self.cache.waiting]))
        self.fresh = [row for row, job in started if job.request.avoid >= 0]
        for row, job in started:
            self.owner[row] = job.number
            self.alive_R[row] = True
            self.avoid_R[row] = job.request.avoid
            self.token_R[row] = job.request.prefix[-1]
            self.cut_R[row] = len(job.request.prefix) - 1
            self.done_R[row] = 0
            self.limit_R[row] = job.limit
            self.uniform_RN[row, : job.limit] = torch.from_numpy(uniforms(self.seed, job.request.key, job.limit))
        self.width = max(self.width, self._rounded(max((row for row, _ in started), default=-1) + 1))

    def step(self) -> None:
        """Sample the next token of every row."""
        width = self.width
        cut_R, done_R = self.cut_R[:width], self.done_R[:width]
        options = self.cache.at(cut_R, done_R)
        logits_RV = self.model(
            self.token_R[:width, None],
            position_ids=(cut_R + done_R)[:, None],
            past_key_values=self.cache,
            use_cache=True,
            **options,
        ).logits[:, -1]
        step_R1 = done_R[:, None]
        uniform_R = self.uniform_RN[:width].gather(1, step_R1)[:, 0]
        probs_RV = probabilities(logits_RV, self.sampling)
        if self.fresh:
            fresh = self.fresh
            probs_RV[fresh] = without(logits_RV[fresh], probs_RV[fresh], self.avoid_R[fresh], self.sampling)
            self.fresh = []
        token_R, logprob_R = draw(probs_RV, uniform_R)
        self.sampled_RN[:width].scatter_(1, step_R1, token_R[:, None])
        self.logprob_RN[:width].scatter_(1, step_R1, logprob_R[:, None].float())
        self.token_R[:width] = token_R
        self.done_R[:width] += self.alive_R[:width]

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
            self.cut_R[row] = self.done_R[row] = 0
            self.cache.leave(row)

    def compact(self) -> None:
        """Move what is alive to the front and compute no more rows than needed."""
        kept = [row for row, owner in enumerate(self.owner) if owner >= 0]
        self.cache.compact(kept)
        for state in self.state:
            state[: len(kept)] = state[kept]
        self.alive_R[len(kept) :] = False
        self.cut_R[len(kept) :] = self.done_R[len(kept) :] = 0
        self.owner = [self.owner[row] for row in kept] + [-1] * (len(self.owner) - len(kept))
        self.width = self._rounded(len(kept))

    def _rounded(self, rows: int) -> int:
        return min(round_up(rows, ROWS), len(self.owner))

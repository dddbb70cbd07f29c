"""Sampling through transformers' own `generate`, for models whose cache is not columns of keys and values.

Only texts of one length are computed together, so no row is padded, which is correct for any model. Shapes: rows B,
tokens T, vocabulary V.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Any, NamedTuple

import torch
from torch import Tensor
from transformers import GenerationConfig, LogitsProcessor, PreTrainedModel, StoppingCriteria

from hornbook.base.errors import HornbookError, one_line
from hornbook.inference.forward import kind_of
from hornbook.inference.rollouts import Rollout
from hornbook.inference.sampling import Stops, exclude_tokens, probabilities, sample_tokens, uniforms
from hornbook.inference.settings import Sampling
from hornbook.model.context_lengths import text_part

TOKENS = 8192  # computed at a time by a model without a cache, which rereads the whole text for each token


class RolloutJob(NamedTuple):
    """A rollout to sample: number and key of its request."""

    number: int
    key: str
    prefix: list[int]
    limit: int
    avoid: int


class JobSampler:
    """Samples rollouts after texts of one length; called with each step's logits, it returns the next tokens."""

    def __init__(
        self, jobs: list[RolloutJob], sampling: Sampling, stops: Stops, seed: int, device: torch.device
    ) -> None:
        self.jobs, self.sampling, self.stops = jobs, sampling, stops
        self.rollouts = [Rollout([], [], "") for _ in jobs]
        self.avoid_B = torch.tensor([job.avoid for job in jobs], device=device)
        drawn_BT = torch.zeros((len(jobs), max(job.limit for job in jobs)), dtype=torch.float64)
        for row, job in enumerate(jobs):
            drawn_BT[row, : job.limit] = torch.from_numpy(uniforms(seed, job.key, job.limit))
        self.step_TB = iter(drawn_BT.to(device).T)

    def __call__(self, logits_BV: Tensor) -> Tensor:
        probs_BV = probabilities(logits_BV, self.sampling)
        if not self.rollouts[0].tokens:
            probs_BV = exclude_tokens(logits_BV, probs_BV, self.avoid_B, self.sampling)
        token_B, logprob_B = sample_tokens(probs_BV, next(self.step_TB))
        drawn = zip(self.jobs, self.rollouts, token_B.tolist(), logprob_B.tolist(), strict=True)
        for job, rollout, token, logprob in drawn:
            if not rollout.finish:
                rollout.tokens.append(token)
                rollout.logprobs.append(logprob)
                rollout.finish = self._finish(rollout.tokens, job.limit)
        return token_B

    def is_done(self) -> bool:
        return all(rollout.finish for rollout in self.rollouts)

    def _finish(self, tokens: list[int], limit: int) -> str:
        if tokens[-1] in self.stops.tokens or (tokens[-1] in self.stops.last and self.stops.complete(tokens)):
            return "stop"
        return "length" if len(tokens) >= limit else ""


def sample_jobs(
    model: PreTrainedModel,
    jobs: list[RolloutJob],
    sampling: Sampling,
    stops: Stops,
    seed: int,
    *,
    rows: int,
    cache_bytes: int,
    cached: bool,
) -> Iterator[tuple[int, Rollout]]:
    """(request number, rollout) of each job, up to `rows` together, as long as caches stay within about `cache_bytes`.

    Without `cached` the whole text is read again for each token. Raises HornbookError where the model fails.
    """
    for length, alike in groupby(sorted(jobs, key=lambda job: (len(job.prefix), -job.limit)), lambda j: len(j.prefix)):
        waiting = list(alike)
        while waiting:
            longest = length + waiting[0].limit
            fitting = cache_bytes // (longest * _token_bytes(model)) if cached else TOKENS // longest
            count = max(1, min(rows, fitting))
            part, waiting = waiting[:count], waiting[count:]
            drawn = JobSampler(part, sampling, stops, seed, model.device)
            prefix_BT = torch.tensor([job.prefix for job in part])
            try:
                run_generate(model, prefix_BT, part[0].limit, drawn, drawn.is_done, cached=cached)
            except Exception as error:  # a model's own code may raise anything, maybe only at this length
                raise HornbookError(
                    f"{kind_of(model)}: the model fails after prefixes of {length} tokens ({one_line(error)})"
                ) from error
            for job, rollout in zip(part, drawn.rollouts, strict=True):
                yield job.number, rollout


def run_generate(
    model: PreTrainedModel,
    prefix_BT: Tensor,
    most: int,
    choose: Callable[[Tensor], Tensor],
    is_done: Callable[[], bool],
    *,
    cached: bool,
) -> None:
    """Let `generate` add at most `most` tokens to each text until `is_done`; `choose` maps logits [B, V] to tokens."""
    options = GenerationConfig(max_new_tokens=most, do_sample=False, use_cache=cached, disable_compile=True)
    with _no_defaults(model):
        model.generate(
            prefix_BT.to(model.device),
            generation_config=options,
            logits_processor=[_Choose(choose)],
            stopping_criteria=[_StopWhen(is_done)],
        )


def force_tokens(text_BT: Tensor) -> tuple[Callable[[Tensor], Tensor], list[Tensor]]:
    """A `choose` that returns the tokens of given texts, and the list of log-probabilities [B, V] that it is given."""
    met: list[Tensor] = []

    def choose(logits_BV: Tensor) -> Tensor:
        met.append(logits_BV.float().log_softmax(-1))
        return text_BT[:, min(len(met), text_BT.shape[1]) - 1].to(logits_BV.device)  # the last is not used

    return choose, met


class _Choose(LogitsProcessor):
    """Makes `generate` take the chosen token."""

    def __init__(self, choose: Callable[[Tensor], Tensor]) -> None:
        self.choose = choose

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        return torch.full_like(scores, -torch.inf).scatter_(1, self.choose(scores)[:, None], 0.0)


class _StopWhen(StoppingCriteria):
    def __init__(self, is_done: Callable[[], bool]) -> None:
        self.is_done = is_done

    def __call__(self, input_ids: Tensor, scores: Any, **_: Any) -> Tensor:
        return torch.full((len(input_ids),), self.is_done(), device=input_ids.device)


@contextmanager
def _no_defaults(model: PreTrainedModel) -> Iterator[None]:
    """Disable the model's own sampling defaults (temperature, penalties, end tokens)."""
    before = model.generation_config
    model.generation_config = GenerationConfig()
    try:
        yield
    finally:
        model.generation_config = before


def _token_bytes(model: PreTrainedModel) -> int:
    """Upper bound of a token's keys and values in bytes: as wide as embeddings, in all layers."""
    layers = int(getattr(text_part(model.config), "num_hidden_layers", 64))
    return 2 * layers * int(model.get_input_embeddings().weight.shape[1]) * model.dtype.itemsize


def to_jobs(starts: Iterable[Any]) -> list[RolloutJob]:
    """A job for each rollout of `scheduler.RolloutStart`s."""
    return [
        RolloutJob(number, key, start.prefix, start.limit, start.avoid)
        for start in starts
        for number, key in zip(start.numbers, start.keys, strict=True)
    ]

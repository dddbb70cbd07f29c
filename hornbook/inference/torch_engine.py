"""Batched sampling with PyTorch for any Hugging Face causal language model (report §4.3, §5)."""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import cached_property

import torch
import xxhash
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from hornbook.base.prefix_groups import group_by_prefix
from hornbook.inference.attention_windows import context_length, windows_of
from hornbook.inference.capabilities import (
    SamplingMode,
    bytes_per_token,
    find_mode,
    scores_together,
    shares_beginnings,
)
from hornbook.inference.forward import kind_of
from hornbook.inference.generate import sample_jobs, to_jobs
from hornbook.inference.kv_cache import make_rows
from hornbook.inference.prefix_attention import prefix_sharing
from hornbook.inference.prefix_cache import ROWS, PrefixCache, plan_layout, round_up
from hornbook.inference.rollouts import Engine, Request, Rollout, Scored, check_context
from hornbook.inference.sampling import Stops
from hornbook.inference.scheduler import RolloutBatch, RolloutStart
from hornbook.inference.scoring import Columns, score_batches, score_shared
from hornbook.inference.settings import Sampling
from hornbook.model.rescaling import disable_rescaling
from hornbook.tokenizer.end_tokens import end_ids

__all__ = ["Engine", "Request", "Rollout", "Sampling", "TorchEngine"]

log = logging.getLogger(__name__)

TOGETHER = 64  # maximum number of rollouts that start in one row
SHARE = 8  # rollouts in progress for each row
IDLE = 1 / 8  # share of idle rows at which the batch is refilled, or narrowed when the queue is empty


class TorchEngine:
    """Samples completions and scores continuations (see `rollouts.Engine`), up to `batch_size` rows at a time.

    Finished rows are replaced by waiting requests (continuous batching). Rollouts from one prefix share a row until
    they diverge (`scheduler`). Keys and values of a prefix are computed once, as long as they fit, and shared by all
    rollouts that start from it or its first tokens (`prefix_cache`). All caches together stay within `cache_gb` (10⁹
    bytes), if need be with fewer rows; `cache_peak_bytes` is their maximum so far. `context` is the context length in
    tokens, `fingerprint` identifies the weights.

    The same call gives the same bytes, whatever was called before. A rollout's random numbers depend only on seed and
    key, so another batch can change a rollout only where rounding (about 1e-6 of a probability in float32, 1e-2 in
    bfloat16) changes a sampled token.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        batch_size: int = 128,
        seed: int = 0,
        cache_gb: float = 4.0,
    ) -> None:
        disable_rescaling(model)
        self.model, self.tokenizer, self.batch_size, self.seed = model, tokenizer, batch_size, seed
        self.cache_bytes = round(cache_gb * 1e9)
        self.stop = end_ids(tokenizer, model.generation_config)
        self._known_stops: dict[tuple[str, ...], Stops] = {}
        self.fingerprint = weights_digest(model)
        self.context = context_length(model)
        self.windows = windows_of(model)
        self._modes: dict[tuple[int, ...], SamplingMode] = {}

    @property
    def cache_peak_bytes(self) -> int:
        """The maximum of bytes of keys and values held at a time, outside `generate`."""
        return self.store.peak

    @cached_property
    def store(self) -> PrefixCache:
        return PrefixCache(
            self.model, bytes_per_token(self.model), min(self.context, self.windows.original or self.context)
        )

    @property
    def shared(self) -> bool:
        """Whether rows share prefixes, for texts that cross no window."""
        return self.mode() is SamplingMode.SHARED

    @cached_property
    def scores_together(self) -> bool:
        """Whether texts of several lengths are scored in one forward pass."""
        return scores_together(self.model)

    @cached_property
    def shares_beginnings(self) -> bool:
        """Whether texts that begin alike are scored together."""
        return shares_beginnings(self.model)

    def mode(self, crossed: tuple[int, ...] = ()) -> SamplingMode:
        """How texts that cross these edges of the model's windows are computed; tried once."""
        if crossed not in self._modes:
            _ = self.scores_together  # raises for models that are not causal
            self._modes[crossed] = mode = find_mode(self.model, crossed)
            if mode in (SamplingMode.GENERATE, SamplingMode.NO_CACHE):
                lengths = f", in texts beyond {self.windows.span} tokens" if crossed else ""
                log.warning("%s%s: sampled through %s, which is slower", kind_of(self.model), lengths, mode.value)
        return self._modes[crossed]

    @torch.inference_mode()
    def sample(
        self, requests: list[Request], sampling: Sampling, on_done: Callable[[int], None] | None = None
    ) -> list[Rollout]:
        """One rollout per request, in their order; `on_done` is called with the number of tokens of each finished one.

        A rollout also ends, with finish "length", at the end of the model's context. Texts that cross a window of the
        model, and models whose cache is not columns of keys and values, are slower (`capabilities`).
        Raises HornbookError for an empty prefix, for one that fills the context, where no row fits the cache, and for
        models that cannot be computed correctly.
        """
        if not requests:
            return []
        for request in requests:
            check_context(self.context, request.prefix)
        report = on_done or (lambda tokens: None)
        rollouts: dict[int, Rollout] = {}
        apart: dict[tuple[int, ...], list[RolloutStart]] = {}
        for start in self._starts(requests, sampling):
            apart.setdefault(self.windows.crossed(len(start.prefix) + start.limit), []).append(start)
        for crossed, starts in apart.items():
            mode = self.mode(crossed)
            if mode in (SamplingMode.GENERATE, SamplingMode.NO_CACHE):
                made = self._generate(starts, sampling, cached=mode is SamplingMode.GENERATE)
            else:
                made = self._run(starts, sampling, shared=mode is SamplingMode.SHARED, beyond=bool(crossed))
            for number, rollout in made:
                rollouts[number] = rollout
                report(len(rollout.tokens))
        return [rollouts[number] for number in range(len(requests))]

    def _starts(self, requests: list[Request], sampling: Sampling) -> list[RolloutStart]:
        """Requests grouped by prefix, in the order in which they run: by length of the prefix."""
        heads = [tuple(request.prefix[:-1]) for request in requests]
        longest = {heads[i]: heads[members[0]] for members in group_by_prefix(heads) for i in members}
        most = sampling.max_new_tokens
        starts: dict[tuple[tuple[int, ...], int, int], list[RolloutStart]] = {}
        for number, (request, head) in enumerate(zip(requests, heads, strict=True)):
            limit = min(request.limit or most, most, self.context - len(request.prefix))
            alike = starts.setdefault((tuple(request.prefix), limit, request.avoid), [])
            if not alike or len(alike[-1].numbers) == TOGETHER:
                alike.append(RolloutStart([], [], request.prefix, limit, request.avoid, longest[head]))
            alike[-1].numbers.append(number)
            alike[-1].keys.append(request.key)
        order = [start for alike in starts.values() for start in alike]
        return sorted(order, key=lambda start: (len(start.head), start.head, len(start.prefix), start.numbers[0]))

    def _run(
        self, starts: list[RolloutStart], sampling: Sampling, *, shared: bool, beyond: bool
    ) -> Iterator[tuple[int, Rollout]]:
        """(request number, rollout) of each; `beyond`: some layers do not see the whole text."""
        each = [start for start in starts for _ in start.numbers]
        layout = plan_layout(
            [start.head for start in each],
            [start.limit for start in each],
            self.batch_size,
            self.cache_bytes // self.store.token_bytes,
            shared,
        )
        cache = make_rows(layout, self.model.dtype, self.model.device, self.windows if beyond else None)
        self.store.others = layout.tokens() * self.store.token_bytes
        self.store.limit = self.cache_bytes - self.store.others
        self.store.shrink(self.store.limit)
        self.store.count()
        queue, rows = deque(starts), layout.rows
        max_rollouts = min(len(each), max(TOGETHER, SHARE * rows))
        batch = RolloutBatch(self.model, sampling, self._stops(sampling), self.seed, self.store, cache, max_rollouts)
        with prefix_sharing(self.model) if shared else nullcontext():
            while queue or batch.live:
                if queue and rows - batch.live >= rows * IDLE:
                    batch.admit(queue)
                elif not queue and round_up(batch.live, ROWS) <= batch.width * (1 - IDLE):
                    batch.compact()
                yield from batch.step()

    def _generate(
        self, starts: list[RolloutStart], sampling: Sampling, *, cached: bool
    ) -> Iterator[tuple[int, Rollout]]:
        return sample_jobs(
            self.model,
            to_jobs(starts),
            sampling,
            self._stops(sampling),
            self.seed,
            rows=self.batch_size,
            cache_bytes=self.cache_bytes,
            cached=cached,
        )

    def logprobs(self, prefixes: list[list[int]], continuations: list[list[int]]) -> list[list[float]]:
        """The model's own log-probability (temperature 1, no filters) of each continuation token after its prefix.

        Computed by one plain forward pass of the whole text.
        Raises HornbookError for an empty prefix, for texts longer than the context, and for models that are not causal.
        """
        return [scored.logprobs for scored in self.score(prefixes, continuations, share=False)]

    @torch.inference_mode()
    def score(self, prefixes: list[list[int]], continuations: list[list[int]], *, share: bool = True) -> list[Scored]:
        """The same, and whether each continuation is what greedy decoding gives.

        With `share`, what texts have in common at their beginning is computed once, where the model can (see
        `shares_beginnings`) and for texts that cross no window of it. Raises as `logprobs`.
        """
        for prefix, continuation in zip(prefixes, continuations, strict=True):
            check_context(self.context, prefix, len(continuation) - 1)
        lengths = [len(prefix) + len(text) for prefix, text in zip(prefixes, continuations, strict=True)]
        if share and not self.windows.crossed(max(lengths, default=0)) and self.shares_beginnings:
            return score_shared(self.model, prefixes, continuations)
        scores = [Scored([], True) for _ in prefixes]
        original = self.windows.original or self.context
        for long in (False, True):  # LongRoPE uses other factors beyond `original`: the two are not mixed
            part = [number for number, length in enumerate(lengths) if (length > original) == long]
            if not part:
                continue
            width = Columns(original + 1 if long else 0, self.context if long else original, self.scores_together)
            found = score_batches(self.model, [prefixes[i] for i in part], [continuations[i] for i in part], width)
            for number, scored in zip(part, found, strict=True):
                scores[number] = scored
        return scores

    def _stops(self, sampling: Sampling) -> Stops:
        texts = tuple(sampling.stop)
        if texts not in self._known_stops:  # reading a vocabulary takes up to a second
            self._known_stops[texts] = Stops(self.tokenizer, self.stop, list(texts))
        return self._known_stops[texts]


def weights_digest(model: PreTrainedModel) -> str:
    """A digest of a model's configuration and the first values of every weight."""
    hasher = xxhash.xxh3_64(str(model.config.to_json_string()).encode())
    for name, weight in model.named_parameters():
        hasher.update(name.encode())
        hasher.update(weight.detach().flatten()[:4096].float().cpu().numpy().tobytes())
    return hasher.hexdigest()

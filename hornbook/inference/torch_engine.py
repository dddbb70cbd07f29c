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
from hornbook.inference.attention_windows import room_of, windows_of
from hornbook.inference.capabilities import Way, bytes_per_token, find_way, scores_together
from hornbook.inference.forward import kind_of
from hornbook.inference.generate import sample_jobs, to_jobs
from hornbook.inference.kv_cache import make_rows
from hornbook.inference.prefix_attention import sharing
from hornbook.inference.prefix_cache import ROWS, PrefixCache, plan, round_up
from hornbook.inference.rollouts import Engine, Request, Rollout, check_room
from hornbook.inference.sampling import Stops
from hornbook.inference.scheduler import Batch, Start
from hornbook.inference.scoring import Columns, score_batches
from hornbook.inference.settings import Sampling
from hornbook.model.rescaling import keep_weights
from hornbook.tokenizer.end_tokens import end_ids

__all__ = ["Engine", "Request", "Rollout", "Sampling", "TorchEngine"]

log = logging.getLogger(__name__)

TOGETHER = 64  # rollouts that begin in one row at most
SHARE = 8  # rollouts under way, for each row
IDLE = 1 / 8  # share of idle rows at which the batch is refilled, or narrowed when nothing waits


class TorchEngine:
    """Samples completions and scores continuations (see `rollouts.Engine`), up to `batch_size` rows at a time.

    Finished rows are replaced by waiting requests, so no row waits for the slowest. Rollouts from one prefix share a
    row for as long as they are alike (`batch`). Keys and values of a prefix are computed once, while there is room to
    keep them, and shared by all rollouts that start from it or a beginning of it (`prefix_cache`). All caches together
    stay within `cache_gb` (10⁹ bytes), for which fewer rows may run; `cache_peak_bytes` is the most there was. `room`
    is the context in tokens, `fingerprint` names the weights.

    The same call gives the same bytes, whatever was called before. A rollout's random numbers hang on seed and key
    alone, so that another batch can change a rollout only where rounding (about 1e-6 of a probability in float32, 1e-2
    in bfloat16) tips a choice.
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
        keep_weights(model)
        self.model, self.tokenizer, self.batch_size, self.seed = model, tokenizer, batch_size, seed
        self.cache_bytes = round(cache_gb * 1e9)
        self.stop = end_ids(tokenizer, model.generation_config)
        self._known_stops: dict[tuple[str, ...], Stops] = {}
        self.fingerprint = weights_digest(model)
        self.room = room_of(model)
        self.windows = windows_of(model)
        self._ways: dict[tuple[int, ...], Way] = {}

    @property
    def cache_peak_bytes(self) -> int:
        """The most bytes of keys and values that were held at a time, in rows of our own."""
        return self.store.peak

    @cached_property
    def store(self) -> PrefixCache:
        return PrefixCache(self.model, bytes_per_token(self.model), min(self.room, self.windows.original or self.room))

    @property
    def shared(self) -> bool:
        """Whether rows share prefixes, as long as texts cross no window."""
        return self.way() is Way.SHARED

    @cached_property
    def scores_together(self) -> bool:
        """Whether texts of several lengths are scored in one forward pass."""
        return scores_together(self.model)

    def way(self, crossed: tuple[int, ...] = ()) -> Way:
        """How texts are computed that cross these edges of the model's windows; tried once."""
        if crossed not in self._ways:
            _ = self.scores_together  # which refuses what is not causal: no way of sampling would be right
            self._ways[crossed] = way = find_way(self.model, crossed)
            if way in (Way.GENERATE, Way.AFRESH):
                lengths = f", in texts beyond {self.windows.span} tokens" if crossed else ""
                log.warning("%s%s: sampled through %s, which is slower", kind_of(self.model), lengths, way.value)
        return self._ways[crossed]

    @torch.inference_mode()
    def sample(
        self, requests: list[Request], sampling: Sampling, on_done: Callable[[int], None] | None = None
    ) -> list[Rollout]:
        """One rollout per request, in the order of the requests; `on_done` is told the tokens of each finished one.

        A rollout also ends, with finish "length", where the model's context does. Texts that cross a window of the
        model, and those of models whose cache is not columns of keys and values, are computed more slowly (`probe`).
        Raises HornbookError for an empty prefix, for one that fills the context, where no row fits the cache, and for
        models that cannot be right.
        """
        if not requests:
            return []
        for request in requests:
            check_room(self.room, request.prefix)
        told = on_done or (lambda tokens: None)
        rollouts: dict[int, Rollout] = {}
        apart: dict[tuple[int, ...], list[Start]] = {}
        for start in self._starts(requests, sampling):
            apart.setdefault(self.windows.crossed(len(start.prefix) + start.limit), []).append(start)
        for crossed, starts in apart.items():
            way = self.way(crossed)
            if way in (Way.GENERATE, Way.AFRESH):
                made = self._generate(starts, sampling, cached=way is Way.GENERATE)
            else:
                made = self._run(starts, sampling, shared=way is Way.SHARED, beyond=bool(crossed))
            for number, rollout in made:
                rollouts[number] = rollout
                told(len(rollout.tokens))
        return [rollouts[number] for number in range(len(requests))]

    def _starts(self, requests: list[Request], sampling: Sampling) -> list[Start]:
        """What begins alike together, in the order in which they run: prefixes of about the same length together."""
        heads = [tuple(request.prefix[:-1]) for request in requests]
        longest = {heads[i]: heads[members[0]] for members in group_by_prefix(heads) for i in members}
        most = sampling.max_new_tokens
        starts: dict[tuple[tuple[int, ...], int, int], list[Start]] = {}
        for number, (request, head) in enumerate(zip(requests, heads, strict=True)):
            limit = min(request.limit or most, most, self.room - len(request.prefix))
            alike = starts.setdefault((tuple(request.prefix), limit, request.avoid), [])
            if not alike or len(alike[-1].numbers) == TOGETHER:
                alike.append(Start([], [], request.prefix, limit, request.avoid, longest[head]))
            alike[-1].numbers.append(number)
            alike[-1].keys.append(request.key)
        order = [start for alike in starts.values() for start in alike]
        return sorted(order, key=lambda start: (len(start.head), start.head, len(start.prefix), start.numbers[0]))

    def _run(
        self, starts: list[Start], sampling: Sampling, *, shared: bool, beyond: bool
    ) -> Iterator[tuple[int, Rollout]]:
        """The rollouts by number of their request, in rows of our own; `beyond` the reach of some layers."""
        each = [start for start in starts for _ in start.numbers]
        layout = plan(
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
        batch = Batch(self.model, sampling, self._stops(sampling), self.seed, self.store, cache, max_rollouts)
        with sharing(self.model) if shared else nullcontext():
            while queue or batch.live:
                if queue and rows - batch.live >= rows * IDLE:
                    batch.admit(queue)
                elif not queue and round_up(batch.live, ROWS) <= batch.width * (1 - IDLE):
                    batch.compact()
                yield from batch.step()

    def _generate(self, starts: list[Start], sampling: Sampling, *, cached: bool) -> Iterator[tuple[int, Rollout]]:
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

    @torch.inference_mode()
    def logprobs(self, prefixes: list[list[int]], continuations: list[list[int]]) -> list[list[float]]:
        """The model's own log-probability (temperature 1, no filters) of each continuation token after its prefix.

        They are those of one plain forward pass of the whole text.
        Raises HornbookError for an empty prefix, for texts longer than the context, and for models that are not causal.
        """
        for prefix, continuation in zip(prefixes, continuations, strict=True):
            check_room(self.room, prefix, len(continuation) - 1)
        scores: list[list[float]] = [[] for _ in prefixes]
        original = self.windows.original or self.room
        lengths = [len(prefix) + len(text) for prefix, text in zip(prefixes, continuations, strict=True)]
        for long in (False, True):  # LongRoPE takes other factors beyond `original`: the two are not mixed
            part = [number for number, length in enumerate(lengths) if (length > original) == long]
            if not part:
                continue
            width = Columns(original + 1 if long else 0, self.room if long else original, self.scores_together)
            found = score_batches(self.model, [prefixes[i] for i in part], [continuations[i] for i in part], width)
            for number, logprobs in zip(part, found, strict=True):
                scores[number] = logprobs
        return scores

    def _stops(self, sampling: Sampling) -> Stops:
        texts = tuple(sampling.stop)
        if texts not in self._known_stops:  # reading a vocabulary takes up to a second
            self._known_stops[texts] = Stops(self.tokenizer, self.stop, list(texts))
        return self._known_stops[texts]


def weights_digest(model: PreTrainedModel) -> str:
    """Names a model by its configuration and the beginning of every weight."""
    hasher = xxhash.xxh3_64(str(model.config.to_json_string()).encode())
    for name, weight in model.named_parameters():
        hasher.update(name.encode())
        hasher.update(weight.detach().flatten()[:4096].float().cpu().numpy().tobytes())
    return hasher.hexdigest()

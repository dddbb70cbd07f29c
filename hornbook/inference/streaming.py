"""Streaming rollouts: each has its own sampling parameters, joins the batch when it is requested and leaves when it
ends or is no longer wanted. A step samples one token for each of them (continuous batching)."""

from collections import deque
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import msgspec
import numpy as np
import torch
from torch import Tensor

from hornbook.base.errors import HornbookError
from hornbook.inference.capabilities import SamplingMode, find_mode
from hornbook.inference.generate import JobSampler, RolloutJob, run_generate
from hornbook.inference.kv_cache import OwnRows
from hornbook.inference.prefix_cache import round_up
from hornbook.inference.rollouts import check_context
from hornbook.inference.sampling import Stops, probabilities, sample_tokens, uniforms
from hornbook.inference.settings import Sampling
from hornbook.inference.torch_engine import TorchEngine

WIDTH = 4  # rows computed are rounded up to this, so that arithmetic hangs less on who shares the batch
GROWTH = 256  # columns of the cache are rounded up to this, so that it seldom grows


class SampledToken(NamedTuple):
    """A sampled token.

    `logprob` and those of `top`, the likeliest tokens, are natural logarithms of the model's own probabilities, before
    temperature and filters. `finish` is "stop" for an end token, "length" at the limit, else empty.
    """

    token: int
    logprob: float
    top: list[tuple[int, float]]
    finish: str


class StreamRequest(msgspec.Struct):
    """A requested rollout. The same seed, key, prefix and sampling give the same tokens, whatever else is in the batch,
    unless rounding changes a choice.

    `sampling.stop` is ignored: the caller, who decodes the text, looks for it. `top` is how many of the likeliest
    tokens to return with each token. `on_token` is called with each token, and returns whether to go on.
    """

    prefix: list[int]
    sampling: Sampling
    on_token: Callable[[SampledToken], bool]
    seed: int = 0
    key: str = ""
    top: int = 0


class Row(NamedTuple):
    """A rollout in progress."""

    live: StreamRequest
    limit: int
    uniform_N: np.ndarray
    drawn: list[int]


class StreamingBatch:
    """The streaming rollouts of one engine, in up to `rows` rows. Not thread-safe."""

    def __init__(self, engine: TorchEngine, rows: int) -> None:
        self.engine, self.model, self.most = engine, engine.model, rows
        self.stops = Stops(engine.tokenizer, engine.stop, [])
        self.waiting: deque[StreamRequest] = deque()
        self.rows: list[Row | None] = []
        self.cache: OwnRows | None = None
        self.beyond = False
        self._ways: dict[tuple[int, ...], SamplingMode] = {}

    @cached_property
    def tokens(self) -> int:
        """As many as the rows may hold together. Half of the cache's bytes: now and then they are copied."""
        return self.engine.cache_bytes // self.engine.store.token_bytes // 2

    @property
    def busy(self) -> bool:
        return bool(self.waiting) or any(self.rows)

    def add(self, live: StreamRequest) -> None:
        """Begin as soon as there is a row. Raises as `check` does."""
        self.check(live)
        self.waiting.append(live)

    def check(self, live: StreamRequest) -> None:
        """Raises HornbookError where nothing can be sampled: no prefix, no room in the context or the cache."""
        check_context(self.engine.context, live.prefix)
        if self._way_of(live) is SamplingMode.COPIED and self._columns(live) > self.tokens:
            raise HornbookError(
                f"{len(live.prefix)} tokens with {self._limit(live)} more do not fit the cache, which holds "
                f"{self.tokens}; ask for fewer"
            )

    def clear(self) -> None:
        """Drop all rollouts, without a callback."""
        self.waiting.clear()
        self.rows, self.cache = [], None

    @torch.inference_mode()
    def step(self) -> None:
        """Start waiting rollouts if there is room, and sample a token for each row."""
        self._admit()
        if self.cache is not None and any(self.rows):
            self._advance(self.cache)

    def way(self, crossed: tuple[int, ...]) -> SamplingMode:
        """How texts are computed that cross these windows of the model, tried once; never in rows that share."""
        if crossed not in self._ways:
            self._ways[crossed] = find_mode(self.model, crossed, share=False)
        return self._ways[crossed]

    def _way_of(self, live: StreamRequest) -> SamplingMode:
        return self.way(self._crossed(live))

    def _crossed(self, live: StreamRequest) -> tuple[int, ...]:
        return self.engine.windows.crossed(len(live.prefix) + self._limit(live))

    def _limit(self, live: StreamRequest) -> int:
        return min(live.sampling.max_new_tokens, self.engine.context - len(live.prefix))

    def _columns(self, live: StreamRequest) -> int:
        return round_up(len(live.prefix) + self._limit(live), GROWTH)

    def _admit(self) -> None:
        while self.waiting:
            live = self.waiting[0]
            way = self._way_of(live)
            if way is SamplingMode.COPIED:
                row = self._place(live, beyond=bool(self._crossed(live)))
                if row is None:
                    return
                self.waiting.popleft()
                self._begin(row, live)
            else:
                self.waiting.popleft()
                self._alone(live, cached=way is SamplingMode.GENERATE)

    def _place(self, live: StreamRequest, *, beyond: bool) -> int | None:
        """An idle row of a cache that is large enough; None where the others have to leave first."""
        kept = [row for row, held in enumerate(self.rows) if held]
        columns, rows = self._columns(live), len(kept) + 1
        if self.cache is not None and kept:
            columns = max(columns, self.cache.capacity)
        most = self.tokens // columns
        if rows > min(self.most, most):
            return None
        idle = next((row for row, held in enumerate(self.rows) if not held), len(self.rows))
        fits = self.cache is not None and columns == self.cache.capacity and idle < self.cache.rows
        if kept and fits and beyond <= self.beyond:
            return idle
        self._rebuild(kept, min(round_up(rows, WIDTH), most), columns, beyond or (self.beyond and bool(kept)))
        return len(kept)

    def _rebuild(self, kept: list[int], rows: int, columns: int, beyond: bool) -> None:
        """Another cache, of other size, with what the rows `kept` hold at its beginning."""
        model, windows = self.model, self.engine.windows
        cache = OwnRows(rows, columns, model.dtype, model.device, windows if beyond else None)
        if self.cache is not None and kept:
            cache.take(self.cache, kept)
        self.rows = [self.rows[row] for row in kept]
        self.cache, self.beyond = cache, beyond
        store = self.engine.store
        store.others = rows * columns * store.token_bytes
        store.limit = max(0, self.engine.cache_bytes - store.others)
        store.shrink(store.limit)

    def _begin(self, row: int, live: StreamRequest) -> None:
        assert self.cache is not None
        head, limit = tuple(live.prefix[:-1]), self._limit(live)
        self.cache.reserve(row, head, len(head))
        self.cache.fill(self.engine.store.provide([head] if head else []))
        self.rows += [None] * (row + 1 - len(self.rows))
        self.rows[row] = Row(live, limit, uniforms(live.seed, live.key, limit), [])

    def _advance(self, cache: OwnRows) -> None:
        width = min(round_up(max(row for row, held in enumerate(self.rows) if held) + 1, WIDTH), cache.rows)
        held = [self.rows[row] if row < len(self.rows) else None for row in range(width)]
        device = self.model.device
        fed = [0 if row is None else [*row.live.prefix[-1:], *row.drawn][-1] for row in held]
        cut = [0 if row is None else len(row.live.prefix) - 1 for row in held]
        own = [0 if row is None else len(row.drawn) for row in held]
        cut_R, own_R = torch.tensor(cut, device=device), torch.tensor(own, device=device)
        options = cache.at(cut_R, own_R)
        logits_RV = self.model(
            torch.tensor(fed, device=device)[:, None],
            position_ids=(cut_R + own_R)[:, None],
            past_key_values=cache,
            use_cache=True,
            **options,
        ).logits[:, -1]
        rows = [row for row, there in enumerate(held) if there]
        for row, told in zip(rows, self._draw(logits_RV[rows], [self.rows[row] for row in rows]), strict=True):
            there = self.rows[row]
            assert there
            there.drawn.append(told.token)
            if not there.live.on_token(told) or told.finish:
                self.rows[row] = None
        while self.rows and self.rows[-1] is None:
            self.rows.pop()

    def _draw(self, logits_RV: Tensor, rows: list[Row | None]) -> list[SampledToken]:
        """A token for each row, each from its own distribution."""
        live = [row for row in rows if row]
        token_R = torch.zeros(len(live), dtype=torch.long, device=logits_RV.device)
        for sampling in {_filters(row.live.sampling): row.live.sampling for row in live}.values():
            alike = [at for at, row in enumerate(live) if _filters(row.live.sampling) == _filters(sampling)]
            uniform_M = torch.tensor(
                [live[at].uniform_N[len(live[at].drawn)] for at in alike], dtype=torch.float64, device=logits_RV.device
            )
            token_R[alike] = sample_tokens(probabilities(logits_RV[alike], sampling), uniform_M)[0]
        said = own_logprobs(logits_RV, token_R, [row.live.top for row in live])
        told = []
        for row, token, (logprob, top) in zip(live, token_R.tolist(), said, strict=True):
            stopped = token in self.stops.tokens
            finish = "stop" if stopped else "length" if len(row.drawn) + 1 >= row.limit else ""
            told.append(SampledToken(token, logprob, top, finish))
        return told

    def _alone(self, live: StreamRequest, *, cached: bool) -> None:
        """All of a rollout by transformers' `generate`, while the others wait: for models without plain columns."""
        limit = self._limit(live)
        job = RolloutJob(0, live.key, live.prefix, limit, -1)
        drawn = JobSampler(
            [job], live.sampling.model_copy(update={"stop": []}), self.stops, live.seed, self.model.device
        )
        wanted = True

        def choose(logits_1V: Tensor) -> Tensor:
            nonlocal wanted
            token_1 = drawn(logits_1V)
            ((logprob, top),) = own_logprobs(logits_1V, token_1, [live.top])
            wanted = live.on_token(SampledToken(int(token_1), logprob, top, drawn.rollouts[0].finish))
            return token_1

        prefix_1T = torch.tensor([live.prefix])
        run_generate(self.model, prefix_1T, limit, choose, lambda: not wanted or drawn.is_done(), cached=cached)


def own_logprobs(logits_RV: Tensor, token_R: Tensor, top: list[int]) -> list[tuple[float, list[tuple[int, float]]]]:
    """The model's own log-probability of each token, and as many of the likeliest tokens as `top` says for its row."""
    logprob_RV = logits_RV.float().log_softmax(-1)
    own = logprob_RV.gather(1, token_R[:, None])[:, 0].tolist()
    most = min(max(top), logits_RV.shape[1])
    if not most:
        return [(logprob, []) for logprob in own]
    likeliest = logprob_RV.topk(most)
    rows = zip(likeliest.indices.tolist(), likeliest.values.tolist(), strict=True)
    pairs = [list(zip(*row, strict=True)) for row in rows]
    return [(logprob, row[:count]) for logprob, row, count in zip(own, pairs, top, strict=True)]


def _filters(sampling: Sampling) -> tuple[float, ...]:
    """What makes a distribution: all but lengths and stop texts."""
    return sampling.temperature, sampling.top_p, sampling.top_k, sampling.min_p

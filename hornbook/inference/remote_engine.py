"""Rollouts from a server that completes token ids: vLLM's, or llama.cpp's llama-server (report §4.3 at scale)."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import lru_cache
from pathlib import Path
from typing import Any, Self, TypeVar

from transformers import PreTrainedTokenizerBase

from hornbook.base.asynchronous import Runner
from hornbook.base.errors import HornbookError
from hornbook.base.rng import derive, rng
from hornbook.inference.remote_http import RolloutServer
from hornbook.inference.remote_protocols import Dialect, open_dialect
from hornbook.inference.remote_rollouts import Draw, Reply, alone, append, filtered, other_than
from hornbook.inference.rollouts import Request, Rollout, check_room
from hornbook.inference.sampling import Stops, read_defaults
from hornbook.inference.settings import BackendSettings, Sampling
from hornbook.tokenizer.end_tokens import end_ids

SEEDS = 2**32 - 1  # llama.cpp takes 32 bits, and the last number for "any"
AT_ONCE = 4  # first tokens drawn together until one differs from the one to avoid
PROBE = "The ship of 1234 stars is naïve"  # decoded by the server, to see that its token ids mean the same

Result = TypeVar("Result")


class ServerEngine:
    """Samples completions and scores continuations (see `rollouts.Engine`) on a server, many requests in flight.

    Token ids go both ways; text is never cut into tokens again. Seeds hang on (seed, key) and the place in the
    rollout, so a rerun asks for the same. Whether it gets the same is the server's affair: the arithmetic of a
    batch that others share may round differently. A request that was answered is not sent again.
    `avoid`: without filters the token is banned by its logit. With filters that would change what they keep, so the
    first token is drawn from the filtered distribution that the server tells, or again and again until it differs; its
    log-probability is then renormalised, by vLLM only where the avoided token is among the 20 likeliest (else it is
    too low by less than 0.05). vLLM tells probabilities after temperature and filters with
    `--logprobs-mode processed_logprobs` only; where they matter (`probabilities`, or a token to avoid) and it was
    started without, that is an error.
    llama.cpp also ends a rollout on end-of-generation tokens of its own GGUF.
    Close it after use (it is a context manager).
    """

    def __init__(
        self,
        settings: BackendSettings,
        tokenizer: PreTrainedTokenizerBase,
        model: Path | str | None = None,
        *,
        seed: int = 0,
        probabilities: bool = True,
    ) -> None:
        """`model` is looked at for the tokens that end its replies, where its folder is on this machine.

        Raises HornbookError when no such server answers, and when its model has another tokenizer.
        """
        self.settings, self.tokenizer, self.seed, self.probabilities = settings, tokenizer, seed, probabilities
        self.stop = end_ids(tokenizer, read_defaults(model) if model else None)
        self._stops = lru_cache(lambda texts: Stops(tokenizer, self.stop, list(texts)))
        self._runner = Runner()
        try:
            self._run(self._connect())
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if hasattr(self, "_remote"):
            self._runner.run(self._remote.close())
        self._runner.close()

    def sample(
        self, requests: list[Request], sampling: Sampling, on_done: Callable[[int], None] | None = None
    ) -> list[Rollout]:
        """One rollout per request, in the order of the requests; `on_done` is told the tokens of each finished one.

        Raises HornbookError for an empty prefix, one that fills the context, and a server that stops answering.
        """
        for request in requests:
            check_room(self.room, request.prefix)
        self._dialect.check(sampling, self.probabilities, any(request.avoid >= 0 for request in requests))
        stops = self._stops(tuple(sampling.stop))

        async def rollout(request: Request) -> Rollout:
            done = await self._rollout(request, sampling, stops)
            if on_done:
                on_done(len(done.tokens))
            return done

        order = sorted(range(len(requests)), key=lambda i: (requests[i].prefix, i))  # the server has caches
        made = self._run(self._all([rollout(requests[index]) for index in order]))
        return [found for _, found in sorted(zip(order, made, strict=True), key=lambda pair: pair[0])]

    def logprobs(self, prefixes: list[list[int]], continuations: list[list[int]]) -> list[list[float]]:
        """The model's own log-probability (temperature 1, no filters) of each continuation token after its prefix.

        vLLM scores a text in one request; llama.cpp one token a request. Raises HornbookError as `sample` does.
        """
        for prefix, continuation in zip(prefixes, continuations, strict=True):
            check_room(self.room, prefix, len(continuation) - 1)
        pairs = zip(prefixes, continuations, strict=True)
        return self._run(self._all([self._score(prefix, continuation) for prefix, continuation in pairs]))

    async def _connect(self) -> None:
        self._remote = RolloutServer(self.settings)
        self._places = asyncio.Semaphore(self.settings.concurrency)
        self._dialect: Dialect = await open_dialect(self._remote, self.settings.served_model, self.stop)
        self.room, self.fingerprint = self._dialect.room, self._dialect.fingerprint
        tokens = self.tokenizer.encode(PROBE, add_special_tokens=False)
        theirs = await self._dialect.text(tokens)
        if theirs and theirs.strip() != self.tokenizer.decode(tokens).strip():
            raise HornbookError(
                f"{self._remote.root}: the server's model ({self.fingerprint.partition('@')[0]}) has another tokenizer "
                "than the model given here; serve the same model"
            )

    async def _rollout(self, request: Request, sampling: Sampling, stops: Stops) -> Rollout:
        """Part after part, until a limit or an end is met. It begins when there is a place for it."""
        limit = min(request.limit or sampling.max_new_tokens, sampling.max_new_tokens, self.room - len(request.prefix))
        chunk = self._dialect.chunk if stops.texts and self._dialect.chunk else limit
        done = Rollout([], [], "length")
        async with self._places:
            while len(done.tokens) < limit and done.finish == "length":
                if request.avoid >= 0 and not done.tokens:
                    part = await self._other_than(request, sampling)
                else:
                    part = await self._dialect.draw(
                        Draw(
                            prompt=request.prefix + done.tokens,
                            limit=min(chunk, limit - len(done.tokens)),
                            seed=self._seed(request, len(done.tokens)),
                            sampling=sampling,
                        )
                    )
                if part.tokens[0] == request.avoid and not done.tokens:
                    raise HornbookError(f"{self._remote.root}: the server gave a token it was told not to (logit_bias)")
                append(done, part, stops, limit)
        return done

    async def _other_than(self, request: Request, sampling: Sampling) -> Reply:
        """The first token, which must not be `request.avoid`."""
        draw = Draw(request.prefix, 1, self._seed(request, 0), sampling, ban=request.avoid)
        if sampling.temperature == 0 or not filtered(sampling):
            return await self._dialect.draw(draw)
        first, tries = 0, 1
        while True:
            seeds = [self._seed(request, 0, number) for number in range(first, first + tries)]
            draws = [Draw(request.prefix, 1, seed, sampling, top=True) for seed in seeds]
            first, tries = first + tries, AT_ONCE
            for reply in await self._all([self._dialect.draw(one) for one in draws]):
                if alone(reply, request.avoid):  # then the filters apply to the other tokens by themselves
                    return await self._dialect.draw(draw)
                if other := other_than(reply, request.avoid, rng(self.seed, "rollout", request.key).random()):
                    return other

    async def _score(self, prefix: list[int], continuation: list[int]) -> list[float]:
        async with self._places:
            return await self._dialect.score(prefix, continuation) if continuation else []

    async def _all(self, work: list[Coroutine[Any, Any, Result]]) -> list[Result]:
        """All results, or the first error; then nothing more is asked."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one) for one in work]
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return [task.result() for task in tasks]

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self._runner.run(work)

    def _seed(self, request: Request, *place: int) -> int:
        return derive(self.seed, "rollout", request.key, *place) % SEEDS

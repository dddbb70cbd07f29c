"""Rollouts from a server that completes token ids: vLLM or llama.cpp's llama-server (report §4.3 at scale)."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import lru_cache
from pathlib import Path
from typing import Any, Self, TypeVar

from transformers import PreTrainedTokenizerBase

from hornbook.base.asynchronous import EventLoopRunner
from hornbook.base.errors import HornbookError
from hornbook.base.rng import derive, rng
from hornbook.inference.remote_http import RolloutServer
from hornbook.inference.remote_protocols import ServerProtocol, detect_protocol
from hornbook.inference.remote_rollouts import (
    Draw,
    ServerReply,
    append_tokens,
    different_first_token,
    filtered,
    only_avoided,
)
from hornbook.inference.rollouts import Request, Rollout, check_context
from hornbook.inference.sampling import Stops, read_defaults
from hornbook.inference.settings import BackendSettings, Sampling
from hornbook.tokenizer.end_tokens import end_ids

SEEDS = 2**32 - 1  # llama.cpp takes 32 bits, and the last number means a random seed
AT_ONCE = 4  # first tokens drawn together until one differs from the one to avoid
PROBE = "The ship of 1234 stars is naïve"  # decoded by the server, to check that it has the same tokenizer

Result = TypeVar("Result")


class ServerEngine:
    """Samples completions and scores continuations (see `rollouts.Engine`) on a server, many requests in flight.

    Token ids are sent and received; text is never tokenised again. Seeds depend on (seed, key) and the position in the
    rollout, so a rerun sends the same requests. The replies may differ, since rounding depends on the server's batches.
    A request that was answered is not sent again.
    `avoid`: without filters the token is banned by its logit. With filters that would change which tokens they keep, so
    the first token is drawn from the filtered distribution that the server reports, or repeatedly until it differs; its
    log-probability is then renormalised, with vLLM only where the avoided token is among the 20 most likely (otherwise
    it is too low by less than 0.05). vLLM reports probabilities after temperature and filters only with
    `--logprobs-mode processed_logprobs`; where they are needed (`probabilities`, or a token to avoid) and it was
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
        """End tokens are read from `model` where its folder is on this machine.

        Raises HornbookError when no such server answers, and when its model has another tokenizer.
        """
        self.settings, self.tokenizer, self.seed, self.probabilities = settings, tokenizer, seed, probabilities
        self.stop = end_ids(tokenizer, read_defaults(model) if model else None)
        self._stops = lru_cache(lambda texts: Stops(tokenizer, self.stop, list(texts)))
        self._runner = EventLoopRunner()
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
        """One rollout per request, in their order; `on_done` is called with the number of tokens of each finished one.

        Raises HornbookError for an empty prefix, one that fills the context, and a server that stops answering.
        """
        for request in requests:
            check_context(self.context, request.prefix)
        self._protocol.check(sampling, self.probabilities, any(request.avoid >= 0 for request in requests))
        stops = self._stops(tuple(sampling.stop))

        async def rollout(request: Request) -> Rollout:
            done = await self._rollout(request, sampling, stops)
            if on_done:
                on_done(len(done.tokens))
            return done

        order = sorted(range(len(requests)), key=lambda i: (requests[i].prefix, i))  # for the server's prefix cache
        made = self._run(self._all([rollout(requests[index]) for index in order]))
        return [found for _, found in sorted(zip(order, made, strict=True), key=lambda pair: pair[0])]

    def logprobs(self, prefixes: list[list[int]], continuations: list[list[int]]) -> list[list[float]]:
        """The model's own log-probability (temperature 1, no filters) of each continuation token after its prefix.

        vLLM scores a text in one request; llama.cpp one token a request. Raises HornbookError as `sample` does.
        """
        for prefix, continuation in zip(prefixes, continuations, strict=True):
            check_context(self.context, prefix, len(continuation) - 1)
        pairs = zip(prefixes, continuations, strict=True)
        return self._run(self._all([self._score(prefix, continuation) for prefix, continuation in pairs]))

    async def _connect(self) -> None:
        self._remote = RolloutServer(self.settings)
        self._places = asyncio.Semaphore(self.settings.concurrency)
        self._protocol: ServerProtocol = await detect_protocol(self._remote, self.settings.served_model, self.stop)
        self.context, self.fingerprint = self._protocol.context, self._protocol.fingerprint
        tokens = self.tokenizer.encode(PROBE, add_special_tokens=False)
        theirs = await self._protocol.text(tokens)
        if theirs and theirs.strip() != self.tokenizer.decode(tokens).strip():
            raise HornbookError(
                f"{self._remote.root}: the server's model ({self.fingerprint.partition('@')[0]}) has another tokenizer "
                "than the model given here; serve the same model"
            )

    async def _rollout(self, request: Request, sampling: Sampling, stops: Stops) -> Rollout:
        """Request one part after another until a limit or an end token; waits for a free concurrency slot first."""
        limit = min(
            request.limit or sampling.max_new_tokens, sampling.max_new_tokens, self.context - len(request.prefix)
        )
        chunk = self._protocol.chunk if stops.texts and self._protocol.chunk else limit
        done = Rollout([], [], "length")
        async with self._places:
            while len(done.tokens) < limit and done.finish == "length":
                if request.avoid >= 0 and not done.tokens:
                    part = await self._other_than(request, sampling)
                else:
                    part = await self._protocol.draw(
                        Draw(
                            prompt=request.prefix + done.tokens,
                            limit=min(chunk, limit - len(done.tokens)),
                            seed=self._seed(request, len(done.tokens)),
                            sampling=sampling,
                        )
                    )
                if part.tokens[0] == request.avoid and not done.tokens:
                    raise HornbookError(f"{self._remote.root}: the server returned a token banned by logit_bias")
                append_tokens(done, part, stops, limit)
        return done

    async def _other_than(self, request: Request, sampling: Sampling) -> ServerReply:
        """The first token, which must not be `request.avoid`."""
        draw = Draw(request.prefix, 1, self._seed(request, 0), sampling, ban=request.avoid)
        if sampling.temperature == 0 or not filtered(sampling):
            return await self._protocol.draw(draw)
        first, tries = 0, 1
        while True:
            seeds = [self._seed(request, 0, number) for number in range(first, first + tries)]
            draws = [Draw(request.prefix, 1, seed, sampling, top=True) for seed in seeds]
            first, tries = first + tries, AT_ONCE
            for reply in await self._all([self._protocol.draw(one) for one in draws]):
                if only_avoided(reply, request.avoid):  # then the filters apply to the other tokens alone
                    return await self._protocol.draw(draw)
                if other := different_first_token(
                    reply, request.avoid, rng(self.seed, "rollout", request.key).random()
                ):
                    return other

    async def _score(self, prefix: list[int], continuation: list[int]) -> list[float]:
        async with self._places:
            return await self._protocol.score(prefix, continuation) if continuation else []

    async def _all(self, work: list[Coroutine[Any, Any, Result]]) -> list[Result]:
        """All results, or the first error, after which no more requests are sent."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one) for one in work]
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return [task.result() for task in tasks]

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self._runner.run(work)

    def _seed(self, request: Request, *position: int) -> int:
        return derive(self.seed, "rollout", request.key, *position) % SEEDS

"""Batched sampling with PyTorch for any Hugging Face causal language model (report §4.3, §5)."""

from collections import deque
from collections.abc import Callable

import torch
import xxhash
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError
from hornbook.inference.batch import ROWS, Batch, round_up
from hornbook.inference.rollouts import Engine, Request, Rollout
from hornbook.inference.scoring import score_batches
from hornbook.inference.settings import Sampling
from hornbook.inference.stops import Stops
from hornbook.tokenizer.chat import stop_ids

__all__ = ["Engine", "Request", "Rollout", "Sampling", "TorchEngine"]

IDLE = 1 / 8  # share of idle rows at which the batch is refilled, or narrowed when nothing waits


class TorchEngine:
    """Samples completions and scores continuations (see `rollouts.Engine`), `batch_size` rows at a time.

    Finished rows are replaced by waiting requests, so no row waits for the slowest. A prefix shared by several
    requests is computed once. The same calls give the same bytes. A rollout's random numbers hang on seed and key
    alone, so that another batch can change a rollout only where rounding (about 1e-6 of a probability) tips a choice.
    """

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, batch_size: int = 128, seed: int = 0
    ) -> None:
        self.model, self.tokenizer, self.batch_size, self.seed = model, tokenizer, batch_size, seed
        self.stop = stop_ids(tokenizer)
        self._known_stops: dict[tuple[str, ...], Stops] = {}
        self.fingerprint = weights_digest(model)
        self.context: int = getattr(model.config, "max_position_embeddings", None) or 1 << 30
        window = getattr(model.config, "sliding_window", None)  # a shorter window than the text would change attention
        self.room = min(self.context, window or self.context)

    @torch.inference_mode()
    def sample(
        self, requests: list[Request], sampling: Sampling, on_done: Callable[[int], None] | None = None
    ) -> list[Rollout]:
        """One rollout per request, in the order of the requests; `on_done` is told the tokens of each finished one.

        A rollout also ends, with finish "length", where the model's context does.
        Raises HornbookError for an empty prefix and for one that fills the context.
        """
        if not requests:
            return []
        for request in requests:
            self._check(request.prefix)
        limits = [
            min(request.limit or sampling.max_new_tokens, sampling.max_new_tokens, self.room - len(request.prefix))
            for request in requests
        ]
        order = sorted(range(len(requests)), key=lambda i: (len(requests[i].prefix), requests[i].prefix, i))
        queue = deque((index, requests[index], limits[index]) for index in order)
        rows = round_up(min(self.batch_size, len(requests)), ROWS)
        capacity = max(len(request.prefix) + limit for request, limit in zip(requests, limits, strict=True))
        batch = Batch(self.model, sampling, self._stops(sampling), self.seed, rows, capacity)
        rollouts: dict[int, Rollout] = {}
        while queue or batch.live:
            if queue and rows - batch.live >= rows * IDLE:
                batch.admit([queue.popleft() for _ in range(min(len(queue), rows - batch.live))])
            elif not queue and round_up(batch.live, ROWS) <= batch.width * (1 - IDLE):
                batch.compact()
            batch.step()
            for index, rollout in batch.finished():
                rollouts[index] = rollout
                if on_done:
                    on_done(len(rollout.tokens))
        return [rollouts[index] for index in range(len(requests))]

    @torch.inference_mode()
    def logprobs(self, prefixes: list[list[int]], continuations: list[list[int]]) -> list[list[float]]:
        """The model's own log-probability (temperature 1, no filters) of each continuation token after its prefix.

        Raises HornbookError for an empty prefix and for texts longer than the context.
        """
        for prefix, continuation in zip(prefixes, continuations, strict=True):
            self._check(prefix, len(continuation) - 1)
        return score_batches(self.model, prefixes, continuations, self.room)

    def _stops(self, sampling: Sampling) -> Stops:
        texts = tuple(sampling.stop)
        if texts not in self._known_stops:  # reading a vocabulary takes up to a second
            self._known_stops[texts] = Stops(self.tokenizer, self.stop, list(texts))
        return self._known_stops[texts]

    def _check(self, prefix: list[int], more: int = 0) -> None:
        if not prefix:
            raise HornbookError("cannot sample after an empty prefix; expected at least one token")
        if len(prefix) + more >= self.room:
            raise HornbookError(
                f"a text of {len(prefix) + more} tokens leaves no room in the model's context of {self.room}"
            )


def weights_digest(model: PreTrainedModel) -> str:
    """Names a model by its configuration and the beginning of every weight."""
    hasher = xxhash.xxh3_64(str(model.config.to_json_string()).encode())
    for name, weight in model.named_parameters():
        hasher.update(name.encode())
        hasher.update(weight.detach().flatten()[:4096].float().cpu().numpy().tobytes())
    return hasher.hexdigest()

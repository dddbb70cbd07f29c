"""The interface of all sampling engines: requests, rollouts, and the protocol `Engine`."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import msgspec

from hornbook.base.errors import HornbookError
from hornbook.inference.settings import Sampling


class Request(msgspec.Struct):
    """A completion to sample.

    `key` seeds its random numbers: the same key (and engine seed, prefix and sampling) gives the same completion,
    wherever in a batch it is computed. `limit` caps its tokens below `Sampling.max_new_tokens`; 0 means no such cap.
    `avoid` is a token id that the first sampled token must not be: its probability is set to 0 and the others are
    renormalised (where it has all the probability, the filters apply to the other tokens alone); -1 avoids nothing.
    """

    prefix: list[int]
    key: str
    limit: int = 0
    avoid: int = -1


class Rollout(msgspec.Struct):
    """A sampled completion.

    `tokens` includes the stop token if one was sampled, or the token that completed a stop text; `logprobs` are natural
    logarithms under the distribution that was sampled from (after temperature, filters and `avoid`); `finish` is "stop"
    or "length".
    """

    tokens: list[int]
    logprobs: list[float]
    finish: str


class Scored(NamedTuple):
    """A given continuation: the natural-log probability of each of its tokens (temperature 1, no filters), and whether
    each of them is the likeliest."""

    logprobs: list[float]
    greedy: bool


class Engine(Protocol):
    """An engine that completes token ids: PyTorch, vLLM or a server.

    `context` is the context length of its model in tokens, `fingerprint` identifies the model and its revision.
    """

    context: int
    fingerprint: str

    def sample(
        self, requests: list[Request], sampling: Sampling, on_done: Callable[[int], None] | None = None
    ) -> list[Rollout]:
        """One rollout per request, in their order; `on_done` gets the number of tokens of each finished one."""

    def logprobs(self, prefixes: list[list[int]], continuations: list[list[int]]) -> list[list[float]]:
        """The model's own log-probability (temperature 1, no filters) of each continuation token after its prefix."""


class ScoringEngine(Engine, Protocol):
    """An engine that also says what greedy decoding would give: PyTorch."""

    def score(self, prefixes: list[list[int]], continuations: list[list[int]]) -> list[Scored]:
        """The score of each continuation after its prefix; what texts have in common may be computed once."""


def check_context(context: int, prefix: list[int], more: int = 0) -> None:
    """Raises HornbookError unless at least one token fits into `context` after `prefix` and `more` tokens."""
    if not prefix:
        raise HornbookError("cannot sample after an empty prefix; expected at least one token")
    if len(prefix) + more >= context:
        raise HornbookError(f"a text of {len(prefix) + more} tokens leaves no room in the model's context of {context}")

"""Build rollouts from several requests to an external sampler (vLLM or a server)."""

import math
from bisect import bisect_right
from itertools import accumulate

import msgspec

from hornbook.base.errors import HornbookError
from hornbook.inference.rollouts import Rollout
from hornbook.inference.sampling import Stops
from hornbook.inference.settings import Sampling

BAN = -100.0  # added to a logit: the smallest value that vLLM accepts
TOP = 20  # most likely tokens requested from vLLM: its default maximum
NEARLY_ALL = 1 - 1e-5  # a list of tokens with this total probability counts as the whole distribution


class Draw(msgspec.Struct, frozen=True):
    """One request to a server: up to `limit` tokens after `prompt`, none of which is `ban` (-1: none is banned).

    `top` requests the most likely tokens at the first position too.
    """

    prompt: list[int]
    limit: int
    seed: int
    sampling: Sampling
    ban: int = -1
    top: bool = False


class ServerReply(msgspec.Struct):
    """`ended`: the server stopped at an end token, not the limit; `top`: log-probabilities at the first position."""

    tokens: list[int]
    logprobs: list[float]
    ended: bool
    top: dict[int, float]


def filtered(sampling: Sampling) -> bool:
    return sampling.top_k > 0 or sampling.top_p < 1 or sampling.min_p > 0


def check_filter_order(sampling: Sampling) -> None:
    """Raises HornbookError for min-p with top-p: vLLM applies min-p first, which gives another distribution."""
    if sampling.min_p > 0 and sampling.top_p < 1 and sampling.temperature:
        raise HornbookError("vLLM applies min_p before top_p, the PyTorch engine after it; set only one of them")


def append_tokens(done: Rollout, part: ServerReply, stops: Stops, limit: int) -> None:
    """Add the tokens of `part` up to the first that ends the rollout."""
    for token, logprob in zip(part.tokens, part.logprobs, strict=True):
        done.tokens.append(token)
        done.logprobs.append(logprob)
        if token in stops.tokens or (token in stops.last and stops.complete(done.tokens)):
            done.finish = "stop"
            return
        if len(done.tokens) == limit:
            break
    if part.ended:
        done.finish = "stop"


def only_avoided(reply: ServerReply, avoid: int) -> bool:
    """Whether the filters leave only the token to avoid."""
    return avoid in reply.top and not any(math.exp(logprob) for token, logprob in reply.top.items() if token != avoid)


def different_first_token(reply: ServerReply, avoid: int, uniform: float) -> ServerReply | None:
    """A first token that is not `avoid`, from a reply with `top`; None where another request is needed.

    Where `top` is the whole filtered distribution, `uniform` samples from it. Otherwise it is the token that was
    sampled, unless that is `avoid`.
    """
    others = {token: math.exp(logprob) for token, logprob in sorted(reply.top.items()) if token != avoid}
    avoided = math.exp(reply.top.get(avoid, -math.inf))
    if avoided + sum(others.values()) < NEARLY_ALL:
        if reply.tokens[0] == avoid:
            return None
        return ServerReply(reply.tokens, [reply.logprobs[0] - math.log1p(-avoided)], reply.ended, {})
    tokens, weights = list(others), list(others.values())
    passed = list(accumulate(weights))
    position = min(bisect_right(passed, uniform * passed[-1]), len(tokens) - 1)
    return ServerReply([tokens[position]], [math.log(weights[position] / passed[-1])], False, {})

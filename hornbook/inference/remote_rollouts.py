"""Rollouts made of several draws from someone else's sampler: what is drawn, and how draws become a rollout."""

import math
from bisect import bisect_right
from itertools import accumulate

import msgspec

from hornbook.base.errors import HornbookError
from hornbook.inference.rollouts import Rollout
from hornbook.inference.sampling import Stops
from hornbook.inference.settings import Sampling

BAN = -100.0  # added to a logit: the most that vLLM takes
TOP = 20  # likeliest tokens to ask vLLM for: as many as it gives if not told otherwise
NEARLY_ALL = 1 - 1e-5  # a list of tokens that holds this much probability is the whole distribution


class Draw(msgspec.Struct, frozen=True):
    """One request to a server: up to `limit` tokens after `prompt`, none of which is `ban` (-1: any may be).

    `top` asks for the likeliest tokens at the first position too.
    """

    prompt: list[int]
    limit: int
    seed: int
    sampling: Sampling
    ban: int = -1
    top: bool = False


class Reply(msgspec.Struct):
    """`ended` says that the server met an end, not the limit; `top` maps tokens at the first position to logprobs."""

    tokens: list[int]
    logprobs: list[float]
    ended: bool
    top: dict[int, float]


def filtered(sampling: Sampling) -> bool:
    return sampling.top_k > 0 or sampling.top_p < 1 or sampling.min_p > 0


def exact_order(sampling: Sampling) -> None:
    """vLLM applies min-p before top-p, we after; where both are set that is not the same distribution."""
    if sampling.min_p > 0 and sampling.top_p < 1 and sampling.temperature:
        raise HornbookError("vLLM applies min_p before top_p, the other way round than PyTorch here; set one of them")


def append(done: Rollout, part: Reply, stops: Stops, limit: int) -> None:
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


def alone(reply: Reply, avoid: int) -> bool:
    """Whether the filters left nothing but the token to avoid."""
    return avoid in reply.top and not any(math.exp(logprob) for token, logprob in reply.top.items() if token != avoid)


def other_than(reply: Reply, avoid: int, uniform: float) -> Reply | None:
    """A first token that is not `avoid`, from a draw that told its `top`; None where another draw is needed.

    Where `top` is all that the filters left, `uniform` chooses from it. Else it is the token drawn, if it is another.
    """
    others = {token: math.exp(logprob) for token, logprob in sorted(reply.top.items()) if token != avoid}
    avoided = math.exp(reply.top.get(avoid, -math.inf))
    if avoided + sum(others.values()) < NEARLY_ALL:
        if reply.tokens[0] == avoid:
            return None
        return Reply(reply.tokens, [reply.logprobs[0] - math.log1p(-avoided)], reply.ended, {})
    tokens, weights = list(others), list(others.values())
    passed = list(accumulate(weights))
    place = min(bisect_right(passed, uniform * passed[-1]), len(tokens) - 1)
    return Reply([tokens[place]], [math.log(weights[place] / passed[-1])], False, {})

"""What a rollout would be alone: the model reads its whole text at once, without cache or batch."""

import torch
from transformers import PreTrainedModel

from hornbook.inference.rollouts import Request, Rollout
from hornbook.inference.sampling import probabilities, uniforms
from hornbook.inference.settings import Sampling

ROUNDING = {  # of a log-probability at temperature 1; at most 4e-6 and 0.11 was found for models as in `tiny`
    torch.float32: 1e-4,
    torch.bfloat16: 0.3,
}


def assert_alone(
    model: PreTrainedModel, request: Request, rollout: Rollout, sampling: Sampling, *, seed: int = 0
) -> None:
    """The rollout's random numbers draw its tokens from what the model says alone, but for rounding.

    A number that falls as close as that to the edge between two tokens may draw either: which one hangs on the order
    in which a processor adds.
    """
    missed, off = strays(model, request, rollout, sampling, seed)
    rounding = ROUNDING[model.dtype] / (sampling.temperature or 1.0)
    assert off <= rounding
    assert missed <= rounding / 2  # by so much at most the shares of tokens move then


def assert_alike(
    model: PreTrainedModel, request: Request, one: Rollout, other: Rollout, sampling: Sampling, *, seed: int = 0
) -> None:
    """Two rollouts of one request are the same, or part where rounding tips the choice."""
    if (one.tokens, one.finish) == (other.tokens, other.finish):
        pairs = zip(one.logprobs, other.logprobs, strict=True)
        assert max(abs(a - b) for a, b in pairs) <= ROUNDING[model.dtype] / (sampling.temperature or 1.0)
    else:
        assert one.tokens != other.tokens
        for rollout in (one, other):
            assert_alone(model, request, rollout, sampling, seed=seed)


@torch.inference_mode()
def strays(
    model: PreTrainedModel, request: Request, rollout: Rollout, sampling: Sampling, seed: int
) -> tuple[float, float]:
    """By how much the random numbers miss the tokens drawn by them, and the log-probabilities are off, at most."""
    count = len(rollout.tokens)
    text_1N = torch.tensor([[*request.prefix, *rollout.tokens[:-1]]])
    probs_NV = probabilities(model(text_1N, use_cache=False).logits[0, -count:], sampling)
    if request.avoid >= 0:
        probs_NV[0, request.avoid] = 0
        probs_NV[0] /= probs_NV[0].sum()
    place = torch.arange(count), torch.tensor(rollout.tokens)
    after_N = probs_NV.double().cumsum(-1)[place]
    before_N = after_N - probs_NV.double()[place]
    drawn_N = torch.from_numpy(uniforms(seed, request.key, sampling.max_new_tokens)[:count])
    missed_N = torch.maximum(before_N - drawn_N, drawn_N - after_N)
    off_N = (probs_NV[place].log() - torch.tensor(rollout.logprobs)).abs()
    return max(0.0, float(missed_N.max())), float(off_N.max())

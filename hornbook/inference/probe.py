"""What a model's cache is like, found by trying."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel

from hornbook.inference.attention import sharing
from hornbook.inference.cache import OwnRows, SharedRows
from hornbook.inference.trunks import TrunkStore
from hornbook.inference.window import Window, narrowed

TRUNK, OWN = 5, 2  # tokens tried
NEAR = 3  # tokens that a layer with a window sees of them
DIFFERENT = 0.3  # as a share of the largest logit


@torch.inference_mode()
def bytes_per_token(model: PreTrainedModel) -> int:
    """Of keys and values of all layers."""
    text = tuple(range(1, 1 + TRUNK))
    _, trunk = next(TrunkStore(model, 0, TRUNK).provide([text]))
    return trunk.bytes // TRUNK


def can_share(model: PreTrainedModel) -> bool:
    """Whether the model's logits are the same when prefixes are shared; two tokens after a shared trunk are tried."""
    return _agrees(model, SharedRows(1, OWN, 1, 1, TRUNK, model.dtype, model.device), sharing(model))


def can_step(model: PreTrainedModel, window: Window | None) -> bool:
    """Whether the model's logits are the same token by token, each row with a cache of its own. Of models with a
    window, beyond it."""
    near = window and window._replace(tokens=NEAR)
    with narrowed(model, NEAR) if near else nullcontext():
        return _agrees(model, OwnRows(1, TRUNK + OWN, model.dtype, model.device, near), nullcontext())


@torch.inference_mode()
def _agrees(model: PreTrainedModel, cache: OwnRows, stepping: AbstractContextManager[None]) -> bool:
    """Whether steps through `cache`, within `stepping`, give the logits of the plain model.

    The same means as near as the model comes to itself when it computes the text at once and token by token: some
    activations are so large that rounding alone shows in the logits. What is off by DIFFERENT is never rounding, in
    bfloat16 either: models of 2 to 30 layers that share were off by at most 0.16 of the largest logit, and others by
    at least 0.74.
    """
    vocabulary, length = model.get_output_embeddings().weight.shape[0], TRUNK + OWN
    text = [vocabulary * number // (length + 1) for number in range(1, length + 1)]  # the first few are often special
    text_1T = torch.tensor([text], device=model.device)
    try:
        expected_TV = model(text_1T, use_cache=False).logits[0, -OWN:].float()
        with stepping:
            found_TV = _stepped_logits(model, text, cache)
        plain = DynamicCache()
        steps = [model(token_11, past_key_values=plain, use_cache=True).logits[0] for token_11 in text_1T.split(1, 1)]
    except Exception:  # whatever a model's own code makes of caches and attention it does not know
        return False
    rounding = float((torch.cat(steps)[-OWN:].float() - expected_TV).abs().max())
    largest = float(expected_TV.abs().max())
    tolerance = min(max(100 * torch.finfo(model.dtype).eps * largest, 10 * rounding), DIFFERENT * largest)
    return bool((found_TV - expected_TV).abs().max() <= tolerance)


def _stepped_logits(model: PreTrainedModel, text: list[int], cache: OwnRows) -> Tensor:
    head = tuple(text[:TRUNK])
    cache.reserve(0, head, TRUNK)
    cache.fill(TrunkStore(model, 0, TRUNK).provide([head]))
    logits = []
    for number in range(OWN):
        cut_R, own_R = (torch.tensor([value], device=model.device) for value in (TRUNK, number))
        options = cache.at(cut_R, own_R)
        token_R1 = torch.tensor([[text[TRUNK + number]]], device=model.device)
        position_R1 = (cut_R + own_R)[:, None]
        output = model(token_R1, position_ids=position_R1, past_key_values=cache, use_cache=True, **options)
        logits.append(output.logits[0, -1].float())
    return torch.stack(logits)

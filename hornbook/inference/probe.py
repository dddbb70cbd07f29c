"""What a model's cache is like, found by trying."""

import torch
from torch import Tensor
from transformers import PreTrainedModel

from hornbook.inference.attention import sharing
from hornbook.inference.cache import SharedRows
from hornbook.inference.trunks import TrunkStore

TRUNK, OWN = 5, 2  # tokens tried


@torch.inference_mode()
def bytes_per_token(model: PreTrainedModel) -> int:
    """Of keys and values of all layers."""
    text = tuple(range(1, 1 + TRUNK))
    _, trunk = next(TrunkStore(model, 0, TRUNK).provide([text]))
    return trunk.bytes // TRUNK


@torch.inference_mode()
def can_share(model: PreTrainedModel) -> bool:
    """Whether the model's logits are the same when prefixes are shared: two tokens after a shared trunk are tried."""
    text = list(range(1, 1 + TRUNK + OWN))
    expected_TV = model(torch.tensor([text], device=model.device), use_cache=False).logits[0, -OWN:].float()
    try:
        with sharing(model):
            found_TV = _shared_logits(model, text)
    except Exception:  # whatever a model's own code makes of attention it does not know
        return False
    tolerance = 100 * torch.finfo(model.dtype).eps * float(expected_TV.abs().max())
    return bool((found_TV - expected_TV).abs().max() <= tolerance)


def _shared_logits(model: PreTrainedModel, text: list[int]) -> Tensor:
    head = tuple(text[:TRUNK])
    cache = SharedRows(1, OWN, 1, 1, TRUNK, model.dtype, model.device)
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

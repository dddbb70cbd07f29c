"""Texts to try a model with, and how far what it says of them is from what a plain pass says."""

from collections.abc import Sequence

import torch
from transformers import PretrainedConfig, PreTrainedModel

from hornbook.model.context_lengths import context_of, turning_lengths

LENGTHS = (40, 24, 33)
TAIL = 24  # tokens at the end of a text that are compared by themselves too: what a window hides shows there


def texts(model: PreTrainedModel, longest: int | None) -> list[torch.Tensor]:
    """Random token ids, on the model's device: texts shorter and longer than each length at which a model may turn.

    None of them is longer than the model's context, or than `longest` tokens if that is given.
    """
    config = model.config.get_text_config()
    usual = _usual_ids(model.config, config.vocab_size)
    random = torch.Generator().manual_seed(0)
    chosen = [usual[torch.randint(len(usual), (n,), generator=random)] for n in _lengths(model.config, longest)]
    return [text.to(model.device) for text in chosen]


def plain_losses(model: PreTrainedModel, text: torch.Tensor) -> torch.Tensor:
    """Cross-entropy (nats) of each token but the first, by the model's own forward pass over this text alone."""
    return losses(model(input_ids=text[None], use_cache=False).logits[0, :-1], text[1:])


def losses(logits_NV: torch.Tensor, targets_N: torch.Tensor) -> torch.Tensor:
    """Cross-entropy (nats) of each target, in float32."""
    logits_NV = logits_NV.float()
    return logits_NV.logsumexp(-1) - logits_NV.gather(1, targets_N[:, None])[:, 0]


def furthest(got: Sequence[torch.Tensor], plain: Sequence[torch.Tensor]) -> float:
    """The largest difference of mean losses (nats a token) of texts, and of the ends of texts.

    Where a plain pass finds no number there is nothing to compare: training will say so.
    """
    differences = [0.0]
    for one, other in zip(got, plain, strict=True):
        for part in (slice(None), slice(-TAIL, None)):
            if other[part].isfinite().all():
                differences.append((one[part].double().mean() - other[part].double().mean()).abs().item())
    return max(differences, key=lambda difference: float("inf") if difference != difference else difference)


def _lengths(config: PretrainedConfig, longest: int | None) -> list[int]:
    """The usual ones, and both sides of each turn that a text can reach. The longest does not come first."""
    most = min(longest or 1 << 62, context_of(config) or 1 << 62)
    turns = [turn for turn in turning_lengths(config) if turn < most]
    around = [length for turn in turns for length in (turn - 1, min(turn + TAIL, most))]
    return [max(2, min(length, most)) for length in dict.fromkeys([*LENGTHS, *around])]


def _usual_ids(config: PretrainedConfig, vocab_size: int) -> torch.Tensor:
    """Ids that stand for text, not for images or the like."""
    settings = config.to_dict()
    special = {settings[name] for name in settings if name.endswith(("_token_id", "_token_index", "_index"))}
    return torch.tensor([id for id in range(vocab_size) if id not in special] or [0])

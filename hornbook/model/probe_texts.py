"""Random texts to test a model with, and their losses in plain forward passes."""

from collections.abc import Sequence

import torch
from transformers import PretrainedConfig, PreTrainedModel

from hornbook.model.context_lengths import context_of, critical_lengths

LENGTHS = (40, 24, 33)
TAIL = 24  # tokens at the end of a text that are compared separately too, where errors of a window show


def probe_texts(model: PreTrainedModel, longest: int | None) -> list[torch.Tensor]:
    """Random token ids on the model's device: texts shorter and longer than each of `critical_lengths`.

    None is longer than the model's context, or than `longest` tokens if given.
    """
    config = model.config.get_text_config()
    usual = _usual_ids(model.config, config.vocab_size)
    random = torch.Generator().manual_seed(0)
    chosen = [usual[torch.randint(len(usual), (n,), generator=random)] for n in _lengths(model.config, longest)]
    return [text.to(model.device) for text in chosen]


def plain_losses(model: PreTrainedModel, text: torch.Tensor) -> torch.Tensor:
    """Cross-entropy (nats) of each token but the first, by the model's own forward pass over this single text."""
    return losses(model(input_ids=text[None], use_cache=False).logits[0, :-1], text[1:])


def losses(logits_NV: torch.Tensor, targets_N: torch.Tensor) -> torch.Tensor:
    """Cross-entropy (nats) of each target, in float32."""
    logits_NV = logits_NV.float()
    return logits_NV.logsumexp(-1) - logits_NV.gather(1, targets_N[:, None])[:, 0]


def largest_difference(got: Sequence[torch.Tensor], plain: Sequence[torch.Tensor]) -> float:
    """The largest difference of mean losses (nats per token) of texts, and of the ends of texts.

    Texts for which a plain pass gives no finite number are skipped; training reports those.
    """
    differences = [0.0]
    for one, other in zip(got, plain, strict=True):
        for part in (slice(None), slice(-TAIL, None)):
            if other[part].isfinite().all():
                differences.append((one[part].double().mean() - other[part].double().mean()).abs().item())
    return max(differences, key=lambda difference: float("inf") if difference != difference else difference)


def _lengths(config: PretrainedConfig, longest: int | None) -> list[int]:
    """The default lengths, and both sides of each critical length below the maximum. The longest is not first."""
    most = min(longest or 1 << 62, context_of(config) or 1 << 62)
    critical = [length for length in critical_lengths(config) if length < most]
    around = [length for edge in critical for length in (edge - 1, min(edge + TAIL, most))]
    return [max(2, min(length, most)) for length in dict.fromkeys([*LENGTHS, *around])]


def _usual_ids(config: PretrainedConfig, vocab_size: int) -> torch.Tensor:
    """Ids of text tokens, without those for images and so on."""
    settings = config.to_dict()
    special = {settings[name] for name in settings if name.endswith(("_token_id", "_token_index", "_index"))}
    return torch.tensor([id for id in range(vocab_size) if id not in special] or [0])

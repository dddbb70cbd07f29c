"""How long a model's texts may be, and at which lengths it begins to treat them in another way."""

from collections.abc import Iterator
from typing import Any

from transformers import PretrainedConfig

CONTEXT = (
    "max_position_embeddings", "n_positions", "max_seq_len", "max_target_positions", "context_length",
    "model_max_length",
)  # fmt: skip
PARTS_OF_NAMES = ("window", "chunk", "local_attention", "original_max")  # of settings that are such lengths


def context_of(config: PretrainedConfig) -> int | None:
    """Most tokens of a text; None for models that have no such limit (state-space models, ALiBi)."""
    text = config.get_text_config()
    found = (getattr(text, name, None) for name in CONTEXT)
    return next((length for length in found if type(length) is int and length > 0), None)


def turning_lengths(config: PretrainedConfig) -> list[int]:
    """Lengths of windows, chunks and original contexts, in ascending order: some may have no effect."""
    settings = config.get_text_config().to_dict()
    return sorted({length for length in _lengths(settings) if length > 1})


def switch_length(config: PretrainedConfig) -> int | None:
    """The length beyond which LongRoPE takes its long factors; None for models without."""
    text = config.get_text_config()
    rope = getattr(text, "rope_parameters", None) or {}
    kinds = [rope, *(part for part in rope.values() if isinstance(part, dict))]
    for kind in kinds:
        if kind.get("rope_type") == "longrope":
            original = kind.get("original_max_position_embeddings")
            return int(original or getattr(text, "original_max_position_embeddings", None) or context_of(config) or 0)
    return None


def _lengths(settings: dict[str, Any]) -> Iterator[int]:
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _lengths(value)
        elif type(value) is int and any(part in name for part in PARTS_OF_NAMES):
            yield value

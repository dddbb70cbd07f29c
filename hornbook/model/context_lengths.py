"""A model's context length, and the text lengths at which its computation changes."""

from collections.abc import Iterator
from typing import Any

from transformers import PretrainedConfig

CONTEXT = (
    "max_position_embeddings", "n_positions", "max_seq_len", "max_target_positions", "context_length",
    "model_max_length",
)  # fmt: skip
PARTS_OF_NAMES = (
    "window",
    "chunk",
    "local_attention",
    "original_max",
)  # in the names of settings that are such lengths


def text_part(config: PretrainedConfig) -> PretrainedConfig:
    """The configuration of the language model, which may be part of a larger one."""
    return config.get_text_config(decoder=True)


def context_of(config: PretrainedConfig) -> int | None:
    """The maximum number of tokens; None for models without a limit (state-space models, ALiBi)."""
    text = text_part(config)
    return next((length for name in CONTEXT if (length := length_of(text, name))), None)


def length_of(text: PretrainedConfig, name: str) -> int | None:
    """The value of a setting that is a length; None where it is missing, off or something else."""
    length = getattr(text, name, None)
    return length if type(length) is int and length > 0 else None


def critical_lengths(config: PretrainedConfig) -> list[int]:
    """Lengths of windows, chunks and original contexts, in ascending order: some may have no effect."""
    settings = text_part(config).to_dict()
    return sorted({length for length in _lengths(settings) if length > 1})


def switch_length(config: PretrainedConfig) -> int | None:
    """The length beyond which LongRoPE uses its long factors; None for models without LongRoPE."""
    text = text_part(config)
    for rope in _ropes(text):
        if rope.get("rope_type") == "longrope":
            return _original(text, rope) or context_of(config) or 0
    return None


def scaling_length(config: PretrainedConfig) -> int | None:
    """The length from which queries are scaled by their position (Ministral 3); None for models without this."""
    text = text_part(config)
    lengths = [_original(text, rope) for rope in _ropes(text) if rope.get("llama_4_scaling_beta")]
    return min((length for length in lengths if length), default=None)


def _ropes(text: PretrainedConfig) -> list[dict[str, Any]]:
    """Settings of rotary embeddings: a dictionary that may contain one for each kind of layer."""
    rope = getattr(text, "rope_parameters", None) or {}
    return [rope, *(part for part in rope.values() if isinstance(part, dict))]


def _original(text: PretrainedConfig, rope: dict[str, Any]) -> int | None:
    """The context before it was extended."""
    name = "original_max_position_embeddings"
    return int(rope.get(name) or 0) or length_of(text, name)


def _lengths(settings: dict[str, Any]) -> Iterator[int]:
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _lengths(value)
        elif type(value) is int and any(part in name for part in PARTS_OF_NAMES):
            yield value

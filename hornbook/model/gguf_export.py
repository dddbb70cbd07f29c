"""Write a Hugging Face model as one GGUF file for llama.cpp and tools built on it."""

import re
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from hornbook.base.errors import HornbookError
from hornbook.base.files import atomic
from hornbook.base.packages import missing_package
from hornbook.model.gguf_layout import ARCHITECTURES, SETTINGS, Architecture
from hornbook.model.gguf_tokenizer import tokenizer_metadata
from hornbook.model.load_save import read_model
from hornbook.tokenizer.load_save import load_tokenizer

FILE_TYPES = {torch.float32: 0, torch.float16: 1, torch.bfloat16: 32}  # `general.file_type` in GGUF


def export_gguf(path: Path | str, out: Path, dtype: torch.dtype | None = None) -> list[str]:
    """Write the model in the Hugging Face folder `path`, with its tokenizer, as the GGUF file `out`, atomically.

    Matrices are written as `dtype`, by default as they were saved; vectors (norms, biases) always as float32.

    Returns messages about what llama.cpp computes differently from transformers.
    Raises HornbookError without the package gguf, and for a model or tokenizer that llama.cpp does not support.
    """
    try:
        from gguf import GGUFWriter
    except ImportError:
        raise missing_package("writing GGUF", "gguf") from None
    tokenizer = load_tokenizer(path)
    model = read_model(path, dtype or "auto")
    architecture = ARCHITECTURES.get(model.config.model_type)
    if architecture is None:
        raise HornbookError(f"{path}: {type(model).__name__} cannot be written as GGUF; only {', '.join(_classes())}")
    try:
        about = _settings(architecture, model) | tokenizer_metadata(tokenizer, model.config.vocab_size)
        with atomic(out) as temporary:
            writer = GGUFWriter(temporary, architecture.name)
            writer.add_name(_name(out))
            writer.add_file_type(FILE_TYPES[model.dtype])
            for key, value in about.items():
                _add(writer, key, value)
            for name, weight in _weights(architecture, model):
                _add_tensor(writer, name, weight)
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_tensors_to_file()
            writer.close()
    except HornbookError as error:
        raise HornbookError(f"{path}: {error}") from None
    return _differences(model, tokenizer)


def _settings(architecture: Architecture, model: PreTrainedModel) -> dict[str, Any]:
    """Keys and values that describe the model's architecture."""
    config, name = model.config, architecture.name
    if config.hidden_act not in ("silu", "swish"):
        raise HornbookError(f"activation {config.hidden_act}; llama.cpp's {name} has silu")
    rope = config.rope_parameters
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    settings = {key: getattr(config, ours) for key, ours in SETTINGS.items()}
    settings |= {
        "vocab_size": config.vocab_size,
        "attention.key_length": head,
        "attention.value_length": head,
        "rope.dimension_count": int(head * rope.get("partial_rotary_factor", 1.0)),
        "rope.freq_base": float(rope["rope_theta"]),
    }
    if name == "phi3":
        original = getattr(config, "original_max_position_embeddings", None) or config.max_position_embeddings
        settings["attention.sliding_window"] = config.sliding_window or 0
        settings["rope.scaling.original_context_length"] = original
        if rope["rope_type"] == "longrope":
            settings["rope.scaling.attn_factor"] = float(model.model.rotary_emb.attention_scaling)
    return {f"{name}.{key}": value for key, value in settings.items()}


def _weights(architecture: Architecture, model: PreTrainedModel) -> list[tuple[str, torch.Tensor]]:
    """Weights with GGUF's names and llama.cpp's order of rows; tied embeddings are one matrix."""
    weights = []
    for name, weight in model.state_dict().items():
        if name == "lm_head.weight" and model.config.tie_word_embeddings:
            continue
        theirs = architecture.gguf_name(name)
        weights.append((theirs, architecture.to_pairs(theirs, weight, model.config)))
    return weights + _rope_factors(architecture, model)


def _rope_factors(architecture: Architecture, model: PreTrainedModel) -> list[tuple[str, torch.Tensor]]:
    """The divisor of each frequency of a scaled rotary embedding."""
    rope = model.config.rope_parameters
    kind = rope["rope_type"]
    if kind == "default":
        return []
    if kind == "longrope" and architecture.name == "phi3":
        return [(f"rope_factors_{size}.weight", torch.tensor(rope[f"{size}_factor"])) for size in ("long", "short")]
    if kind in ("llama3", "linear") and architecture.name == "llama":
        scaled = model.model.rotary_emb.inv_freq.float()
        plain = rope["rope_theta"] ** -(torch.arange(len(scaled), dtype=torch.float32) / len(scaled))
        return [("rope_freqs.weight", plain / scaled)]
    raise HornbookError(f"rotary scaling {kind} is not supported for {architecture.name}")


def _add_tensor(writer: Any, name: str, weight: torch.Tensor) -> None:
    from gguf import GGMLQuantizationType

    if weight.dim() < 2:
        weight = weight.float()
    if not torch.isfinite(weight).all():
        raise HornbookError(f"{name} has values outside the range of {weight.dtype}; choose f32 or bf16")
    weight = weight.contiguous()
    if weight.dtype == torch.bfloat16:  # numpy has no bfloat16
        writer.add_tensor(name, weight.view(torch.uint8).numpy(), raw_dtype=GGMLQuantizationType.BF16)
    else:
        writer.add_tensor(name, weight.numpy())


def _add(writer: Any, key: str, value: Any) -> None:
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    elif isinstance(value, str):
        writer.add_string(key, value)
    else:
        writer.add_array(key, value)


def _name(out: Path) -> str:
    """Avoid "phi3" and "phi-3": for such names llama.cpp removes white space after special tokens."""
    return re.sub(r"phi-?3", "phi 3", out.stem, flags=re.IGNORECASE)


def _differences(model: PreTrainedModel, tokenizer: Any) -> list[str]:
    config = model.config
    found = []
    window = getattr(config, "sliding_window", None)
    if window and getattr(config, "use_sliding_window", True) and window < config.max_position_embeddings:
        found.append(f"attention sees {window} tokens in transformers, but the whole context in llama.cpp")
    if config.rope_parameters["rope_type"] == "longrope":
        found.append("the rotary factors depend on the text's length in transformers, but on n_ctx in llama.cpp")
    if tokenizer.backend_tokenizer.normalizer is not None:
        found.append("the tokenizer normalises text in transformers, but not in llama.cpp")
    return found


def _classes() -> list[str]:
    return [architecture.class_name for architecture in ARCHITECTURES.values()]

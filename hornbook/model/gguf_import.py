"""Dequantise a GGUF file into a Hugging Face folder."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedConfig

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.packages import missing_package
from hornbook.model.gguf_layout import ARCHITECTURES, SETTINGS
from hornbook.model.gguf_tokenizer import tokenizer_from_metadata
from hornbook.model.load_save import save_model


def import_gguf(path: Path, out: Path) -> None:
    """Write the model in the GGUF file `path` as a float32 Hugging Face folder `out`.

    Raises HornbookError without the package gguf, for a file that is not GGUF, and for an unsupported architecture or
    tokenizer.
    """
    try:
        from gguf import GGUFReader
        from gguf.quants import dequantize
    except ImportError:
        raise missing_package(f"{path}: reading GGUF", "gguf") from None
    try:
        reader = GGUFReader(path)
        about = {name: field.contents() for name, field in reader.fields.items()}
        weights = {tensor.name: np.array(dequantize(tensor.data, tensor.tensor_type)) for tensor in reader.tensors}
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise HornbookError(f"{path}: not a readable GGUF file ({one_line(error)})") from None
    architecture = ARCHITECTURES.get(about["general.architecture"])
    if architecture is None:
        raise HornbookError(
            f"{path}: architecture {about['general.architecture']}; expected one of {', '.join(ARCHITECTURES)}"
        )
    try:
        tokenizer = tokenizer_from_metadata(about)
        config = _config(architecture.name, about, tied="output.weight" not in weights)
        state = {
            architecture.transformers_name(name): architecture.from_pairs(name, torch.from_numpy(weight), config)
            for name, weight in weights.items()
        }
    except HornbookError as error:
        raise HornbookError(f"{path}: {error}") from None
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    if config.tie_word_embeddings:
        state["lm_head.weight"] = state["model.embed_tokens.weight"]
    try:
        model.load_state_dict(state, assign=True)
    except RuntimeError as error:
        raise HornbookError(f"{path}: its tensors do not match its metadata ({one_line(error)[:200]})") from None
    model.tie_weights()
    save_model(model, tokenizer, out)


def _config(name: str, about: dict[str, Any], tied: bool) -> PreTrainedConfig:
    settings = {field: about[f"{name}.{key}"] for key, field in SETTINGS.items() if f"{name}.{key}" in about}
    rope = {"rope_type": "default", "rope_theta": about.get(f"{name}.rope.freq_base", 10_000.0)}
    head = settings["hidden_size"] // settings["num_attention_heads"]
    if name == "phi3":
        rope["partial_rotary_factor"] = about.get("phi3.rope.dimension_count", head) / head
        settings["original_max_position_embeddings"] = settings["max_position_embeddings"]
        settings["sliding_window"] = about.get("phi3.attention.sliding_window") or None
    for role in ("bos", "eos"):
        settings[f"{role}_token_id"] = about.get(f"tokenizer.ggml.{role}_token_id")
    return AutoConfig.for_model(
        name,
        **settings,
        head_dim=about.get(f"{name}.attention.key_length", head),
        vocab_size=len(about["tokenizer.ggml.tokens"]),
        rope_parameters=rope,
        tie_word_embeddings=tied,
        pad_token_id=None,  # as `padding_idx` its embedding would never be trained
    )

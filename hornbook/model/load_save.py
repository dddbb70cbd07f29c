"""Load and save models as Hugging Face folders, which transformers, vLLM and llama.cpp read."""

import copy
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils.logging import disable_progress_bar

from hornbook.base import hub
from hornbook.base.errors import HornbookError, one_line
from hornbook.base.files import read_json, sync, write_json
from hornbook.base.precision import Precision
from hornbook.model.device import pick_device, pick_dtype
from hornbook.model.rescaling import disable_rescaling
from hornbook.tokenizer.end_tokens import end_ids
from hornbook.tokenizer.load_save import save_tokenizer

disable_progress_bar()  # transformers'; stages have progress lines of their own


def load_model(path: Path | str, dtype: Precision = "auto", device: str = "auto") -> PreTrainedModel:
    """A causal language model in eval mode, on `pick_device(device)` and in `pick_dtype(dtype)`.

    `path` is a Hugging Face folder, a stage's folder with `model/` in it, or a name on the Hugging Face hub.
    Raises HornbookError when there is no model, when it cannot be read, and for a device that does not exist.
    """
    here = pick_device(device)
    return read_model(path, pick_dtype(dtype, here)).to(here).eval()


def read_model(path: Path | str, dtype: torch.dtype | str) -> PreTrainedModel:
    """A model in main memory, like `load_model`; dtype "auto" keeps the precision of the saved weights."""
    folder = model_folder(path)
    located = folder if Path(folder).is_dir() else hub.locate(folder)
    try:
        model = AutoModelForCausalLM.from_pretrained(located, dtype=dtype)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise HornbookError(
            f"{path}: not a causal language model that transformers loads ({one_line(error)})"
        ) from None
    disable_rescaling(model)
    return model


def model_folder(path: Path | str) -> str:
    """The Hugging Face folder at `path`, or `path/model` for a stage's folder; a hub name is returned unchanged."""
    for folder in (Path(path), Path(path) / "model"):
        if (folder / "config.json").is_file():
            return str(folder)
    if not Path(path).exists() and hub.is_name(path):
        return str(path)
    raise HornbookError(f"{path}: no model here; expected a Hugging Face folder (config.json, *.safetensors ...)")


def save_model(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, path: Path) -> None:
    """Write weights, configuration, tokenizer (with its chat template) and generation defaults, atomically.

    The folder loads with `AutoModelForCausalLM` and `AutoTokenizer`, without Hornbook.
    """
    aside = path.with_name(path.name + ".tmp")
    shutil.rmtree(aside, ignore_errors=True)
    model.generation_config = _generation_config(model, tokenizer)
    model.save_pretrained(aside)
    save_tokenizer(tokenizer, aside)
    _write_rope_theta(aside / "config.json")
    for file in aside.iterdir():
        sync(file)
    shutil.rmtree(path, ignore_errors=True)
    os.replace(aside, path)


def _generation_config(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> GenerationConfig:
    """The model's own defaults (such as temperature) with the tokenizer's ids, and the end tokens of both."""
    ids = {
        "eos_token_id": end_ids(tokenizer, model.generation_config),
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
    }
    own = copy.deepcopy(model.generation_config)
    if own is None or own._from_model_config:  # derived by transformers, for a model without a generation config
        return GenerationConfig(**ids)
    own.update(**ids)
    try:
        own.validate(strict=True)
    except ValueError:  # of an older model, which transformers reads but does not write
        return GenerationConfig(**ids)
    return own


def _write_rope_theta(config_file: Path) -> None:
    """Write `rope_theta` at the top level too, for older vLLM and llama.cpp; transformers 5 writes it only nested."""
    config: dict[str, Any] = read_json(config_file)
    rope = config.get("rope_parameters") or {}
    if "rope_theta" in rope:
        config["rope_theta"] = rope["rope_theta"]
    write_json(config_file, config)

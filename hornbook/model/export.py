"""Export a model: for transformers and vLLM as a Hugging Face folder, for llama.cpp as a GGUF file."""

from pathlib import Path
from typing import Literal

import torch

from hornbook.base.errors import HornbookError
from hornbook.model.gguf_export import export_gguf
from hornbook.model.gguf_import import import_gguf
from hornbook.model.load_save import model_folder, read_model, save_model
from hornbook.tokenizer.load_save import load_tokenizer

DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}


def export_model(
    model: str, out: Path, form: Literal["gguf", "hf"], dtype: Literal["f32", "f16", "bf16"] | None = None
) -> list[str]:
    """Write `model` (a Hugging Face folder, a stage's folder, a hub name or a GGUF file) as `out`, atomically.

    Returns messages about what llama.cpp computes differently from transformers.
    Raises HornbookError where there is no model, and for a model that `form` does not support.
    """
    wanted = DTYPES[dtype] if dtype else None
    if Path(model).is_file():
        if form == "gguf" or dtype not in (None, "f32"):
            raise HornbookError(f"{model}: a GGUF file can only be exported with --format hf, as f32")
        import_gguf(Path(model), out)
        return []
    model_folder(model)  # raises where there is no model, before the hub is asked for a tokenizer
    if form == "gguf":
        return export_gguf(model, out, wanted)
    tokenizer = load_tokenizer(model)
    out.parent.mkdir(parents=True, exist_ok=True)
    save_model(read_model(model, wanted or "auto"), tokenizer, out)
    return []

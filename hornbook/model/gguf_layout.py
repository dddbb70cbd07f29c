"""Names of tensors and settings in GGUF for the supported architectures."""

from dataclasses import dataclass
from typing import Any

import torch

from hornbook.base.errors import HornbookError

COMMON = {  # name in GGUF -> name in transformers
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
    "attn_norm": "input_layernorm",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_down": "mlp.down_proj",
}
SEPARATE = COMMON | {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
}
FUSED = COMMON | {"attn_qkv": "self_attn.qkv_proj", "ffn_up": "mlp.gate_up_proj"}

SETTINGS = {  # key in GGUF, below the name of the architecture -> name in transformers
    "context_length": "max_position_embeddings",
    "embedding_length": "hidden_size",
    "block_count": "num_hidden_layers",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
}


@dataclass(frozen=True)
class Architecture:
    """One architecture in llama.cpp and in transformers.

    Attributes:
        name: in llama.cpp; transformers' `model_type` is the same.
        class_name: of the model in transformers.
        tensors: names of a model's parts in GGUF -> in transformers.
        paired: whether llama.cpp rotates neighbouring rows of queries and keys (transformers rotates two halves).
    """

    name: str
    class_name: str
    tensors: dict[str, str]
    paired: bool

    def gguf_name(self, name: str) -> str:
        """`model.layers.3.self_attn.q_proj.weight` is `blk.3.attn_q.weight`."""
        part, _, kind = name.rpartition(".")
        place = ""
        if part.startswith("model.layers."):
            _, _, number, part = part.split(".", 3)
            place = f"blk.{number}."
        for gguf_part, hf_part in self.tensors.items():
            if hf_part == part:
                return f"{place}{gguf_part}.{kind}"
        raise HornbookError(f"weight {name} does not exist in llama.cpp's {self.name}")

    def transformers_name(self, name: str) -> str:
        """`blk.3.attn_q.weight` is `model.layers.3.self_attn.q_proj.weight`."""
        *block, part, kind = name.split(".")
        place = f"model.layers.{block[1]}." if block else ""
        if part not in self.tensors:
            raise HornbookError(f"tensor {name} does not exist in {self.name} models")
        return f"{place}{self.tensors[part]}.{kind}"

    def to_pairs(self, name: str, weight: torch.Tensor, config: Any) -> torch.Tensor:
        """Rows of a weight (GGUF's name) in llama.cpp's order; `from_pairs` undoes it."""
        heads = self._rotated_heads(name, config)
        if heads is None:
            return weight
        halves = weight.reshape(heads, 2, len(weight) // heads // 2, -1)
        return halves.swapaxes(1, 2).reshape(weight.shape)

    def from_pairs(self, name: str, weight: torch.Tensor, config: Any) -> torch.Tensor:
        """Rows of a weight (GGUF's name) in transformers' order."""
        heads = self._rotated_heads(name, config)
        if heads is None:
            return weight
        pairs = weight.reshape(heads, len(weight) // heads // 2, 2, -1)
        return pairs.swapaxes(1, 2).reshape(weight.shape)

    def _rotated_heads(self, name: str, config: Any) -> int | None:
        if not self.paired:
            return None
        heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
        return heads.get(name.split(".")[-2])


ARCHITECTURES = {
    known.name: known
    for known in (
        Architecture("llama", "LlamaForCausalLM", SEPARATE, paired=True),
        Architecture("qwen2", "Qwen2ForCausalLM", SEPARATE, paired=False),
        Architecture("phi3", "Phi3ForCausalLM", FUSED, paired=False),
    )
}

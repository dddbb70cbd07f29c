"""Sizes of the tiny models, and the settings that several of them share."""

from typing import Any

VOCABULARY = 88
CONTEXT = 384
WINDOW = 40  # of sliding and local attention, and the size of chunks: far below the context
ORIGINAL = 56  # context of the short factors of LongRoPE, and of others that stretch their positions

IDS = {"vocab_size": VOCABULARY, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 3}
SHAPE = IDS | {
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": CONTEXT,
}
HEAD = {"head_dim": 12}
FOUR = {"num_hidden_layers": 4}
OLD = IDS | {"n_embd": 48, "n_inner": 80, "n_layer": 2, "n_head": 4, "n_positions": CONTEXT}
OLD |= {"attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0}
PLAIN = IDS | {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": CONTEXT}
MIXED = {"layer_types": ["sliding_attention", "full_attention"]}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 24}
LOCAL = {"num_local_experts": 4, "num_experts_per_tok": 2}
ROUTED = {
    "n_routed_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 24,
    "first_k_dense_replace": 1,
    "n_shared_experts": 1,
    "n_group": 1,
    "topk_group": 1,
}
LATENT = {
    "num_key_value_heads": 4,
    "q_lora_rank": 20,
    "kv_lora_rank": 12,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 12,
    "v_head_dim": 10,
}
LINEAR = {
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 12,
    "linear_value_head_dim": 12,
}
KIMI = LATENT | {
    "q_lora_rank": None,
    "num_experts": 4,
    "num_experts_per_token": 2,
    "moe_intermediate_size": 24,
    "linear_num_heads": 4,
    "linear_head_dim": 12,
    "layer_types": ["linear_attention", "full_attention"] * 2,
}
SCALED = {"logits_scaling": 4.0, "attention_multiplier": 0.4, "residual_multiplier": 0.6, "embedding_multiplier": 1.5}
STATES = IDS | {"hidden_size": 48, "state_size": 8, "num_hidden_layers": 2}
RWKV = {
    "vocab_size": VOCABULARY,
    "bos_token_id": 1,
    "eos_token_id": 3,
    "context_length": CONTEXT,
    "hidden_size": 48,
    "attention_hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 2,
}
MAMBA = {"mamba_n_heads": 8, "mamba_d_head": 12, "mamba_d_state": 8, "mamba_chunk_size": 16}
GEMMA = HEAD | {"sliding_window": WINDOW, "query_pre_attn_scalar": 12}
GEMMA_3N = HEAD | {
    "vocab_size_per_layer_input": VOCABULARY,
    "hidden_size_per_layer_input": 12,
    "laurel_rank": 8,
    "altup_num_inputs": 2,
}
GEMMA_4 = HEAD | MIXED | {"sliding_window": WINDOW, "vocab_size_per_layer_input": VOCABULARY}
GEMMA_4 |= {"hidden_size_per_layer_input": 12}
LLAMA_4 = HEAD | {
    "num_local_experts": 2,
    "num_experts_per_tok": 1,
    "intermediate_size_mlp": 80,
    "attention_chunk_size": WINDOW,
    "no_rope_layers": [1, 1, 1, 0],
    "interleave_moe_layer_step": 2,
    "attn_temperature_tuning": True,
    "floor_scale": 32,
}


def rope(kind: str, **more: Any) -> dict[str, Any]:
    """Rotary embeddings that are stretched beyond the context of ORIGINAL tokens."""
    stretched = {"rope_type": kind, "rope_theta": 10000.0, "original_max_position_embeddings": ORIGINAL}
    return {"rope_parameters": stretched | more}


LONG = rope(
    "longrope", short_factor=[1.0] * 6, long_factor=[1.0 + 0.8 * i for i in range(6)], partial_rotary_factor=1.0
) | {"original_max_position_embeddings": ORIGINAL}
VISION = {
    "model_type": "siglip_vision_model",
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
}
IMAGES = {"image_token_index": 80, "boi_token_index": 81, "eoi_token_index": 82, "mm_tokens_per_image": 4}

"""Tiny configurations of transformers' causal architectures: what each needs beside the sizes that all have.

Windows are 48 tokens, LongRoPE's original length is 64: texts of the tests lie on both sides. Weights are drawn so that
attention, positions and states matter to the output.
"""

import math

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

VOCABULARY, CONTEXT, WINDOW, ORIGINAL = 96, 512, 48, 64
IDS = {"vocab_size": VOCABULARY, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 3}
SIZES = IDS | {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": CONTEXT,
}
HEADS = {"head_dim": 16}
FOUR = {"num_hidden_layers": 4}
SEES = {"sliding_window": WINDOW}
MIXED = {"layer_types": ["sliding_attention", "full_attention"]}
WIDE = {"sliding_window": CONTEXT}
LOCAL_EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 2}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2}
SMALL_EXPERTS = EXPERTS | {"moe_intermediate_size": 32, "decoder_sparse_step": 1}
SHARED_EXPERT = {"shared_expert_intermediate_size": 32}
ROUTED = {"n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32, "first_k_dense_replace": 1}
ROUTED |= {"n_shared_experts": 1, "n_group": 1, "topk_group": 1}
LATENT = {"num_key_value_heads": 4, "q_lora_rank": 24, "kv_lora_rank": 16, "v_head_dim": 12}
LATENT |= {"qk_rope_head_dim": 8, "qk_nope_head_dim": 16}
LINEAR = {"linear_num_key_heads": 2, "linear_num_value_heads": 4, "linear_key_head_dim": 16}
LINEAR |= {"linear_value_head_dim": 16} | HEADS | FOUR
MAMBA = {"mamba_n_heads": 8, "mamba_d_head": 16, "mamba_d_state": 16, "mamba_chunk_size": 16}
GPT = IDS | {"n_embd": 64, "n_inner": 96, "n_layer": 2, "n_head": 4, "n_positions": CONTEXT}
BARE = IDS | {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": CONTEXT}
LAYERS = {"hidden_size": 64, "num_layers": 2, "num_heads": 4, "intermediate_size": 96}
PER_LAYER = HEADS | MIXED | {"vocab_size_per_layer_input": VOCABULARY, "hidden_size_per_layer_input": 16}
PER_LAYER |= {"laurel_rank": 8, "altup_num_inputs": 2}
VISION = {"model_type": "siglip_vision_model", "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1}
VISION |= {"num_attention_heads": 2, "image_size": 28, "patch_size": 14}


def rope(kind: str, **more: object) -> dict[str, object]:
    return {"rope_parameters": {"rope_type": kind, "rope_theta": 10000.0, **more}}


LLAMA3 = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": ORIGINAL}
FACTORS = {"short_factor": [1.0] * 8, "long_factor": [1.0 + 0.7 * number for number in range(8)]}
LONG = {"original_max_position_embeddings": ORIGINAL, "partial_rotary_factor": 1.0} | FACTORS
NTK = {"factor": 4.0, "original_max_position_embeddings": ORIGINAL}

CONFIGS: dict[str, tuple[str, dict[str, object]]] = {  # name: model type, and what is beside SIZES or instead of them
    "llama": ("llama", {}),
    "llama3-rope": ("llama", rope("llama3", **LLAMA3)),
    "llama-dynamic-ntk": ("llama", rope("dynamic", **NTK)),
    "llama-yarn": ("llama", rope("yarn", **NTK)),
    "mistral": ("mistral", {"sliding_window": None}),
    "mistral-window": ("mistral", SEES),
    "ministral": ("ministral", SEES | HEADS),
    "qwen2": ("qwen2", {}),
    "qwen2-window": ("qwen2", SEES | {"use_sliding_window": True, "max_window_layers": 1}),
    "qwen3": ("qwen3", HEADS),
    "qwen2_moe": ("qwen2_moe", SMALL_EXPERTS | SHARED_EXPERT),
    "qwen3_moe": ("qwen3_moe", SMALL_EXPERTS | HEADS),
    "qwen3_next": ("qwen3_next", SMALL_EXPERTS | SHARED_EXPERT | LINEAR),
    "qwen3_5_text": ("qwen3_5_text", LINEAR),
    "gemma": ("gemma", HEADS),
    "gemma2": ("gemma2", HEADS | SEES | {"query_pre_attn_scalar": 16}),
    "gemma2-nocap": (
        "gemma2",
        HEADS | SEES | {"query_pre_attn_scalar": 16, "attn_logit_softcapping": None, "final_logit_softcapping": None},
    ),
    "gemma3_text": ("gemma3_text", HEADS | SEES | MIXED | {"query_pre_attn_scalar": 16}),
    "gemma3_text-wide": ("gemma3_text", HEADS | WIDE | MIXED | {"query_pre_attn_scalar": 16}),
    "gemma3n_text": (
        "gemma3n_text",
        PER_LAYER
        | SEES
        | {"num_kv_shared_layers": 0, "activation_sparsity_pattern": [0.0] * 2, "intermediate_size": [96] * 2},
    ),
    "gemma3n_text-kvshare": (
        "gemma3n_text",
        PER_LAYER
        | WIDE
        | FOUR
        | {"num_kv_shared_layers": 2, "layer_types": ["sliding_attention", "full_attention"] * 2}
        | {"activation_sparsity_pattern": [0.0] * 4, "intermediate_size": [96] * 4},
    ),
    "gemma4_text": ("gemma4_text", HEADS | SEES | MIXED),
    "vaultgemma": ("vaultgemma", HEADS | WIDE | {"query_pre_attn_scalar": 16}),
    "phi": ("phi", {}),
    "phi3": ("phi3", {}),
    "phi3-window": ("phi3", SEES),
    "phi3-longrope": ("phi3", rope("longrope", **LONG) | {"original_max_position_embeddings": ORIGINAL}),
    "phimoe": ("phimoe", LOCAL_EXPERTS | {"sliding_window": None}),
    "olmo": ("olmo", {}),
    "olmo2": ("olmo2", {}),
    "olmo3": ("olmo3", SEES | MIXED),
    "olmoe": ("olmoe", EXPERTS),
    "mixtral": ("mixtral", LOCAL_EXPERTS | {"sliding_window": None}),
    "gpt2": ("gpt2", GPT),
    "gpt_bigcode": ("gpt_bigcode", GPT | {"multi_query": True}),
    "gpt_neo": (
        "gpt_neo",
        IDS
        | LAYERS
        | {"attention_types": [[["global", "local"], 1]], "window_size": WINDOW, "max_position_embeddings": CONTEXT},
    ),
    "gpt_neox": ("gpt_neox", {}),
    "gptj": ("gptj", GPT | {"rotary_dim": 8}),
    "codegen": ("codegen", GPT | {"rotary_dim": 8}),
    "opt": ("opt", BARE | {"ffn_dim": 96, "word_embed_proj_dim": 64}),
    "opt-projected": ("opt", BARE | {"ffn_dim": 96, "word_embed_proj_dim": 32, "do_layer_norm_before": False}),
    "bloom": ("bloom", IDS | {"hidden_size": 64, "n_layer": 2, "n_head": 4}),
    "falcon-rope": ("falcon", BARE | {"alibi": False, "multi_query": True}),
    "falcon-alibi": ("falcon", BARE | {"alibi": True, "multi_query": False}),
    "mpt": ("mpt", IDS | {"d_model": 64, "n_heads": 4, "n_layers": 2, "max_seq_len": CONTEXT, "expansion_ratio": 2}),
    "stablelm": ("stablelm", {}),
    "starcoder2": ("starcoder2", {"sliding_window": None}),
    "starcoder2-window": ("starcoder2", SEES),
    "cohere": ("cohere", {"logit_scale": 0.25}),
    "cohere2": ("cohere2", SEES | MIXED | {"logit_scale": 0.25}),
    "granite": ("granite", {"attention_multiplier": 0.3, "logits_scaling": 3.0, "residual_multiplier": 0.5}),
    "granitemoe": ("granitemoe", LOCAL_EXPERTS | {"logits_scaling": 3.0}),
    "granitemoehybrid": (
        "granitemoehybrid",
        LOCAL_EXPERTS | MAMBA | {"shared_intermediate_size": 32, "layer_types": ["mamba", "attention"]},
    ),
    "smollm3": ("smollm3", {"no_rope_layers": [1, 0], "use_sliding_window": False}),
    "glm": ("glm", HEADS),
    "glm4": ("glm4", HEADS),
    "glm4_moe": ("glm4_moe", HEADS | ROUTED),
    "deepseek_v2": ("deepseek_v2", LATENT | ROUTED | {"q_lora_rank": None}),
    "deepseek_v3": ("deepseek_v3", LATENT | ROUTED),
    "minicpm3": ("minicpm3", LATENT),
    "mamba": ("mamba", IDS | {"hidden_size": 64, "state_size": 8, "num_hidden_layers": 2, "time_step_rank": 4}),
    "mamba2": (
        "mamba2",
        IDS
        | {"hidden_size": 64, "state_size": 16, "num_hidden_layers": 2, "num_heads": 8, "head_dim": 16}
        | {"n_groups": 1, "chunk_size": 16},
    ),
    "falcon_mamba": (
        "falcon_mamba",
        IDS | {"hidden_size": 64, "state_size": 8, "num_hidden_layers": 2, "time_step_rank": 4},
    ),
    "jamba": (
        "jamba",
        FOUR
        | EXPERTS
        | {"attn_layer_period": 2, "attn_layer_offset": 1, "expert_layer_period": 2, "expert_layer_offset": 1}
        | {"mamba_d_state": 8, "mamba_dt_rank": 4, "use_mamba_kernels": False},
    ),
    "rwkv": (
        "rwkv",
        {"vocab_size": VOCABULARY, "bos_token_id": 1, "eos_token_id": 3, "context_length": CONTEXT, "hidden_size": 64}
        | {"attention_hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2},
    ),
    "bamba": ("bamba", MAMBA | {"attn_layer_indices": [1]}),
    "falcon_h1": ("falcon_h1", HEADS | MAMBA | {"mamba_d_ssm": 64, "mamba_n_heads": 4}),
    "zamba2": (
        "zamba2",
        FOUR
        | {"mamba_d_state": 16, "mamba_headdim": 16, "n_mamba_heads": 8, "mamba_ngroups": 1, "chunk_size": 16}
        | {"attention_hidden_size": 128, "attention_head_dim": 32, "num_mem_blocks": 1, "num_key_value_heads": 4}
        | {"layers_block_type": ["mamba", "hybrid"] * 2, "adapter_rank": 8},
    ),
    "nemotron_h": (
        "nemotron_h",
        HEADS
        | {"layers_block_type": ["mamba", "attention", "mlp"], "num_hidden_layers": 3, "mamba_num_heads": 8}
        | {"mamba_head_dim": 16, "ssm_state_size": 16, "n_groups": 1, "chunk_size": 16},
    ),
    "recurrent_gemma": (
        "recurrent_gemma",
        {"num_hidden_layers": 3, "lru_width": 64, "attention_window_size": WINDOW}
        | {"block_types": ["recurrent", "recurrent", "attention"]},
    ),
    "lfm2": ("lfm2", FOUR | {"full_attn_idxs": [1, 3], "block_auto_adjust_ff_dim": False}),
    "gpt_oss": ("gpt_oss", HEADS | LOCAL_EXPERTS | SEES | MIXED),
    "gpt_oss-wide": ("gpt_oss", HEADS | LOCAL_EXPERTS | WIDE | MIXED),
    "nemotron": ("nemotron", {}),
    "persimmon": ("persimmon", {}),
    "ernie4_5": ("ernie4_5", HEADS),
    "exaone4": ("exaone4", SEES | MIXED),
    "hunyuan_v1_dense": ("hunyuan_v1_dense", HEADS),
    "llama4_text": (
        "llama4_text",
        HEADS
        | FOUR
        | {
            "num_local_experts": 2,
            "num_experts_per_tok": 1,
            "intermediate_size_mlp": 96,
            "interleave_moe_layer_step": 2,
        }
        | {"attention_chunk_size": WINDOW, "no_rope_layers": [1, 1, 1, 0], "floor_scale": 32},
    ),
    "diffllama": ("diffllama", {}),
    "helium": ("helium", HEADS),
    "biogpt": ("biogpt", BARE | {"intermediate_size": 96}),
    "xglm": (
        "xglm",
        IDS | {"d_model": 64, "ffn_dim": 96, "num_layers": 2, "attention_heads": 4, "max_position_embeddings": CONTEXT},
    ),
    "apertus": ("apertus", {}),
    "arcee": ("arcee", {}),
    "seed_oss": ("seed_oss", HEADS),
    "dots1": ("dots1", HEADS | ROUTED | {"sliding_window": None}),
    "doge": ("doge", {}),
    "minimax": (
        "minimax",
        HEADS | LOCAL_EXPERTS | {"layer_types": ["linear_attention", "full_attention"], "block_size": 16},
    ),
    "kimi_linear": (
        "kimi_linear",
        FOUR
        | LOCAL_EXPERTS
        | {"kv_lora_rank": 16, "qk_rope_head_dim": 8, "qk_nope_head_dim": 16, "v_head_dim": 12}
        | {"moe_intermediate_size": 32, "linear_head_dim": 16, "linear_num_heads": 4},
    ),
    "nanochat": ("nanochat", {}),
    "modernbert-decoder": ("modernbert-decoder", {"local_attention": WINDOW}),
    "gemma3": (
        "gemma3",
        {
            "text_config": SIZES | HEADS | SEES | MIXED | {"model_type": "gemma3_text", "query_pre_attn_scalar": 16},
            "vision_config": VISION,
            "mm_tokens_per_image": 4,
        },
    ),
    "gemma4": (
        "gemma4",
        {
            "text_config": SIZES
            | HEADS
            | SEES
            | MIXED
            | {"model_type": "gemma4_text", "hidden_size_per_layer_input": 0},
            "vision_config": None,
            "audio_config": None,
        },
    ),
    "bert": ("bert", BARE | {"intermediate_size": 96, "is_decoder": False}),  # reads ahead
}
WITHOUT_SIZES = {"gpt2", "gpt_bigcode", "gpt_neo", "gptj", "codegen", "opt", "bloom", "falcon", "mpt", "biogpt", "xglm"}
WITHOUT_SIZES |= {"mamba", "mamba2", "falcon_mamba", "rwkv", "gemma3", "gemma4", "bert"}
KEPT = ("A_log", "dt_bias", "time_decay", "time_first", ".D", "lru", "recurrent_param")  # states need them as they are


def make(name: str) -> PreTrainedModel:
    """The model of a configuration, in float32."""
    kind, changes = CONFIGS[name]
    settings = changes if kind in WITHOUT_SIZES else SIZES | changes
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **settings), dtype=torch.float32).eval()
    drawn = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if any(part in name for part in KEPT):
                continue
            noise = torch.randn(weight.shape, generator=drawn)
            if weight.dim() >= 2:
                embeds = any(part in name for part in ("embed", "wte", "wpe"))
                weight.copy_(noise * (0.25 if embeds else 1.2 / math.sqrt(weight.shape[-1])))
            elif "sink" in name:
                weight.copy_(noise)
            elif name.endswith("bias"):
                weight.add_(0.1 * noise)
    return model

"""The configurations by name."""

from typing import Any

from tests.architectures.shapes import (
    CONTEXT,
    EXPERTS,
    FOUR,
    GEMMA,
    GEMMA_3N,
    GEMMA_4,
    HEAD,
    IDS,
    IMAGES,
    KIMI,
    LATENT,
    LINEAR,
    LLAMA_4,
    LOCAL,
    LONG,
    MAMBA,
    MIXED,
    OLD,
    PLAIN,
    ROUTED,
    RWKV,
    SCALED,
    SHAPE,
    STATES,
    VISION,
    WINDOW,
    rope,
)

ARCHITECTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("llama", SHAPE),
    "llama with llama3 positions": (
        "llama",
        SHAPE | rope("llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0),
    ),
    "llama with dynamic positions": ("llama", SHAPE | rope("dynamic", factor=4.0)),
    "llama with yarn": ("llama", SHAPE | rope("yarn", factor=4.0)),
    "mistral": ("mistral", SHAPE | {"sliding_window": None}),
    "mistral with a window": ("mistral", SHAPE | {"sliding_window": WINDOW}),
    "ministral": ("ministral", SHAPE | HEAD | {"sliding_window": WINDOW}),
    "mixtral": ("mixtral", SHAPE | LOCAL | {"sliding_window": None}),
    "qwen2": ("qwen2", SHAPE),
    "qwen2 with a window": (
        "qwen2",
        SHAPE | {"use_sliding_window": True, "sliding_window": WINDOW, "max_window_layers": 1},
    ),
    "qwen2_moe": ("qwen2_moe", SHAPE | EXPERTS | {"shared_expert_intermediate_size": 24}),
    "qwen3": ("qwen3", SHAPE | HEAD),
    "qwen3_moe": ("qwen3_moe", SHAPE | HEAD | EXPERTS),
    "qwen3_next": ("qwen3_next", SHAPE | HEAD | FOUR | EXPERTS | LINEAR | {"shared_expert_intermediate_size": 24}),
    "qwen3_5_text": ("qwen3_5_text", SHAPE | HEAD | FOUR | LINEAR),
    "gemma": ("gemma", SHAPE | HEAD),
    "gemma2": ("gemma2", SHAPE | GEMMA),
    "gemma2 without caps": (
        "gemma2",
        SHAPE | GEMMA | {"attn_logit_softcapping": None, "final_logit_softcapping": None},
    ),
    "gemma3_text": ("gemma3_text", SHAPE | GEMMA | MIXED),
    "gemma3_text with a wide window": ("gemma3_text", SHAPE | GEMMA | MIXED | {"sliding_window": CONTEXT}),
    "gemma3": (
        "gemma3",
        IMAGES | {"text_config": SHAPE | GEMMA | MIXED | {"model_type": "gemma3_text"}, "vision_config": VISION},
    ),
    "gemma3n_text": (
        "gemma3n_text",
        SHAPE
        | GEMMA_3N
        | MIXED
        | {
            "sliding_window": WINDOW,
            "num_kv_shared_layers": 0,
            "activation_sparsity_pattern": [0.0] * 2,
            "intermediate_size": [80] * 2,
        },
    ),
    "gemma3n_text with shared layers": (
        "gemma3n_text",
        SHAPE
        | GEMMA_3N
        | FOUR
        | {
            "sliding_window": CONTEXT,
            "num_kv_shared_layers": 2,
            "activation_sparsity_pattern": [0.0] * 4,
            "intermediate_size": [80] * 4,
            "layer_types": MIXED["layer_types"] * 2,
        },
    ),
    "gemma4_text": ("gemma4_text", SHAPE | GEMMA_4),
    "gemma4": (
        "gemma4",
        {
            "text_config": SHAPE | GEMMA_4 | {"model_type": "gemma4_text", "hidden_size_per_layer_input": 0},
            "vision_config": None,
            "audio_config": None,
        },
    ),
    "vaultgemma": ("vaultgemma", SHAPE | GEMMA),
    "vaultgemma with a wide window": ("vaultgemma", SHAPE | GEMMA | {"sliding_window": CONTEXT}),
    "recurrent_gemma": (
        "recurrent_gemma",
        SHAPE
        | {
            "num_hidden_layers": 3,
            "lru_width": 48,
            "attention_window_size": WINDOW,
            "block_types": ["recurrent", "recurrent", "attention"],
        },
    ),
    "phi": ("phi", SHAPE),
    "phi3": ("phi3", SHAPE),
    "phi3 with a window": ("phi3", SHAPE | {"sliding_window": WINDOW}),
    "phi3 with longrope": ("phi3", SHAPE | LONG),
    "phimoe": ("phimoe", SHAPE | LOCAL | {"sliding_window": None}),
    "olmo": ("olmo", SHAPE),
    "olmo2": ("olmo2", SHAPE),
    "olmo3": ("olmo3", SHAPE | MIXED | {"sliding_window": WINDOW}),
    "olmoe": ("olmoe", SHAPE | {"num_experts": 4, "num_experts_per_tok": 2}),
    "gpt2": ("gpt2", OLD),
    "gpt_bigcode": ("gpt_bigcode", OLD | {"multi_query": True}),
    "gptj": ("gptj", OLD | {"rotary_dim": 8}),
    "codegen": ("codegen", OLD | {"rotary_dim": 8}),
    "gpt_neo": (
        "gpt_neo",
        IDS
        | {
            "hidden_size": 48,
            "intermediate_size": 80,
            "num_layers": 2,
            "num_heads": 4,
            "attention_types": [[["global", "local"], 1]],
            "window_size": WINDOW,
            "max_position_embeddings": CONTEXT,
            "attention_dropout": 0.0,
            "embed_dropout": 0.0,
            "resid_dropout": 0.0,
        },
    ),
    "gpt_neox": ("gpt_neox", SHAPE),
    "gpt_oss": ("gpt_oss", SHAPE | HEAD | LOCAL | MIXED | {"sliding_window": WINDOW}),
    "gpt_oss with a wide window": ("gpt_oss", SHAPE | HEAD | LOCAL | MIXED | {"sliding_window": CONTEXT}),
    "opt": ("opt", PLAIN | {"ffn_dim": 80, "word_embed_proj_dim": 48, "dropout": 0.0}),
    "opt like 350m": (
        "opt",
        PLAIN | {"ffn_dim": 80, "word_embed_proj_dim": 24, "do_layer_norm_before": False, "dropout": 0.0},
    ),
    "bloom": ("bloom", IDS | {"hidden_size": 48, "n_layer": 2, "n_head": 4}),
    "falcon": ("falcon", PLAIN | {"alibi": False, "multi_query": True}),
    "falcon with alibi": ("falcon", PLAIN | {"alibi": True, "multi_query": False}),
    "mpt": ("mpt", IDS | {"d_model": 48, "n_heads": 4, "n_layers": 2, "max_seq_len": CONTEXT, "expansion_ratio": 2}),
    "stablelm": (
        "stablelm",
        SHAPE | {"rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "partial_rotary_factor": 0.5}},
    ),
    "starcoder2": ("starcoder2", SHAPE | {"sliding_window": None, "residual_dropout": 0.0, "embedding_dropout": 0.0}),
    "starcoder2 with a window": (
        "starcoder2",
        SHAPE | {"sliding_window": WINDOW, "residual_dropout": 0.0, "embedding_dropout": 0.0},
    ),
    "cohere": ("cohere", SHAPE | {"logit_scale": 0.25}),
    "cohere2": ("cohere2", SHAPE | MIXED | {"sliding_window": WINDOW, "logit_scale": 0.25}),
    "granite": ("granite", SHAPE | SCALED),
    "granitemoe": ("granitemoe", SHAPE | LOCAL | SCALED),
    "granitemoehybrid": (
        "granitemoehybrid",
        SHAPE | LOCAL | MAMBA | {"shared_intermediate_size": 24, "layer_types": ["mamba", "attention"]},
    ),
    "smollm3": ("smollm3", SHAPE | {"no_rope_layers": [1, 0], "use_sliding_window": False}),
    "glm": ("glm", SHAPE | HEAD),
    "glm4": ("glm4", SHAPE | HEAD),
    "glm4_moe": ("glm4_moe", SHAPE | HEAD | ROUTED),
    "deepseek_v2": ("deepseek_v2", SHAPE | ROUTED | LATENT | {"q_lora_rank": None}),
    "deepseek_v3": ("deepseek_v3", SHAPE | ROUTED | LATENT),
    "minicpm3": ("minicpm3", SHAPE | LATENT),
    "mamba": ("mamba", STATES | {"time_step_rank": 4}),
    "mamba2": ("mamba2", STATES | {"num_heads": 8, "head_dim": 12, "n_groups": 1, "chunk_size": 16}),
    "falcon_mamba": ("falcon_mamba", STATES | {"time_step_rank": 4}),
    "falcon_h1": ("falcon_h1", SHAPE | HEAD | MAMBA | {"mamba_d_ssm": 48, "mamba_n_heads": 4}),
    "jamba": (
        "jamba",
        SHAPE
        | FOUR
        | {
            "attn_layer_period": 2,
            "attn_layer_offset": 1,
            "expert_layer_period": 2,
            "expert_layer_offset": 1,
            "num_experts": 4,
            "num_experts_per_tok": 2,
            "mamba_d_state": 8,
            "mamba_dt_rank": 4,
            "use_mamba_kernels": False,
        },
    ),
    "rwkv": ("rwkv", RWKV),
    "rwkv with 8 layers": ("rwkv", RWKV | {"num_hidden_layers": 8}),  # transformers rescales those beyond the 6th
    "bamba": ("bamba", SHAPE | MAMBA | {"attn_layer_indices": [1]}),
    "zamba2": (
        "zamba2",
        SHAPE
        | FOUR
        | {
            "mamba_d_state": 8,
            "mamba_headdim": 12,
            "n_mamba_heads": 8,
            "mamba_ngroups": 1,
            "chunk_size": 16,
            "attention_hidden_size": 96,
            "attention_head_dim": 24,
            "num_mem_blocks": 1,
            "layers_block_type": ["mamba", "hybrid"] * 2,
            "num_key_value_heads": 4,
            "adapter_rank": 8,
        },
    ),
    "nemotron_h": (
        "nemotron_h",
        SHAPE
        | HEAD
        | {
            "layers_block_type": ["mamba", "attention", "mlp"],
            "num_hidden_layers": 3,
            "mamba_num_heads": 8,
            "mamba_head_dim": 12,
            "ssm_state_size": 8,
            "n_groups": 1,
            "chunk_size": 16,
        },
    ),
    "nemotron": ("nemotron", SHAPE),
    "lfm2": ("lfm2", SHAPE | FOUR | {"full_attn_idxs": [1, 3], "block_auto_adjust_ff_dim": False}),
    "minimax": (
        "minimax",
        SHAPE
        | HEAD
        | LOCAL
        | {"layer_types": ["linear_attention", "full_attention"], "block_size": 16, "sliding_window": None},
    ),
    "kimi_linear": ("kimi_linear", SHAPE | FOUR | KIMI),
    "persimmon": ("persimmon", SHAPE),
    "ernie4_5": ("ernie4_5", SHAPE | HEAD),
    "exaone4": ("exaone4", SHAPE | MIXED | {"sliding_window": WINDOW}),
    "hunyuan_v1_dense": ("hunyuan_v1_dense", SHAPE | HEAD),
    "llama4_text": ("llama4_text", SHAPE | FOUR | LLAMA_4),
    "diffllama": ("diffllama", SHAPE),
    "helium": ("helium", SHAPE | HEAD),
    "biogpt": (
        "biogpt",
        PLAIN
        | {
            "intermediate_size": 80,
            "hidden_dropout_prob": 0.0,
            "attention_probs_dropout_prob": 0.0,
            "activation_dropout": 0.0,
            "layerdrop": 0.0,
        },
    ),
    "xglm": (
        "xglm",
        IDS
        | {
            "d_model": 48,
            "ffn_dim": 80,
            "num_layers": 2,
            "attention_heads": 4,
            "max_position_embeddings": CONTEXT,
            "dropout": 0.0,
            "attention_dropout": 0.0,
            "layerdrop": 0.0,
        },
    ),
    "apertus": ("apertus", SHAPE),
    "arcee": ("arcee", SHAPE),
    "seed_oss": ("seed_oss", SHAPE | HEAD),
    "dots1": ("dots1", SHAPE | HEAD | ROUTED | {"sliding_window": None}),
    "doge": ("doge", SHAPE),
    "nanochat": ("nanochat", SHAPE),
    "modernbert-decoder": ("modernbert-decoder", SHAPE | {"local_attention": WINDOW}),
    "bert": ("bert", PLAIN | {"intermediate_size": 80, "is_decoder": False}),  # reads ahead: no language model
}

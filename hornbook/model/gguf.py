"""A GGUF file, dequantised once into a Hugging Face folder, to be trained and sampled from like any model."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from hornbook.base.errors import HornbookError, one_line
from hornbook.model.files import save_model

CONTROL_TOKEN = 3  # in `tokenizer.ggml.token_type`
TENSORS = {  # name in GGUF -> name in transformers
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def import_gguf(path: Path, out: Path) -> None:
    """Write the Llama-architecture model in the GGUF file `path` as a float32 Hugging Face folder `out`.

    Raises HornbookError without the package gguf, for a file that is not GGUF, and for an architecture or a tokenizer
    that this does not know.
    """
    try:
        from gguf import GGUFReader
        from gguf.quants import dequantize
    except ImportError:
        raise HornbookError(f"{path}: reading GGUF needs the package gguf: pip install 'hornbook[gguf]'") from None
    try:
        reader = GGUFReader(path)
        about = {name: field.contents() for name, field in reader.fields.items()}
        weights = {tensor.name: np.array(dequantize(tensor.data, tensor.tensor_type)) for tensor in reader.tensors}
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise HornbookError(f"{path}: not a readable GGUF file ({one_line(error)})") from None
    if about["general.architecture"] != "llama":
        raise HornbookError(f"{path}: a model of architecture {about['general.architecture']}; expected llama")
    tokenizer = _tokenizer(about, path)
    config = _config(about, tied="output.weight" not in weights)
    with torch.device("meta"):
        model = LlamaForCausalLM(config)
    state = {_rename(name): torch.from_numpy(_unpermute(name, weight, config)) for name, weight in weights.items()}
    if config.tie_word_embeddings:
        state["lm_head.weight"] = state["model.embed_tokens.weight"]
    model.load_state_dict(state, assign=True)
    model.tie_weights()
    save_model(model, tokenizer, out)


def _config(about: dict[str, Any], tied: bool) -> LlamaConfig:
    heads = about["llama.attention.head_count"]
    return LlamaConfig(
        vocab_size=len(about["tokenizer.ggml.tokens"]),
        hidden_size=about["llama.embedding_length"],
        intermediate_size=about["llama.feed_forward_length"],
        num_hidden_layers=about["llama.block_count"],
        num_attention_heads=heads,
        num_key_value_heads=about.get("llama.attention.head_count_kv", heads),
        max_position_embeddings=about["llama.context_length"],
        rms_norm_eps=about["llama.attention.layer_norm_rms_epsilon"],
        rope_parameters={"rope_type": "default", "rope_theta": about.get("llama.rope.freq_base", 10_000.0)},
        tie_word_embeddings=tied,
        bos_token_id=about.get("tokenizer.ggml.bos_token_id"),
        eos_token_id=about.get("tokenizer.ggml.eos_token_id"),
    )


def _rename(name: str) -> str:
    """`blk.3.attn_q.weight` is `model.layers.3.self_attn.q_proj.weight`."""
    *block, part, kind = name.split(".")
    place = f"model.layers.{block[1]}." if block else ""
    if part not in TENSORS:
        raise HornbookError(f"a tensor {name} that a Llama model does not have")
    return f"{place}{TENSORS[part]}.{kind}"


def _unpermute(name: str, weight: np.ndarray, config: LlamaConfig) -> np.ndarray:
    """llama.cpp rotates neighbouring pairs, transformers two halves: the rows of queries and keys are in that order."""
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}.get(name.split(".")[-2])
    if heads is None:
        return weight
    pairs = weight.reshape(heads, len(weight) // heads // 2, 2, -1)
    return np.ascontiguousarray(pairs.swapaxes(1, 2).reshape(weight.shape))


def _tokenizer(about: dict[str, Any], path: Path) -> PreTrainedTokenizerFast:
    splits = {
        "smollm": [pre_tokenizers.Digits(individual_digits=True)],
        "gpt-2": [],
    }
    kind, split = about["tokenizer.ggml.model"], about.get("tokenizer.ggml.pre", "gpt-2")
    if kind != "gpt2" or split not in splits:
        raise HornbookError(f"{path}: a tokenizer {kind}/{split}; expected gpt2 with {' or '.join(splits)}")
    tokens = about["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in about["tokenizer.ggml.merges"]]
    made = Tokenizer(models.BPE({token: id for id, token in enumerate(tokens)}, merges))
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    made.pre_tokenizer = pre_tokenizers.Sequence([*splits[split], byte_level])
    made.decoder = decoders.ByteLevel()
    control = [tokens[id] for id, type in enumerate(about["tokenizer.ggml.token_type"]) if type == CONTROL_TOKEN]
    made.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in control])

    def named(role: str) -> str | None:
        id = about.get(f"tokenizer.ggml.{role}_token_id")
        return None if id is None else tokens[id]

    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token=named("bos"),
        eos_token=named("eos"),
        pad_token=named("padding") or named("eos"),
        unk_token=named("unknown"),
        chat_template=about.get("tokenizer.chat_template"),
        clean_up_tokenization_spaces=False,
    )

"""A random model of a few thousand parameters and a tokenizer of single letters, for tests."""

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_sep|>", "<|im_end|>"]
COMMON = ["vocab_size", "initializer_range", "pad_token_id", "bos_token_id", "eos_token_id"]
LETTERS = list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,:?\n")


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    vocabulary = {token: number for number, token in enumerate(SPECIALS + LETTERS)}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token="."))
    backend.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    backend.decoder = decoders.Fuse()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token="<|im_end|>", pad_token="<|endoftext|>", unk_token="."
    )
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_sep|>"]})
    tokenizer.chat_template = (
        "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '<|im_sep|>' + m['content'] + '<|im_end|>' }}"
        "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant<|im_sep|>' }}{% endif %}"
    )
    return tokenizer


def tiny_model(seed: int = 0, context: int = 96, **changes: object) -> Phi3ForCausalLM:
    torch.manual_seed(seed)
    return Phi3ForCausalLM(Phi3Config(**(tiny_settings(context) | changes))).eval()


def random_model(kind: str, seed: int = 0, context: int = 96) -> PreTrainedModel:
    """A tiny model of any architecture, by its `model_type`."""
    torch.manual_seed(seed)
    settings = tiny_settings(context)
    if kind == "gpt2":
        names = {"n_embd": 32, "n_inner": 48, "n_layer": 2, "n_head": 4, "n_positions": context}
        settings = {name: settings[name] for name in COMMON} | names
    if kind.startswith("gemma"):
        settings["head_dim"] = 8
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **settings)).eval()


def tiny_settings(context: int) -> dict[str, object]:
    return tiny_shape() | {
        "vocab_size": len(SPECIALS + LETTERS),
        "max_position_embeddings": context,
        "initializer_range": 0.2,  # so that attention and position matter to the output
        "pad_token_id": 0,
        "bos_token_id": 0,
        "eos_token_id": 3,
    }


def tiny_shape(hidden: int = 32, inner: int = 48, layers: int = 2, heads: int = 4) -> dict[str, object]:
    """The sizes of a small model, with two query heads per key/value head."""
    return {
        "hidden_size": hidden,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": heads // 2,
    }

from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    Gemma3TextConfig,
    GemmaConfig,
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GptOssConfig,
    GraniteConfig,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    Olmo2Config,
    Phi3Config,
    PretrainedConfig,
    PreTrainedModel,
    Qwen2Config,
    Qwen3Config,
)

from hornbook.base.errors import HornbookError
from hornbook.model.build import build_model
from hornbook.model.output_head import output_head
from hornbook.model.packed_attention import packed
from hornbook.model.packed_forward import hidden_states, pack_documents
from hornbook.model.packing_check import check_packing
from hornbook.model.settings import ModelSettings

SMALL = {
    "vocab_size": 50,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
}


ARCHITECTURES: list[PretrainedConfig] = [
    LlamaConfig(**SMALL),
    Phi3Config(**SMALL, pad_token_id=None),
    MistralConfig(**SMALL, sliding_window=None),
    Qwen2Config(**SMALL),
    Qwen3Config(**SMALL, head_dim=8),
    Gemma3TextConfig(**SMALL, head_dim=4, sliding_window=64),
    GemmaConfig(**SMALL, head_dim=4),
    GraniteConfig(**SMALL),
    Olmo2Config(**SMALL),
    GPTNeoXConfig(**SMALL),
    GPT2Config(vocab_size=50, n_positions=64, n_embd=16, n_layer=2, n_head=2),
    MistralConfig(**SMALL, sliding_window=6),
    Gemma2Config(**SMALL, head_dim=4, sliding_window=6),  # a window, and scores and logits that are capped
    GptOssConfig(**SMALL, head_dim=4, num_local_experts=2, num_experts_per_tok=1, sliding_window=6),  # and sinks
]


@cache
def small_model(number: int) -> PreTrainedModel:
    torch.manual_seed(number)
    model = AutoModelForCausalLM.from_config(ARCHITECTURES[number]).eval()
    check_packing(model)
    return model


def llama() -> LlamaForCausalLM:
    torch.manual_seed(0)
    return LlamaForCausalLM(LlamaConfig(**SMALL)).eval()


@pytest.mark.parametrize(
    "number", range(len(ARCHITECTURES)), ids=[f"{i}-{c.model_type}" for i, c in enumerate(ARCHITECTURES)]
)
@settings(max_examples=10, deadline=None)
@given(documents=st.lists(st.lists(st.integers(0, 49), min_size=1, max_size=20), min_size=1, max_size=8))
def test_a_packed_document_gets_the_logits_it_gets_alone(number: int, documents: list[list[int]]) -> None:
    model = small_model(number)
    with torch.no_grad(), packed(model):
        hidden_NC = hidden_states(model, pack_documents(documents, model.device))
    with torch.no_grad():
        states = hidden_NC.split([len(document) for document in documents])
        for document, hidden_LC in zip(documents, states, strict=True):
            alone_LV = model(torch.tensor([document]), use_cache=False).logits[0]
            torch.testing.assert_close(output_head(model)(hidden_LC), alone_LV, atol=5e-6, rtol=1e-4)


def test_gradients_of_packed_documents_are_those_of_the_documents_alone() -> None:
    model = llama()
    documents = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11]]
    with packed(model):
        hidden_states(model, pack_documents(documents, model.device)).pow(3).sum().backward()
    together = [weight.grad.clone() for weight in model.model.parameters()]
    model.zero_grad()
    for document in documents:
        model.model(torch.tensor([document])).last_hidden_state.pow(3).sum().backward()
    for weight, gradient in zip(model.model.parameters(), together, strict=True):
        torch.testing.assert_close(gradient, weight.grad, atol=1e-4, rtol=1e-4)


def test_the_models_own_attention_comes_back() -> None:
    model = llama()
    before = model.config._attn_implementation
    with packed(model):
        assert model.config._attn_implementation != before
    assert model.config._attn_implementation == before


def test_our_model_and_others_pass_the_check(tokenizer) -> None:
    shape = ModelSettings(layers=1, hidden=16, heads=4, kv_heads=1, mlp=24)
    check_packing(build_model(shape, tokenizer, 32, seed=0))
    check_packing(llama())
    check_packing(GPT2LMHeadModel(GPT2Config(vocab_size=50, n_positions=32, n_embd=16, n_layer=2, n_head=2)))


def test_attention_that_is_not_packed_is_an_error_in_one_line() -> None:
    model = llama()
    with packed(model), pytest.raises(HornbookError, match="cannot be computed on packed documents"):
        model(torch.tensor([[1, 2, 3]]))

"""Trees: a branch says what the document "prefix + branch" alone would say, whatever the architecture."""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    GptOssConfig,
    LlamaConfig,
    Phi3Config,
    PreTrainedModel,
    Qwen3Config,
)

from hornbook.model.packed_attention import packed
from hornbook.model.prefix_tree import Tree, lay_out, part_starts, tree_states

SHAPE = {
    "vocab_size": 50,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "initializer_range": 0.3,  # so that a token more or less would show
    "pad_token_id": None,
}
CONFIGS = {
    "phi3": Phi3Config,
    "llama": LlamaConfig,
    "qwen3": Qwen3Config,
    "phi3 with a window": partial(Phi3Config, sliding_window=6),
    "gemma2": partial(Gemma2Config, head_dim=8, sliding_window=6),  # a window, and capped scores
    "gpt_oss": partial(GptOssConfig, head_dim=8, num_local_experts=2, num_experts_per_tok=1, sliding_window=6),  # sinks
}
CPU = torch.device("cpu")


def make(name: str, **changes: object) -> PreTrainedModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return AutoModelForCausalLM.from_config(CONFIGS[name](**{**SHAPE, **changes}), dtype=torch.float32).eval()


@pytest.fixture(scope="module", params=CONFIGS)
def model(request) -> PreTrainedModel:
    return make(request.param)


ids = st.lists(st.integers(0, 49), max_size=9)
trees = st.builds(Tree, ids.filter(bool), st.lists(ids, max_size=3))


def alone(model: PreTrainedModel, tokens: list[int]) -> torch.Tensor:
    return model.get_decoder()(input_ids=torch.tensor([tokens]), use_cache=False).last_hidden_state[0]


@settings(max_examples=25, deadline=None)
@given(st.lists(trees, min_size=1, max_size=3))
def test_hidden_states_are_those_of_prefix_and_branch_alone(model, made: list[Tree]) -> None:
    laid = lay_out(made, CPU)
    with torch.no_grad(), packed(model):
        got_NC = tree_states(model, laid)
    with torch.no_grad():
        for tree, (prefix, *branches) in zip(made, part_starts(laid), strict=True):
            expected = alone(model, tree.prefix)
            torch.testing.assert_close(got_NC[prefix : prefix + len(tree.prefix)], expected, atol=1e-4, rtol=1e-4)
            for branch, start in zip(tree.branches, branches, strict=True):
                expected = alone(model, [*tree.prefix, *branch])[len(tree.prefix) :]
                torch.testing.assert_close(got_NC[start : start + len(branch)], expected, atol=1e-4, rtol=1e-4)


def test_gradients_are_the_sum_of_those_of_the_documents_alone(model) -> None:
    tree = Tree([4, 9, 2, 7, 7], [[1, 2, 3], [8, 8], [30, 4, 5, 6]])
    weights_C = torch.linspace(-1, 1, SHAPE["hidden_size"])

    def gradients(said: list[torch.Tensor]) -> list[torch.Tensor]:
        model.zero_grad()
        sum((hidden_NC @ weights_C).sum() for hidden_NC in said).backward()
        return [weight.grad.clone() for weight in model.get_decoder().parameters()]

    expected = gradients([alone(model, [*tree.prefix, *branch])[5:] for branch in tree.branches])
    with packed(model):
        got = gradients([tree_states(model, lay_out([tree], CPU))[5:]])
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)

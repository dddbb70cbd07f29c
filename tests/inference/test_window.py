"""Layers that see only a window of the text are computed as such, shared prefixes or not; and what cannot be computed
token by token is refused."""

import random

import pytest
import torch
from transformers import PreTrainedModel

from hornbook.base.errors import HornbookError
from hornbook.inference.engine import TorchEngine
from hornbook.inference.rollouts import Request
from hornbook.inference.settings import Sampling
from tests.inference.tiny import random_model, tiny_tokenizer

torch.set_num_threads(1)
TOKENIZER = tiny_tokenizer()
WINDOW, CONTEXT, LONGEST = 24, 96, 20
MIXED = {"layer_types": ["sliding_attention", "full_attention"]}
EXPERTS = {"num_local_experts": 2, "num_experts_per_tok": 1}
LATENT = {"qk_nope_head_dim": 8, "qk_rope_head_dim": 8, "v_head_dim": 12, "q_lora_rank": 16, "kv_lora_rank": 16}
WINDOWED = [  # a model of each kind, and what else its configuration needs
    ("mistral", {}),
    ("phi3", {}),
    ("qwen2", {"use_sliding_window": True, "max_window_layers": 1}),
    ("gemma2", MIXED),  # which caps its attention scores too, and so shares nothing
    ("gemma3_text", MIXED),
    ("gpt_oss", {**MIXED, **EXPERTS, "head_dim": 8}),  # which has attention sinks
    ("cohere2", MIXED),
]
UNKNOWN = [("mamba", {"state_size": 8}), ("lfm2", {"layer_types": ["conv", "full_attention"]}), ("bloom", {})]


def texts(lengths: list[int]) -> list[list[int]]:
    choose = random.Random(1)
    return [[choose.randrange(4, 70) for _ in range(length)] for length in lengths]


def greedy(model: PreTrainedModel, prefix: list[int], most: int) -> list[int]:
    """What transformers itself makes of it."""
    made = model.generate(torch.tensor([prefix]), max_new_tokens=most, do_sample=False, eos_token_id=[0, 3])
    return [int(token) for token in made[0, len(prefix) :]]


@pytest.mark.parametrize(("kind", "more"), WINDOWED, ids=[kind for kind, _ in WINDOWED])
def test_texts_longer_than_the_window_are_sampled_and_scored_as_by_transformers(kind: str, more: dict) -> None:
    model = random_model(kind, context=CONTEXT, sliding_window=WINDOW, **more)
    engine = TorchEngine(model, TOKENIZER, batch_size=16)
    assert engine.room == CONTEXT
    inside, beyond = texts([3, 9]), texts([12, WINDOW - 1, WINDOW, 70, 70, CONTEXT - 5])
    beyond[4] = beyond[3][:50]
    for prefixes, most in ((inside, WINDOW - 9), (beyond, LONGEST)):
        requests = [Request(prefix, str(number)) for number, prefix in enumerate(prefixes)]
        rollouts = engine.sample(requests, Sampling(temperature=0, max_new_tokens=most))
        for prefix, rollout in zip(prefixes, rollouts, strict=True):
            assert rollout.tokens == greedy(model, prefix, min(most, CONTEXT - len(prefix)))
        scored = engine.logprobs(prefixes, [rollout.tokens for rollout in rollouts])
        for prefix, rollout, logprobs in zip(prefixes, rollouts, scored, strict=True):
            with torch.inference_mode():
                table = model(torch.tensor([prefix + rollout.tokens])).logits[0].log_softmax(-1)
            expected = [float(table[len(prefix) - 1 + at, token]) for at, token in enumerate(rollout.tokens)]
            assert logprobs == pytest.approx(expected, abs=1e-4)


def test_within_the_window_prefixes_are_shared_as_ever() -> None:
    wide, none = (random_model("mistral", context=64, sliding_window=size) for size in (64, None))
    requests = [Request(text, f"{number}") for number, text in enumerate(texts([9, 9, 20, 20]))]
    made = [TorchEngine(model, TOKENIZER).sample(requests, Sampling(max_new_tokens=12)) for model in (wide, none)]
    assert made[0] == made[1]


def test_keys_may_be_wider_than_values() -> None:
    experts = {"n_routed_experts": 2, "num_experts_per_tok": 1, "n_group": 1, "topk_group": 1}
    model = random_model("deepseek_v3", num_key_value_heads=4, first_k_dense_replace=1, **experts, **LATENT)
    prefixes = texts([3, 30, 50])
    requests = [Request(prefix, "k") for prefix in prefixes]
    rollouts = TorchEngine(model, TOKENIZER).sample(requests, Sampling(temperature=0, max_new_tokens=20))
    assert [r.tokens for r in rollouts] == [greedy(model, prefix, 20) for prefix in prefixes]


@pytest.mark.parametrize(("kind", "more"), UNKNOWN, ids=[kind for kind, _ in UNKNOWN])
def test_layers_that_are_no_attention_are_one_clear_line(kind: str, more: dict) -> None:
    engine = TorchEngine(random_model(kind, **more), TOKENIZER)
    with pytest.raises(HornbookError, match=f"{kind}: not all layers .* vLLM or a server") as error:
        engine.sample([Request([5, 6, 7], "k")], Sampling(max_new_tokens=3))
    assert "\n" not in str(error.value)

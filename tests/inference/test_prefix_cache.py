"""Prefixes computed once and shared give what each would give alone, within the memory allowed."""

import random
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedModel

from hornbook.base.errors import HornbookError
from hornbook.inference import torch_engine as engine_module
from hornbook.inference.capabilities import bytes_per_token, can_share
from hornbook.inference.kv_cache import make_rows
from hornbook.inference.prefix_cache import CHUNK, PrefixCache, plan_layout, shared_length
from hornbook.inference.rollouts import Request
from hornbook.inference.settings import Sampling
from hornbook.inference.torch_engine import TorchEngine
from tests.inference.rollouts_alone import assert_alone
from tests.inference.tiny import random_model, tiny_model, tiny_tokenizer

torch.set_num_threads(1)
TOKENIZER = tiny_tokenizer()
SHARING = ["phi3", "llama", "qwen2", "gpt2"]  # grouped queries, biases, learned positions
COPYING = ["gemma2", "falcon"]  # caps its attention scores; has attention of its own
PRECISIONS = [torch.float32, torch.bfloat16]
SAMPLING = Sampling(temperature=0.8, max_new_tokens=12)
TOKEN_BYTES = 256  # of most of these models: keys and values, 2 layers, 2 heads, 8 wide, float32


@cache
def model_of(kind: str, precision: torch.dtype = torch.float32) -> PreTrainedModel:
    return random_model(kind).to(precision)


def nested_requests(seed: int) -> list[Request]:
    """Rollouts at many points of a few solutions, which branch from one another."""
    choose = random.Random(seed)
    texts = [[choose.randrange(4, 70) for _ in range(choose.randrange(1, 60))] for _ in range(choose.randrange(1, 4))]
    texts += [choose.choice(texts)[: choose.randrange(1, 40)] + [choose.randrange(4, 70)] * choose.randrange(1, 9)]
    requests = []
    for number in range(choose.randrange(1, 30)):
        text = choose.choice(texts)
        prefix = text[: choose.randrange(1, len(text) + 1)]
        requests.append(Request(prefix, f"{seed}.{number}", avoid=choose.choice([-1, -1, 5])))
    return requests


@pytest.mark.parametrize("precision", PRECISIONS, ids=str)
@pytest.mark.parametrize("kind", SHARING + COPYING)
@settings(max_examples=8, deadline=None)
@given(data=st.data(), batch_size=st.sampled_from([1, 3, 16, 32]), tokens=st.sampled_from([400, 700, 100_000]))
def test_rollouts_are_those_made_alone_for_any_batch_bound_and_history(
    kind: str, precision: torch.dtype, data: st.DataObject, batch_size: int, tokens: int
) -> None:
    model = model_of(kind, precision)
    bound = tokens * bytes_per_token(model)
    engine = TorchEngine(model, TOKENIZER, batch_size=batch_size, cache_gb=bound / 1e9)
    for seed in data.draw(st.lists(st.integers(0, 12), min_size=1, max_size=3)):  # several calls, one store
        requests = nested_requests(seed)
        for request, rollout in zip(requests, engine.sample(requests, SAMPLING), strict=True):
            assert_alone(model, request, rollout, SAMPLING)
            ends = [token in (0, 3) for token in rollout.tokens]
            assert not any(ends[:-1])
            assert rollout.finish == ("stop" if ends[-1] else "length")
            assert ends[-1] or len(rollout.tokens) == SAMPLING.max_new_tokens
    assert 0 < engine.cache_peak_bytes <= bound
    assert engine.shared == (kind in SHARING)


@pytest.mark.parametrize("precision", PRECISIONS, ids=str)
def test_attention_of_an_unknown_kind_is_found_out_in_any_precision(precision: torch.dtype) -> None:
    for seed in range(6):
        for kind in ("falcon", "stablelm", "mpt"):  # all of their own; rounding in bfloat16 must not hide it
            assert not can_share(random_model(kind, seed).to(precision))
        for kind in ("llama", "gemma", "granite"):
            assert can_share(random_model(kind, seed).to(precision))


def test_sampling_leaves_the_models_own_attention_as_it_was() -> None:
    model = model_of("llama")
    before = model.config._attn_implementation
    TorchEngine(model, TOKENIZER).sample(nested_requests(1), SAMPLING)
    assert model.config._attn_implementation == before


def test_prefixes_along_one_solution_are_computed_once() -> None:
    model = tiny_model()
    computed: list[int] = []
    model.register_forward_pre_hook(lambda _, inputs: computed.append(inputs[0].numel()))
    engine = TorchEngine(model, TOKENIZER, batch_size=64)
    text = [4 + number % 65 for number in range(80)]
    assert engine.shared
    assert engine.store.held == 0

    def prefill(requests: list[Request]) -> list[int]:
        computed.clear()
        engine.sample(requests, Sampling(max_new_tokens=1))
        return computed[:-1]  # the last is the one step

    every_cut = [Request(text[:cut], f"{cut}.{n}") for cut in range(1, 81, 5) for n in range(4)]
    assert prefill(every_cut) == [64, 64]  # 75 in all, in chunks
    assert engine.store.held == 75 * TOKEN_BYTES
    assert prefill(every_cut) == []  # and kept for the next call
    assert prefill([Request([*text[:70], 4, 5], "a")]) == [64]  # only the chunk in which it differs


@pytest.mark.parametrize("precision", PRECISIONS, ids=str)
@pytest.mark.parametrize("kind", SHARING + COPYING)
def test_a_call_gives_the_same_bits_whatever_was_called_before(kind: str, precision: torch.dtype) -> None:
    """A search that was killed asks for the rest of its rollouts of an engine that has computed nothing yet."""
    model = random_model(kind, context=300).to(precision)
    choose = random.Random(1)
    text = [choose.randrange(4, 70) for _ in range(280)]
    requests = [Request(text[:cut], f"{cut}") for cut in (30, 63, 64, 65, 66, 130, 199, 270)]
    for tokens in (100_000, 1000):  # all is kept, or little
        cache_gb = tokens * 2 * bytes_per_token(model) / 1e9
        used, new = (TorchEngine(model, TOKENIZER, batch_size=32, cache_gb=cache_gb) for _ in range(2))
        for cut in (200, 65, 280, 64, 90):
            used.sample([Request([*text[:cut], 7, 8], "x"), Request(text[:cut], "y")], SAMPLING)
        assert used.sample(requests, SAMPLING) == new.sample(requests, SAMPLING)  # log-probabilities included


@pytest.mark.parametrize("tokens", [120, 200, 400])
def test_the_bound_holds_however_long_the_prefixes_or_there_is_one_clear_line(tokens: int) -> None:
    bound = tokens * TOKEN_BYTES
    for seed in range(8):
        engine = TorchEngine(tiny_model(), TOKENIZER, cache_gb=bound / 1e9)
        try:
            engine.sample(nested_requests(seed), SAMPLING)
        except HornbookError as error:
            assert f"cache_gb holds {tokens} tokens" in str(error)
            assert "\n" not in str(error)
        assert engine.cache_peak_bytes <= bound


@given(
    counts=st.lists(st.integers(1, 40), min_size=1, max_size=20),
    length=st.integers(0, 300),
    limit=st.integers(1, 50),
    batch_size=st.integers(1, 200),
    tokens=st.integers(1, 20_000),
    shared=st.booleans(),
)
def test_a_plan_uses_what_is_allowed_and_no_more(
    counts: list[int], length: int, limit: int, batch_size: int, tokens: int, shared: bool
) -> None:
    heads = [(number,) * length for number, count in enumerate(counts) for _ in range(count)]
    try:
        made = plan_layout(heads, [limit] * len(heads), batch_size, tokens, shared)
    except HornbookError:
        assert limit + 3 * length + 3 * CHUNK > tokens
        return
    assert made.tokens() <= tokens
    assert 1 <= made.rows <= -(-batch_size // 16) * 16


@given(st.text("ab", max_size=8), st.text("ab", max_size=8))
def test_shared_length_counts_the_common_beginning(one: str, other: str) -> None:
    length = shared_length(tuple(map(ord, one)), tuple(map(ord, other)))
    assert one[:length] == other[:length]
    assert one[length : length + 1] != other[length : length + 1] or length == min(len(one), len(other))


def test_the_least_recently_used_prefix_goes_first() -> None:
    store = PrefixCache(tiny_model(), TOKEN_BYTES, 96)
    store.limit = (3 * 32 + 2 * CHUNK) * TOKEN_BYTES  # three, while a fourth is computed
    one, two, three = ((token,) * 32 for token in (5, 6, 7))
    with torch.inference_mode():
        for head in (one, two, one[:9], three):
            (found,) = store.provide([head])
            assert found[1].tokens[: len(head)] == head
        assert set(store.kept) == {one, two, three}
        store.limit -= TOKEN_BYTES
        list(store.provide([(8,) * 32]))
    assert set(store.kept) == {one, three, (8,) * 32}
    assert store.held == 96 * TOKEN_BYTES
    assert store.peak <= store.limit


@pytest.mark.parametrize("kind", ["llama", "gemma2"])
def test_the_peak_counts_what_the_rows_really_hold(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(engine_module, "make_rows", lambda *layout: made.append(make_rows(*layout)) or made[-1])
    engine = TorchEngine(model_of(kind), TOKENIZER)
    engine.sample([Request(list(range(4, 40)), str(n)) for n in range(20)], SAMPLING)
    tensors = [
        *made[0].keys,
        *made[0].values,
        *getattr(made[0], "prefix_keys", []),
        *getattr(made[0], "prefix_values", []),
    ]
    assert engine.store.others == sum(tensor.nbytes for tensor in tensors)
    assert engine.store.held == sum(prefix.bytes for prefix in engine.store.kept.values()) == 35 * TOKEN_BYTES
    assert engine.cache_peak_bytes >= engine.store.others + engine.store.held

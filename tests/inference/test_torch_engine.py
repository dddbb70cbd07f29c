"""The engine samples what the model says, whatever shares the batch."""

import random
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedModel

from hornbook.base.errors import HornbookError
from hornbook.inference.capabilities import bytes_per_token
from hornbook.inference.rollouts import Rollout
from hornbook.inference.sampling import probabilities
from hornbook.inference.settings import Sampling
from hornbook.inference.torch_engine import Request, TorchEngine
from tests.inference.rollouts_alone import ROUNDING, assert_alike, assert_alone
from tests.inference.tiny import tiny_model, tiny_tokenizer

torch.set_num_threads(1)
MODEL = tiny_model()
MODELS = [MODEL, tiny_model().to(torch.bfloat16)]
TOKENIZER = tiny_tokenizer()
STOPS = {0, 3}


def some_requests(count: int, seed: int = 0) -> list[Request]:
    choose = random.Random(seed)
    prefixes = [[choose.randrange(4, 70) for _ in range(choose.randrange(1, 40))] for _ in range(max(1, count // 3))]
    return [Request(choose.choice(prefixes), f"r{number}", choose.choice([0, 0, 1, 5])) for number in range(count)]


def assert_ends(request: Request, rollout: Rollout, sampling: Sampling) -> None:
    """With the first token that ends it, or at its limit."""
    texts = [TOKENIZER.decode(rollout.tokens[: count + 1]) for count in range(len(rollout.tokens))]
    ends = [
        token in STOPS or any(stop in text for stop in sampling.stop)
        for token, text in zip(rollout.tokens, texts, strict=True)
    ]
    limit = min(request.limit or sampling.max_new_tokens, sampling.max_new_tokens, 96 - len(request.prefix))
    assert not any(ends[:-1])
    assert rollout.finish == ("stop" if ends[-1] else "length")
    assert ends[-1] or len(rollout.tokens) == limit


@pytest.mark.parametrize(
    ("model", "sampling"),
    [
        (MODELS[0], Sampling(max_new_tokens=25)),
        (MODELS[0], Sampling(temperature=0.7, top_p=0.8, max_new_tokens=70)),
        (MODELS[1], Sampling(max_new_tokens=25)),  # no top-p: rounding decides what is within it
        (MODELS[1], Sampling(temperature=0.7, max_new_tokens=70)),
    ],
    ids=lambda value: str(getattr(value, "dtype", "")),
)
def test_rollouts_are_those_sampled_one_by_one_without_a_cache(model: PreTrainedModel, sampling: Sampling) -> None:
    requests = some_requests(60)
    rollouts = TorchEngine(model, TOKENIZER, batch_size=16).sample(requests, sampling)
    for request, rollout in zip(requests, rollouts, strict=True):
        assert_alone(model, request, rollout, sampling)
        assert_ends(request, rollout, sampling)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.dtype))
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 100), count=st.integers(1, 50), batch_size=st.sampled_from([1, 16, 40, 64]))
def test_order_and_batch_do_not_matter(model: PreTrainedModel, seed: int, count: int, batch_size: int) -> None:
    requests = some_requests(count, seed)
    sampling = Sampling(max_new_tokens=20)
    expected = TorchEngine(model, TOKENIZER, batch_size=32).sample(requests, sampling)
    order = list(range(count))
    random.Random(seed).shuffle(order)
    shuffled = TorchEngine(model, TOKENIZER, batch_size=batch_size).sample([requests[i] for i in order], sampling)
    for place, index in enumerate(order):
        assert_alike(model, requests[index], shuffled[place], expected[index], sampling)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.dtype))
@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 100),
    sampling=st.sampled_from(
        [
            Sampling(temperature=0.2, max_new_tokens=25),  # alike for long
            Sampling(temperature=0.5, max_new_tokens=25),
            Sampling(temperature=0.5, max_new_tokens=25, stop=["e", "Za"]),
        ]
    ),
    batch_size=st.sampled_from([1, 7, 16, 64]),
    cache=st.sampled_from([250, 700, 100_000]),
)
def test_rollouts_that_share_a_row_for_a_while_are_what_they_would_be_alone(
    model: PreTrainedModel, seed: int, sampling: Sampling, batch_size: int, cache: int
) -> None:
    choose = random.Random(seed)
    prefixes = [[choose.randrange(4, 70) for _ in range(choose.randrange(1, 20))] for _ in range(3)]
    requests = [
        Request(choose.choice(prefixes), f"{number}", choose.choice([0, 0, 0, 9]), choose.choice([-1, -1, 5]))
        for number in range(choose.randrange(1, 150))
    ]
    bound = cache * bytes_per_token(model) / 1e9
    together = TorchEngine(model, TOKENIZER, batch_size=batch_size, cache_gb=bound).sample(requests, sampling)
    for request, rollout in zip(requests, together, strict=True):
        assert_alone(model, request, rollout, sampling)
        assert_ends(request, rollout, sampling)


def test_what_is_alike_is_computed_once() -> None:
    model = tiny_model()
    rows: list[int] = []
    engine = TorchEngine(model, TOKENIZER, batch_size=64)
    assert engine.shared  # tried before rows are counted
    model.register_forward_pre_hook(lambda _, inputs: rows.append(len(inputs[0])))
    requests = [Request([10, 20, 30], f"{number}") for number in range(200)]
    rollouts = engine.sample(requests, Sampling(temperature=0, max_new_tokens=9))
    assert {tuple(rollout.tokens) for rollout in rollouts} == {tuple(rollouts[0].tokens)}
    assert set(rows) <= {1, 16}  # the prefix, and 200 rollouts in rows rounded up


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.dtype))
def test_same_calls_give_the_same_bytes_and_other_seeds_other_rollouts(model: PreTrainedModel) -> None:
    requests, sampling = some_requests(50), Sampling(max_new_tokens=20)
    first, again = (TorchEngine(model, TOKENIZER, batch_size=16, seed=4).sample(requests, sampling) for _ in range(2))
    assert first == again
    assert first != TorchEngine(model, TOKENIZER, batch_size=16, seed=5).sample(requests, sampling)


def test_greedy_equals_generate() -> None:
    prefix = [10, 20, 30, 40, 50]
    rollout = TorchEngine(MODEL, TOKENIZER).sample([Request(prefix, "g")], Sampling(temperature=0, max_new_tokens=30))[
        0
    ]
    expected = MODEL.generate(torch.tensor([prefix]), max_new_tokens=30, do_sample=False, eos_token_id=[0, 3])[0, 5:]
    assert rollout.tokens == expected.tolist()


def test_every_finished_rollout_is_told_with_its_tokens() -> None:
    told: list[int] = []
    rollouts = TorchEngine(MODEL, TOKENIZER, batch_size=16).sample(
        some_requests(40), Sampling(max_new_tokens=9), told.append
    )
    assert sorted(told) == sorted(len(rollout.tokens) for rollout in rollouts)


def test_rollouts_end_where_the_context_does() -> None:
    rollout = TorchEngine(MODEL, TOKENIZER).sample([Request([5] * 90, "k")], Sampling(max_new_tokens=50, top_k=1))[0]
    assert len(rollout.tokens) <= 6


@pytest.mark.parametrize("prefix", [[], [5] * 96])
def test_prefixes_that_cannot_be_continued_are_one_clear_line(prefix: list[int]) -> None:
    with pytest.raises(HornbookError, match=r"empty prefix|context of 96"):
        TorchEngine(MODEL, TOKENIZER).sample([Request(prefix, "k")], Sampling())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.dtype))
def test_logprobs_equal_one_plain_forward_each(model: PreTrainedModel) -> None:
    choose = random.Random(1)
    prefixes = [[choose.randrange(4, 70) for _ in range(choose.randrange(1, 60))] for _ in range(40)]
    continuations = [[choose.randrange(4, 70) for _ in range(choose.randrange(0, 30))] for _ in range(40)]
    found = TorchEngine(model, TOKENIZER).logprobs(prefixes, continuations)
    for prefix, continuation, logprobs in zip(prefixes, continuations, found, strict=True):
        with torch.inference_mode():
            table = model(torch.tensor([prefix + continuation])).logits[0].float().log_softmax(-1)
        expected = [float(table[len(prefix) - 1 + i, token]) for i, token in enumerate(continuation)]
        assert logprobs == pytest.approx(expected, abs=ROUNDING[model.dtype])


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.dtype))
def test_logprobs_agree_with_those_of_sampling_at_temperature_one(model: PreTrainedModel) -> None:
    engine = TorchEngine(model, TOKENIZER)
    requests = some_requests(10)
    rollouts = engine.sample(requests, Sampling(max_new_tokens=10))
    scored = engine.logprobs([r.prefix for r in requests], [r.tokens for r in rollouts])
    for rollout, logprobs in zip(rollouts, scored, strict=True):
        assert rollout.logprobs == pytest.approx(logprobs, abs=ROUNDING[model.dtype])


def test_a_gpt2_model_with_learned_positions_works_too() -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    config = GPT2Config(vocab_size=72, n_positions=40, n_embd=32, n_layer=2, n_head=2, initializer_range=0.3)
    model = GPT2LMHeadModel(config).eval()
    prefixes = [[7] * 3, [9, 8, 7, 6, 5, 4], list(range(10, 45))]
    engine = TorchEngine(model, TOKENIZER)
    rollouts = engine.sample([Request(p, "g") for p in prefixes], Sampling(temperature=0, max_new_tokens=12))
    for prefix, rollout in zip(prefixes, rollouts, strict=True):
        room = min(12, 40 - len(prefix))
        expected = model.generate(torch.tensor([prefix]), max_new_tokens=room, do_sample=False, eos_token_id=[0, 3])
        assert rollout.tokens == expected[0, len(prefix) :].tolist()
    assert len(engine.logprobs(prefixes, [[1, 2]] * 3)[0]) == 2


def test_the_avoided_first_token_is_never_sampled_and_the_others_as_often_as_they_should() -> None:
    prefix, sampling = [10, 20, 30], Sampling(max_new_tokens=2, top_k=6)
    with torch.inference_mode():
        probs = probabilities(MODEL(torch.tensor([prefix])).logits[:, -1], sampling)[0].double()
    avoid = int(probs.argmax())
    requests = [Request(prefix, f"a{number}", 0, avoid) for number in range(3000)]
    rollouts = TorchEngine(MODEL, TOKENIZER).sample(requests, sampling)
    rest = probs / (1 - probs[avoid])
    counts = Counter(rollout.tokens[0] for rollout in rollouts)
    assert avoid not in counts
    for rollout in rollouts[:50]:
        assert rollout.logprobs[0] == pytest.approx(float(rest[rollout.tokens[0]].log()), abs=1e-4)
    expected = {int(token): float(rest[token]) * 3000 for token in probs.nonzero()[:, 0] if token != avoid}
    assert sum((counts[token] - mean) ** 2 / mean for token, mean in expected.items()) < 25  # four degrees of freedom
    assert any(rollout.tokens[1:] == [avoid] for rollout in rollouts)  # only the first token avoids it


@settings(max_examples=15, deadline=None)
@given(stop=st.lists(st.text("abcXYZ .,", min_size=1, max_size=2), min_size=1, max_size=20), seed=st.integers(0, 50))
def test_completions_end_with_the_token_that_completes_a_stop_text(stop: list[str], seed: int) -> None:
    requests = some_requests(20, seed)
    sampling = Sampling(max_new_tokens=40, stop=stop)
    for request, rollout in zip(requests, TorchEngine(MODEL, TOKENIZER).sample(requests, sampling), strict=True):
        assert_alone(MODEL, request, rollout, sampling)
        assert_ends(request, rollout, sampling)


def test_the_fingerprint_names_weights_and_configuration() -> None:
    def of(**changes: object) -> str:
        return TorchEngine(tiny_model(**changes), TOKENIZER).fingerprint

    assert of() == of()
    assert len({of(), of(seed=1), of(rms_norm_eps=1e-3)}) == 3

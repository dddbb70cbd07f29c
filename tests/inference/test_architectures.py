"""What is sampled and scored is what a plain forward pass says, for every architecture, on both sides of its windows;
what cannot be right is refused in one line."""

import pytest
import torch
from transformers import PreTrainedModel

from hornbook.base.errors import HornbookError
from hornbook.inference.attention_windows import windows_of
from hornbook.inference.capabilities import SamplingMode
from hornbook.inference.rollouts import Request
from hornbook.inference.settings import Sampling
from hornbook.inference.torch_engine import TorchEngine
from tests.architectures import ARCHITECTURES, ORIGINAL, WINDOW, make
from tests.inference.tiny import tiny_tokenizer

torch.set_num_threads(1)
TOKENIZER = tiny_tokenizer()
NEW = 8  # tokens sampled after each prefix
LENGTHS = [5, 30, WINDOW - 3, ORIGINAL + 2, 100]  # of prefixes; one crosses the window while it is sampled
WRONG = 1e-4  # nats
REFUSED = {  # and why, where transformers' own forward is not that of a causal language model
    "bert": "depends on the tokens after it",
}
QUICK = [
    "gemma3",
    "gemma4",
    "phi3 with longrope",
    "gpt_neo",
    "llama4_text",
    "gpt_oss",
    "gptj",
    "llama",
    "gemma2",
    "bloom",
]
QUICK += ["mamba", "deepseek_v3", "rwkv", "qwen2 with a window", "modernbert-decoder", "bert"]
WAYS = [  # how texts within all windows are computed, and those beyond
    ("llama", SamplingMode.SHARED, SamplingMode.SHARED),
    ("qwen2 with a window", SamplingMode.SHARED, SamplingMode.COPIED),
    ("gpt_oss", SamplingMode.COPIED, SamplingMode.COPIED),
    ("phi3 with longrope", SamplingMode.SHARED, SamplingMode.GENERATE),
    ("mamba", SamplingMode.GENERATE, SamplingMode.GENERATE),
    ("rwkv", SamplingMode.NO_CACHE, SamplingMode.NO_CACHE),
]


def text(length: int, seed: int = 0) -> list[int]:
    return torch.randint(4, 73, (length,), generator=torch.Generator().manual_seed(seed)).tolist()


@torch.inference_mode()
def plain(model: PreTrainedModel, prefix: list[int], tokens: list[int]) -> list[float]:
    table = model(torch.tensor([prefix + tokens]), use_cache=False).logits[0].float().log_softmax(-1)
    return [float(table[len(prefix) - 1 + at, token]) for at, token in enumerate(tokens)]


def check(name: str) -> None:
    model = make(name)
    engine = TorchEngine(model, TOKENIZER, batch_size=16)
    engine.stop = []  # to sample as many tokens as are asked for
    requests = [Request(text(length, length), str(length)) for length in LENGTHS]
    requests.append(Request(requests[-1].prefix, "another"))
    if name in REFUSED:
        for refused in (
            lambda: engine.sample(requests, Sampling(max_new_tokens=NEW)),
            lambda: engine.logprobs([text(9)], [text(2)]),
        ):
            with pytest.raises(HornbookError, match=f"{model.config.model_type}: .*{REFUSED[name]}") as error:
                refused()
            assert "\n" not in str(error.value)
        return
    rollouts = engine.sample(requests, Sampling(max_new_tokens=NEW))
    scored = engine.logprobs([request.prefix for request in requests], [rollout.tokens for rollout in rollouts])
    for request, rollout, scores in zip(requests, rollouts, scored, strict=True):
        assert len(rollout.tokens) == NEW
        expected = plain(model, request.prefix, rollout.tokens)
        assert rollout.logprobs == pytest.approx(expected, abs=WRONG)
        assert scores == pytest.approx(expected, abs=WRONG)


@pytest.mark.parametrize("name", QUICK)
def test_numbers_are_those_of_a_plain_forward(name: str) -> None:
    check(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name not in QUICK])
def test_numbers_of_all_other_architectures_too(name: str) -> None:
    check(name)


def test_few_are_refused() -> None:
    assert len(REFUSED) <= 8


@pytest.mark.parametrize(("name", "near", "far"), WAYS, ids=[name for name, _, _ in WAYS])
def test_each_is_computed_in_the_fastest_way_that_is_right(name: str, near: SamplingMode, far: SamplingMode) -> None:
    engine = TorchEngine(make(name), TOKENIZER)
    assert engine.mode() is near
    assert engine.mode(engine.windows.crossed(200)) is far


def test_a_text_that_crosses_the_original_length_of_longrope_goes_on_as_generate_does() -> None:
    model = make("phi3 with longrope")
    prefix = text(ORIGINAL - 4)
    engine = TorchEngine(model, TOKENIZER)
    engine.stop = []
    request = [Request(prefix, "k"), Request(text(20), "k"), Request(text(90), "k")]
    rollout = engine.sample(request, Sampling(temperature=0, max_new_tokens=12))[0]
    expected = model.generate(torch.tensor([prefix]), max_new_tokens=12, do_sample=False, eos_token_id=None)
    assert rollout.tokens == expected[0, len(prefix) :].tolist()


def test_a_rollout_is_not_cut_at_a_window_shorter_than_the_context() -> None:
    engine = TorchEngine(make("gpt_oss"), TOKENIZER)
    engine.stop = []
    (rollout,) = engine.sample([Request(text(30), "k")], Sampling(max_new_tokens=100))
    assert len(rollout.tokens) == 100


def test_a_slower_way_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    engine = TorchEngine(make("bloom"), TOKENIZER)
    for _ in range(2):
        engine.sample([Request(text(5), "k")], Sampling(max_new_tokens=2))
    assert [record.getMessage() for record in caplog.records if "bloom" in record.getMessage()] == [
        "bloom: sampled through transformers' generate with its own cache, which is slower"
    ]


def test_avoided_tokens_and_stop_texts_hold_in_the_slower_way_too() -> None:
    engine = TorchEngine(make("bloom"), TOKENIZER)
    free = engine.sample([Request(text(9), str(n)) for n in range(30)], Sampling(max_new_tokens=20, stop=["a"]))
    letter = TOKENIZER.encode("a", add_special_tokens=False)[0]
    for rollout in free:
        assert (rollout.finish == "stop") == (rollout.tokens[-1] in {letter, *engine.stop})
        assert not {letter, *engine.stop} & {*rollout.tokens[:-1]}
    for request, rollout in ((Request(text(9), str(n), 0, first.tokens[0]), first) for n, first in enumerate(free)):
        (other,) = engine.sample([request], Sampling(max_new_tokens=1))
        assert other.tokens[0] != rollout.tokens[0]


@pytest.mark.parametrize(
    ("name", "edges"),
    [("llama", ()), ("gemma3", (WINDOW,)), ("phi3 with longrope", (ORIGINAL,)), ("llama4_text", (32, WINDOW))],
)
def test_windows_are_read_from_the_text_part_of_a_configuration(name: str, edges: tuple[int, ...]) -> None:
    assert windows_of(make(name)).edges == edges

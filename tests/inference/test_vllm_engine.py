"""vLLM in process, against a stand-in that knows vLLM's own names and samples from a table."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.precision import VARIABLE
from hornbook.inference.open_engine import open_engine
from hornbook.inference.rollouts import Request
from hornbook.inference.settings import BackendSettings, Sampling
from hornbook.inference.vllm_engine import VllmEngine
from tests.inference.fake_server import STOPS
from tests.inference.fake_vllm import FakeLLM, fake_vllm
from tests.inference.tiny import tiny_tokenizer

TOKENIZER = tiny_tokenizer()


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> VllmEngine:
    monkeypatch.setitem(sys.modules, "vllm", fake_vllm())
    (tmp_path / "config.json").write_text("{}")
    return VllmEngine(tmp_path, TOKENIZER, seed=1)


@pytest.mark.parametrize(
    ("variable", "setting", "expected"),
    [
        ("", "auto", "auto"),
        ("", "bfloat16", "bfloat16"),
        ("float32", "auto", "float32"),
        ("float32", "bfloat16", "bfloat16"),
    ],
)
def test_vllm_is_given_the_precision(
    engine: VllmEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, setting: str, expected: str
) -> None:
    monkeypatch.setenv(VARIABLE, variable)
    settings = BackendSettings.parse({"backend": "vllm", "dtype": setting}, "backend")
    with open_engine(settings, tmp_path, TOKENIZER) as opened:
        assert isinstance(opened, VllmEngine) and FakeLLM.made["dtype"] == expected


def test_the_model_is_loaded_with_its_prefixes_cached_and_true_probabilities(
    engine: VllmEngine, tmp_path: Path
) -> None:
    made = FakeLLM.made
    assert made["model"] == str(tmp_path) and 0 <= made["seed"] < 2**32
    assert made["enable_prefix_caching"] and made["logprobs_mode"] == "processed_logprobs"
    assert engine.context == 64 and tmp_path.name in engine.fingerprint


def test_rollouts_have_their_seeds_limits_ends_and_log_probabilities(engine: VllmEngine) -> None:
    sampling = Sampling(temperature=0.9, top_k=30, top_p=0.95, max_new_tokens=20)
    requests = [Request([5, 6 + number % 3], f"{number}", limit=number % 4 and 7) for number in range(30)]
    done: list[int] = []
    rollouts = engine.sample(requests, sampling, done.append)
    assert done == [len(rollout.tokens) for rollout in rollouts]
    assert engine.sample(list(reversed(requests)), sampling) == list(reversed(rollouts))
    assert len({params.seed for _, params in FakeLLM.asked}) == 30  # one a key
    params = FakeLLM.asked[0][1]
    assert (params.temperature, params.top_k, params.top_p, params.min_p) == (0.9, 30, 0.95, 0.0)
    assert params.ignore_eos and params.stop_token_ids == list(STOPS) and params.logprobs is not None
    for request, rollout in zip(requests, rollouts, strict=True):
        text = request.prefix + rollout.tokens
        assert len(rollout.tokens) <= (request.limit or 20)
        assert rollout.finish == ("stop" if rollout.tokens[-1] in STOPS else "length")
        for place, logprob in enumerate(rollout.logprobs):
            probs_V = FakeLLM.table.distribution(text[1 + place], sampling)
            assert math.isclose(logprob, math.log(probs_V[rollout.tokens[place]]), abs_tol=1e-6)


@pytest.mark.parametrize(
    "sampling", [Sampling(), Sampling(top_p=0.9), Sampling(top_k=15), Sampling(temperature=2.5, top_k=60)]
)
def test_the_first_token_is_not_the_one_to_avoid_and_the_others_keep_their_proportions(
    engine: VllmEngine, sampling: Sampling
) -> None:
    n, probs_V = 300, FakeLLM.table.distribution(5, sampling)
    avoid = int(probs_V.argmax())
    rollouts = engine.sample([Request([5], f"{n}", limit=1 + n % 2 * 3, avoid=avoid) for n in range(n)], sampling)
    probs_V[avoid] = 0
    probs_V /= probs_V.sum()
    counts = np.bincount([rollout.tokens[0] for rollout in rollouts], minlength=71)
    assert (np.abs(counts - n * probs_V) <= 4.5 * np.sqrt(n * probs_V) + 1).all() and not counts[probs_V == 0].any()
    for rollout in rollouts:
        assert math.isclose(rollout.logprobs[0], math.log(probs_V[rollout.tokens[0]]), abs_tol=1e-4)
    assert max(len(rollout.tokens) for rollout in rollouts) == 4


def test_where_nothing_else_is_left_the_filters_apply_to_the_others(engine: VllmEngine) -> None:
    best, second = (int(token) for token in np.argsort(-FakeLLM.table.logits_VV[5])[:2])
    for sampling in (Sampling(top_k=1), Sampling(temperature=0)):
        (rollout,) = engine.sample([Request([5], "k", limit=1, avoid=best)], sampling)
        assert (rollout.tokens, rollout.logprobs) == ([second], [0.0])


def test_a_stop_text_ends_a_rollout(engine: VllmEngine) -> None:
    rollouts = engine.sample(
        [Request([5], f"{n}", avoid=9) for n in range(30)], Sampling(stop=["a"], max_new_tokens=50)
    )
    assert sum("a" in TOKENIZER.decode(rollout.tokens) for rollout in rollouts) > 3
    for rollout in rollouts:
        assert "a" not in TOKENIZER.decode(rollout.tokens[:-1])


def test_continuations_are_scored_through_the_prompt(engine: VllmEngine) -> None:
    (two, none) = engine.logprobs([[5, 6], [7]], [[8, 9], []])
    steps = [(6, 8), (8, 9)]
    assert np.allclose(two, [math.log(FakeLLM.table.distribution(a, Sampling())[b]) for a, b in steps]) and none == []


def test_what_cannot_be_is_one_line(engine: VllmEngine) -> None:
    for requests, sampling, message in [
        ([Request([], "k")], Sampling(), "empty prefix"),
        ([Request([5] * 64, "k")], Sampling(), "leaves no room in the model's context of 64"),
        ([Request([5], "k")], Sampling(top_p=0.5, min_p=0.1), "min_p before top_p"),
    ]:
        with pytest.raises(HornbookError, match=message):
            engine.sample(requests, sampling)
    assert engine.sample([], Sampling()) == [] and engine.logprobs([], []) == []

"""Texts that begin alike are scored together, with the values of one plain forward pass each."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedModel

from hornbook.inference import shared_scoring
from hornbook.inference.shared_scoring import lay_out, plan_rows
from hornbook.inference.torch_engine import TorchEngine
from tests.inference.tiny import random_model, tiny_tokenizer

TOKENIZER = tiny_tokenizer()
SHOTS = list(range(10, 40))
CASES = [  # prefixes, continuations
    ("one", [[5, 6, 7]], [[8, 9]]),
    ("shared question", [SHOTS] * 3, [[8], [9, 10, 11], [9, 10, 12, 13]]),
    ("shared examples", [[*SHOTS, 50], [*SHOTS, 51, 52], [*SHOTS, 53]], [[8, 9], [10], [8]]),
    ("one begins another", [SHOTS, SHOTS[:20], [*SHOTS, 60]], [[60, 61, 62], SHOTS[20:25], [61]]),
    ("equal", [SHOTS] * 2, [[8, 9]] * 2),
    ("nothing shared", [[5, 6], [7, 8, 9], [20] * 30], [[1, 2, 3], [4], [5, 6]]),
    ("no continuation", [SHOTS, SHOTS], [[], [8, 9]]),
]
KINDS = ["llama", "phi3", "gemma2", "qwen3", "gpt2"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("prefixes", "continuations"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_scores_are_those_of_one_forward_pass_each(
    kind: str, prefixes: list[list[int]], continuations: list[list[int]]
) -> None:
    model = random_model(kind)
    found = TorchEngine(model, TOKENIZER).score(prefixes, continuations)
    for prefix, continuation, scored in zip(prefixes, continuations, found, strict=True):
        logprobs, greedy = plain(model, prefix, continuation)
        assert scored.logprobs == pytest.approx(logprobs, abs=1e-4)
        assert scored.greedy == greedy


def plain(model: PreTrainedModel, prefix: list[int], continuation: list[int]) -> tuple[list[float], bool]:
    with torch.inference_mode():
        table = model(torch.tensor([prefix + continuation])).logits[0].float().log_softmax(-1)
    steps = range(len(prefix) - 1, len(prefix) + len(continuation) - 1)
    logprobs = [float(table[step, token]) for step, token in zip(steps, continuation, strict=True)]
    return logprobs, all(int(table[step].argmax()) == token for step, token in zip(steps, continuation, strict=True))


def test_what_is_shared_is_computed_once() -> None:
    row = lay_out(sorted((*SHOTS, token, 2, 3) for token in range(50, 60)))
    assert len(row.tokens) == len(SHOTS) + 10 * 3


@pytest.mark.parametrize("answer", [[8, 9], [9, 8]])
def test_greedy_is_what_greedy_decoding_gives(answer: list[int]) -> None:
    model = random_model("llama")
    likeliest = int(model(torch.tensor([SHOTS])).logits[0, -1].argmax())
    engine = TorchEngine(model, TOKENIZER)
    assert engine.score([SHOTS, SHOTS], [[likeliest], answer])[0].greedy
    assert not engine.score([SHOTS], [[likeliest + 1]])[0].greedy


def test_a_model_with_attention_of_its_own_is_scored_without_sharing(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model("llama")
    engine = TorchEngine(model, TOKENIZER)

    def refuse(*_: object, **__: object) -> None:
        raise TypeError("paths")

    monkeypatch.setattr("hornbook.inference.capabilities.row_states", refuse)
    assert not engine.shares_beginnings
    assert engine.score([SHOTS], [[8, 9]])[0].logprobs == pytest.approx(plain(model, SHOTS, [8, 9])[0], abs=1e-4)


texts = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=20).map(tuple), min_size=1, max_size=12)


@given(texts)
def test_every_text_lies_whole_in_the_row_and_its_path_is_its_places(given_texts: list[tuple[int, ...]]) -> None:
    ordered = sorted(given_texts)
    row = lay_out(ordered)
    tokens, positions = np.array(row.tokens), np.array(row.positions)
    for text, place in zip(ordered, row.places, strict=True):
        assert tuple(tokens[place]) == text
        assert positions[place].tolist() == list(range(len(text)))
    paths = {tuple(place) for place in row.places}
    for path in row.paths:
        assert tuple(n for begin, end in path for n in range(begin, end)) in paths
    assert sum(path[-1][1] - path[-1][0] for path in row.paths) == len(row.tokens)


@settings(deadline=None)
@given(texts)
def test_rows_hold_every_text_once_and_no_more_tokens_than_fit(given_texts: list[tuple[int, ...]]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(shared_scoring, "ROW_TOKENS", 30)
        patched.setattr(shared_scoring, "LEAST_SHARED", 1)
        rows = plan_rows(given_texts)
        assert sorted(number for row in rows for number in row) == list(range(len(given_texts)))
        for row in rows:
            assert len(lay_out([given_texts[number] for number in row]).tokens) <= 30

"""What is drawn follows the distribution that was asked for, and nothing else."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.inference.sampling import exclude_tokens, probabilities, sample_tokens, uniforms
from hornbook.inference.settings import Sampling


def logits(seed: int, rows: int, vocabulary: int) -> torch.Tensor:
    return torch.randn((rows, vocabulary), generator=torch.Generator().manual_seed(seed)) * 2


def reference(row: np.ndarray, sampling: Sampling) -> np.ndarray:
    """The filters as their definitions say, one token after the other."""
    scaled = row.astype(np.float64) / sampling.temperature
    ranked = np.argsort(-scaled, kind="stable")
    allowed = list(ranked[: sampling.top_k] if sampling.top_k else ranked)
    weight = np.exp(scaled - scaled.max())
    total, reached, nucleus = sum(weight[allowed]), 0.0, []
    for token in allowed:
        if reached >= sampling.top_p * total:
            break
        nucleus.append(token)
        reached += weight[token]
    best = weight[nucleus].max()
    kept = [token for token in nucleus if weight[token] >= sampling.min_p * best]
    probs = np.zeros(len(row))
    probs[kept] = weight[kept] / weight[kept].sum()
    return probs


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 1000),
    vocabulary=st.integers(2, 200),
    temperature=st.floats(0.3, 2),
    top_p=st.floats(0.05, 1),
    top_k=st.integers(0, 20),
    min_p=st.sampled_from([0.0, 0.05, 0.5]),
)
def test_filters_match_their_definitions(
    seed: int, vocabulary: int, temperature: float, top_p: float, top_k: int, min_p: float
) -> None:
    sampling = Sampling(temperature=temperature, top_p=top_p, top_k=top_k, min_p=min_p)
    rows = logits(seed, 3, vocabulary)
    probs = probabilities(rows, sampling).numpy()
    for row, found in zip(rows.numpy(), probs, strict=True):
        expected = reference(row, sampling)
        edge = np.abs(found - expected).max()
        if edge > 1e-4:  # rounding may move the last token of a nucleus in or out
            assert (np.count_nonzero(found) - np.count_nonzero(expected)) in (-1, 1)
        assert found.sum() == pytest.approx(1, abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1000), vocabulary=st.sampled_from([1, 2, 63, 64, 65, 128, 500]), points=st.data())
def test_draw_inverts_the_cumulative_distribution(seed: int, vocabulary: int, points: st.DataObject) -> None:
    u = points.draw(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=20))
    probs = probabilities(logits(seed, 1, vocabulary), Sampling(top_k=max(1, vocabulary // 2)))
    tokens, logprobs = sample_tokens(probs.expand(len(u), -1), torch.tensor(u, dtype=torch.float64))
    upper = probs[0].double().cumsum(0).numpy()
    lower = upper - probs[0].double().numpy()
    for point, token, logprob in zip(u, tokens.tolist(), logprobs.tolist(), strict=True):
        assert lower[token] - 1e-6 <= point * upper[-1] <= upper[token] + 1e-6
        assert probs[0, token] > 0
        assert logprob == pytest.approx(float(probs[0, token].log()), abs=1e-5)


def test_edges_never_give_a_token_of_probability_zero() -> None:
    probs = torch.tensor([[0.0, 0.0, 0.3, 0.0, 0.7, 0.0] + [0.0] * 130])
    for u in (0.0, 0.3, 1 - 2**-53, np.nextafter(0.3, 0), np.nextafter(0.3, 1)):
        token, _ = sample_tokens(probs, torch.tensor([u], dtype=torch.float64))
        assert token.item() in (2, 4)


def test_frequencies_match_the_distribution() -> None:
    probs = probabilities(logits(1, 1, 150), Sampling(temperature=0.8, top_p=0.9))
    n = 40_000
    tokens, _ = sample_tokens(probs.expand(n, -1), torch.from_numpy(uniforms(7, "many", n)))
    counts = torch.bincount(tokens, minlength=150).double()
    expected = probs[0].double() * n
    assert (counts[expected == 0] == 0).all()
    inside = expected > 5
    chi_square = ((counts - expected)[inside] ** 2 / expected[inside]).sum()
    assert chi_square < inside.sum() + 5 * (2 * inside.sum()) ** 0.5


def test_temperature_zero_takes_the_likeliest_token_for_sure() -> None:
    rows = logits(3, 5, 100)
    tokens, logprobs = sample_tokens(probabilities(rows, Sampling(temperature=0)), torch.rand(5, dtype=torch.float64))
    assert tokens.tolist() == rows.argmax(-1).tolist()
    assert logprobs.tolist() == [0.0] * 5


def test_random_numbers_hang_on_seed_and_key_only() -> None:
    assert (uniforms(1, "a", 10)[:4] == uniforms(1, "a", 4)).all()
    assert not (uniforms(1, "a", 10) == uniforms(1, "b", 10)).any()
    assert not (uniforms(1, "a", 10) == uniforms(2, "a", 10)).any()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000),
    top_k=st.integers(0, 5),
    top_p=st.floats(0.05, 1),
    temperature=st.sampled_from([0, 0.3, 1, 1.7]),
)
def test_the_avoided_token_leaves_the_others_in_proportion(
    seed: int, top_k: int, top_p: float, temperature: float
) -> None:
    sampling = Sampling(top_k=top_k, top_p=top_p, temperature=temperature)
    rows = logits(seed, 6, 9)
    plain = probabilities(rows, sampling)
    likeliest = int(rows[1].argmax())
    avoid = torch.tensor([-1, likeliest, 0, 1, 2, 8])
    found = exclude_tokens(rows, plain, avoid, sampling)
    assert (found[0] == plain[0]).all()
    for row in range(1, 6):
        expected = plain[row].double()
        expected[avoid[row]] = 0
        assert found[row, avoid[row]] == 0
        assert found[row].sum() == pytest.approx(1, abs=1e-5)
        if expected.sum() > 0:
            assert torch.allclose(found[row].double(), expected / expected.sum(), atol=1e-5)
        else:
            assert found[row].argmax() == rows[row].topk(2).indices[1]

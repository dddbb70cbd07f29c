"""Schedule, loss, journal and choice: the small parts of the loop."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from hornbook.base.records import Pair
from hornbook.training.losses import summed_cross_entropy
from hornbook.training.metrics import MetricsFile, read_metrics
from hornbook.training.optimiser_and_lr_schedule import learning_rate_at
from hornbook.training.subsample import limit_kinds


@given(st.integers(1, 500), st.floats(0, 1))
def test_the_rate_rises_to_its_peak_once_and_falls_almost_to_zero(steps: int, warmup: float) -> None:
    rates = [learning_rate_at(step, steps, 2.0, warmup) for step in range(steps)]
    top = rates.index(max(rates))
    assert max(rates) == pytest.approx(2.0)
    assert all(a < b for a, b in pairwise(rates[: top + 1]))
    assert all(a > b for a, b in pairwise(rates[top:]))
    assert min(rates) > 0


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16], ids=str)
@settings(max_examples=40, deadline=None)
@given(
    positions=st.integers(1, 20),
    vocabulary=st.integers(2, 40),
    scale=st.sampled_from([0.1, 1.0, 30.0, 300.0]),  # with the largest, the right token's chance is often exactly 0
    at_once=st.sampled_from([1, 64, 1 << 22]),
    bias=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_cross_entropy_fused_or_plain_is_as_near_to_the_true_one_as_rounding_lets_it_be(
    precision: torch.dtype, positions: int, vocabulary: int, scale: float, at_once: int, bias: bool, seed: int
) -> None:
    torch.manual_seed(seed)
    head = torch.nn.Linear(8, vocabulary, bias=bias)
    hidden = (scale * torch.randn(positions, 8)).requires_grad_()
    targets = torch.randint(vocabulary, (positions,))
    expected, allowed = true_cross_entropy(head, hidden, targets, torch.finfo(precision))
    with (
        torch.autocast("cpu", torch.bfloat16, enabled=precision == torch.bfloat16),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr("hornbook.training.losses.LOGITS_AT_ONCE", at_once)
        patch.setattr("hornbook.training.losses.POSITIONS_AT_LEAST", 1)
        fused = summed_cross_entropy(head, hidden, targets)
        plain = cross_entropy(head(hidden).float(), targets, reduction="sum")
    for loss in (fused, plain):
        found = [loss, *torch.autograd.grad(3 * loss, [hidden, head.weight])]
        for got, wanted, most in zip(found, expected, allowed, strict=True):
            assert got.dtype == torch.float32
            assert ((got - wanted).abs() <= most).all()


def true_cross_entropy(
    head: torch.nn.Linear, hidden: torch.Tensor, targets: torch.Tensor, precision: torch.finfo
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """The loss and the gradients of three times it (by hidden and by weights) in float64, and how far off each may be.

    A sum of products is off by at most (terms + 1) eps times the sum of their magnitudes, in whatever order a
    processor adds. Logits that are off by e change the odds of a token by a factor of at most exp(2e), and so its
    chance p by at most p (1 - p) (exp(2e) - 1). With logits in the hundreds, that is what the gradients hang on.
    Numbers below `tiny` may be taken for 0.
    """
    eps, tiny = precision.eps, precision.tiny
    (positions, width), vocabulary = hidden.shape, len(head.weight)
    hidden_NC, weight_VC = hidden.detach().double(), head.weight.detach().double()
    bias_V = torch.zeros(vocabulary) if head.bias is None else head.bias.detach().double()
    logits_NV = hidden_NC @ weight_VC.T + bias_V
    chances_NV = logits_NV.softmax(-1)
    slope_NV = chances_NV - torch.nn.functional.one_hot(targets, vocabulary)
    loss_N = cross_entropy(logits_NV, targets, reduction="none")

    magnitude_N = (hidden_NC.abs() @ weight_VC.abs().T + bias_V.abs()).amax(-1)
    off_N = (width + 8) * eps * magnitude_N  # 8 for rounding of what goes in and comes out, and of subtractions
    by_logits_NV = chances_NV * (1 - chances_NV) * (2 * off_N).expm1()[:, None]
    off_NV = by_logits_NV.clamp(max=1) + (vocabulary + 8) * eps * (chances_NV + slope_NV.abs()) + tiny
    off_loss_N = 2 * off_N + (vocabulary + 8) * eps + positions * eps * loss_N

    def products(left: torch.Tensor, right: torch.Tensor, off_left: torch.Tensor, terms: int) -> torch.Tensor:
        return 3 * (off_left @ right.abs() + (terms + 8) * (eps * (left.abs() @ right.abs()) + tiny))

    expected = [loss_N.sum(), 3 * slope_NV @ weight_VC, 3 * slope_NV.T @ hidden_NC]
    allowed = [
        off_loss_N.sum(),
        products(slope_NV, weight_VC, off_NV, vocabulary),
        products(slope_NV.T, hidden_NC, off_NV.T, positions),
    ]
    return expected, allowed


def test_a_journal_takes_back_later_lines_and_a_line_cut_short(tmp_path) -> None:
    file = tmp_path / "metrics.jsonl"
    with MetricsFile(file, 0) as journal:
        for step in (1, 2, 3):
            journal.add(step=step, loss=0.1 * step)
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"step": 4, "lo')
    with MetricsFile(file, 2) as journal:
        assert file.read_bytes() == b"".join(whole.splitlines(keepends=True)[:2])  # a kill here would cost nothing
        assert journal.last == {"step": 2, "loss": 0.2}
        journal.add(step=3, loss=0.1 * 3)
    assert file.read_bytes() == whole
    assert read_metrics(tmp_path / "none.jsonl") == []


@settings(max_examples=30)
@given(st.permutations(range(20)), st.integers(0, 12))
def test_which_records_are_kept_does_not_depend_on_their_order(order: list[int], maximum: int) -> None:
    def pair(i: int) -> Pair:
        return Pair(id=f"p{i}", kind="ab"[i % 2], prompt_tokens=[1], chosen_tokens=[1], rejected_tokens=[2])

    kept = limit_kinds([pair(i) for i in order], {"a": maximum}, seed=3)
    assert kept == limit_kinds([pair(i) for i in range(20)], {"a": maximum}, seed=3)
    kinds = [record.kind for record in kept]
    assert (kinds.count("a"), kinds.count("b")) == (min(maximum, 10), 10)

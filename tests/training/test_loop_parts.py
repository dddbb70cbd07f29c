"""Schedule, loss, journal and choice: the small parts of the loop."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from hornbook.base.records import Pair
from hornbook.training.choose import at_most
from hornbook.training.journal import Journal, read_journal
from hornbook.training.loss import summed_cross_entropy
from hornbook.training.schedule import rate


@given(st.integers(1, 500), st.floats(0, 1))
def test_the_rate_rises_to_its_peak_once_and_falls_almost_to_zero(steps: int, warmup: float) -> None:
    rates = [rate(step, steps, 2.0, warmup) for step in range(steps)]
    top = rates.index(max(rates))
    assert max(rates) == pytest.approx(2.0)
    assert all(a < b for a, b in pairwise(rates[: top + 1]))
    assert all(a > b for a, b in pairwise(rates[top:]))
    assert min(rates) > 0


@settings(max_examples=40, deadline=None)
@given(
    positions=st.integers(1, 20),
    vocabulary=st.integers(2, 40),
    scale=st.sampled_from([0.1, 1.0, 30.0, 300.0]),  # with the largest, the right token's chance is often exactly 0
    at_once=st.sampled_from([1, 64, 1 << 22]),
    bias=st.booleans(),
)
def test_fused_cross_entropy_has_the_value_and_gradients_of_the_plain_one(
    positions: int, vocabulary: int, scale: float, at_once: int, bias: bool
) -> None:
    torch.manual_seed(positions)
    head = torch.nn.Linear(8, vocabulary, bias=bias)
    hidden = (scale * torch.randn(positions, 8)).requires_grad_()
    targets = torch.randint(vocabulary, (positions,))
    plain = cross_entropy(head(hidden), targets, reduction="sum")
    expected = torch.autograd.grad(3 * plain, [hidden, head.weight])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hornbook.training.loss.LOGITS_AT_ONCE", at_once)
        patch.setattr("hornbook.training.loss.POSITIONS_AT_LEAST", 1)
        fused = summed_cross_entropy(head, hidden, targets)
    got = torch.autograd.grad(3 * fused, [hidden, head.weight])
    torch.testing.assert_close(fused, plain, atol=1e-5 * scale, rtol=1e-5)
    torch.testing.assert_close(got, expected, atol=1e-5 * scale, rtol=1e-5)


def test_fused_cross_entropy_in_half_precision_is_close_and_keeps_gradients_in_full() -> None:
    torch.manual_seed(0)
    head, hidden = torch.nn.Linear(8, 30, bias=False), torch.randn(17, 8, requires_grad=True)
    targets = torch.randint(30, (17,))
    expected = cross_entropy(head(hidden), targets, reduction="sum")
    with torch.autocast("cpu", torch.bfloat16):
        fused = summed_cross_entropy(head, hidden, targets)
    gradients = torch.autograd.grad(fused, [hidden, head.weight])
    assert fused.item() == pytest.approx(expected.item(), rel=1e-2)
    assert [gradient.dtype for gradient in gradients] == [torch.float32] * 2
    torch.testing.assert_close(gradients, torch.autograd.grad(expected, [hidden, head.weight]), atol=0.05, rtol=0.05)


def test_a_journal_takes_back_later_lines_and_a_line_cut_short(tmp_path) -> None:
    file = tmp_path / "metrics.jsonl"
    with Journal(file, 0) as journal:
        for step in (1, 2, 3):
            journal.add(step=step, loss=0.1 * step)
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"step": 4, "lo')
    with Journal(file, 2) as journal:
        assert file.read_bytes() == b"".join(whole.splitlines(keepends=True)[:2])  # a kill here would cost nothing
        assert journal.last == {"step": 2, "loss": 0.2}
        journal.add(step=3, loss=0.1 * 3)
    assert file.read_bytes() == whole
    assert read_journal(tmp_path / "none.jsonl") == []


@settings(max_examples=30)
@given(st.permutations(range(20)), st.integers(0, 12))
def test_which_records_are_kept_does_not_depend_on_their_order(order: list[int], maximum: int) -> None:
    def pair(i: int) -> Pair:
        return Pair(id=f"p{i}", kind="ab"[i % 2], prompt_tokens=[1], chosen_tokens=[1], rejected_tokens=[2])

    kept = at_most([pair(i) for i in order], {"a": maximum}, seed=3)
    assert kept == at_most([pair(i) for i in range(20)], {"a": maximum}, seed=3)
    kinds = [record.kind for record in kept]
    assert (kinds.count("a"), kinds.count("b")) == (min(maximum, 10), 10)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.confidence_intervals import estimate, wilson
from hornbook.base.rng import rng

shares = st.lists(st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=5), min_size=1, max_size=40)


def test_wilson_known_value() -> None:
    assert wilson(0.5, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)
    assert wilson(0.0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)


@given(shares)
def test_the_interval_holds_the_mean_and_stays_within_0_and_1(values: list[list[float]]) -> None:
    found = estimate(values)
    assert 0 <= found.low <= found.mean <= found.high <= 1
    assert found.high - found.low > 0
    assert found.n == len(values)


def test_one_sample_a_question_is_plain_wilson_almost() -> None:
    found = estimate([[1.0]] * 30 + [[0.0]] * 70)
    assert (found.low, found.high) == pytest.approx(wilson(0.3, 100), abs=2e-3)


def test_samples_that_repeat_each_other_do_not_narrow_the_interval() -> None:
    once = estimate([[1.0], [0.0]] * 50)
    repeated = estimate([[1.0] * 8, [0.0] * 8] * 50)
    independent = estimate(rng(0, "coins").integers(2, size=(100, 8)).astype(float).tolist())
    assert (repeated.low, repeated.high) == pytest.approx((once.low, once.high), abs=0.002)  # Student's t
    assert independent.high - independent.low < 0.5 * (once.high - once.low)


def test_nothing_measured_is_total_ignorance() -> None:
    assert estimate([]) == (0.0, 0.0, 1.0, 0)


def test_coverage_is_about_95_percent_with_several_samples_a_question() -> None:
    random = rng(0, "coverage")
    hits = 0
    for _ in range(400):
        p_questions = random.beta(0.6, 0.9, size=60)
        values = (random.random((60, 4)) < p_questions[:, None]).astype(float)
        found = estimate(values.tolist())
        hits += found.low <= 0.4 <= found.high
    assert 0.92 <= hits / 400 <= 0.98

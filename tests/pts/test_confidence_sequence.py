"""What the counts say is what they should say: at any time, about any difference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.pts.confidence_sequence import Counts, interval, log_martingale, move_posterior, tail, threshold

COUNT = st.integers(0, 60)


@st.composite
def counts(draw: st.DrawFn) -> Counts:
    v_n, s_n = draw(COUNT), draw(COUNT)
    return Counts(draw(st.integers(0, v_n)), v_n, draw(st.integers(0, s_n)), s_n)


@settings(deadline=None)
@given(counts(), st.floats(0.05, 1.0))
def test_belief_is_a_probability_and_does_not_know_left_from_right(seen: Counts, gap: float) -> None:
    posterior = move_posterior(seen, gap)
    assert (
        posterior.rises >= 0 and posterior.falls >= 0 and posterior.p_pivotal <= 1 + 1e-9 and abs(posterior.mean) <= 1
    )
    mirrored = move_posterior(Counts(seen.v_n - seen.v_right, seen.v_n, seen.s_n - seen.s_right, seen.s_n), gap)
    assert (mirrored.rises, mirrored.falls) == pytest.approx((posterior.falls, posterior.rises), abs=1e-6)


def test_belief_follows_the_counts() -> None:
    assert move_posterior(Counts(0, 0, 0, 0), 0.3).p_pivotal < 0.3
    assert move_posterior(Counts(20, 20, 0, 20), 0.5).rises > 0.99
    assert move_posterior(Counts(0, 20, 20, 20), 0.5).falls > 0.99
    assert move_posterior(Counts(10, 20, 10, 20), 0.5).p_pivotal < 0.01


@settings(deadline=None)
@given(counts(), st.sampled_from([0.05, 0.2]))
def test_the_interval_holds_what_was_seen_and_shrinks_with_the_error_rate(seen: Counts, error_rate: float) -> None:
    low, high = interval(seen, error_rate)
    v = seen.v_right / seen.v_n if seen.v_n else 0.5
    s = seen.s_right / seen.s_n if seen.s_n else 0.5
    assert low <= v - s <= high
    wider = interval(seen, error_rate / 2)
    assert wider[0] <= low and high <= wider[1]


def test_threshold_is_where_the_tail_says() -> None:
    for error_rate in (0.01, 0.1, 0.5):
        assert tail(threshold(error_rate)) == pytest.approx(error_rate, rel=1e-6)


@pytest.mark.parametrize(("v", "s"), [(0.5, 0.5), (0.9, 0.3), (0.05, 0.02)])
def test_the_interval_covers_the_truth_at_all_times_at_once(v: float, s: float) -> None:
    """Both samples grow to 60; the truth may leave the interval at no pair of sizes, in 90 % of tries or more."""
    choose, most, tries, missed = np.random.default_rng(1), 60, 150, 0
    limit = threshold(0.1)
    at_v, at_s = round(v * 200), round(s * 200)
    for _ in range(tries):
        v_right = [0, *(choose.random(most) < v).cumsum().tolist()]
        s_right = [0, *(choose.random(most) < s).cumsum().tolist()]
        highest_v = max(log_martingale(right, n)[at_v] for n, right in enumerate(v_right))
        highest_s = max(log_martingale(right, n)[at_s] for n, right in enumerate(s_right))
        missed += highest_v + highest_s >= limit
    assert missed <= 0.1 * tries + 3 * (0.1 * 0.9 * tries) ** 0.5 * 0.5

"""Intervals of shares and of their differences cover what they should."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.confidence_intervals import difference, share


@given(st.integers(1, 300), st.data())
def test_wilson_holds_the_estimate_within_zero_and_one(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    found = share(successes, n)
    assert 0 <= found.low <= found.mean + 1e-12 and found.mean - 1e-12 <= found.high <= 1
    assert found.low < found.high


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    choose = np.random.default_rng(0)
    p, q, n, tries = 0.7, 0.4, 40, 2000
    covered = both = 0
    for a, b in zip(choose.binomial(n, p, tries), choose.binomial(n, q, tries), strict=True):
        after, before = share(int(a), n), share(int(b), n)
        covered += after.low <= p <= after.high
        _, low, high = difference(after, before)
        both += low <= p - q <= high
    assert 0.92 < covered / tries < 0.98
    assert 0.92 < both / tries < 0.985

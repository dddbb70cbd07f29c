"""Rank correlation against values worked out elsewhere, and its p against counting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.confidence_intervals import t_95
from hornbook.tuning.rank_correlation import correlate, permutation_p, spearman

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("x", "y", "rho"),
    [
        # a textbook example: intelligence and hours of television; rho = -29/165
        ([106, 100, 86, 101, 99, 103, 97, 113, 112, 110], [7, 27, 2, 50, 28, 29, 20, 12, 6, 17], -29 / 165),
        ([1, 2, 3, 4, 5], [5, 6, 7, 8, 7], 0.8207826816681233),  # ties: as in SciPy's documentation
        ([1, 2, 3], [10, 20, 30], 1.0),
        ([1, 2, 3], [3, 2, 1], -1.0),
        ([1, 1, 1], [3, 2, 1], 0.0),
    ],
)
def test_known_values(x, y, rho):
    assert spearman(x, y) == pytest.approx(rho, abs=1e-12)


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=9, unique=True), st.randoms())
def test_only_ranks_matter(values, random):
    other = random.sample(values, len(values))
    rho = spearman(values, other)
    assert -1 - 1e-9 <= rho <= 1 + 1e-9
    assert spearman([v**3 for v in values], [2 * v + 1 for v in other]) == pytest.approx(rho)
    assert spearman(values, [-v for v in other]) == pytest.approx(-rho)


def test_p_counts_the_orders_that_agree_as_well():
    assert permutation_p([1, 2, 3, 4], [1, 2, 3, 4], RANDOM) == pytest.approx(1 / 24)
    assert permutation_p([1, 2, 3, 4], [1, 2, 4, 3], RANDOM) == pytest.approx(4 / 24)  # itself, perfect, 2 alike
    assert permutation_p([1, 2, 3], [3, 2, 1], RANDOM) == 1.0
    many = list(range(12))
    assert permutation_p(many, many, RANDOM) < 0.001


def test_noise_opens_the_interval():
    x, y = [1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 2.0, 3.0, 4.0, 5.0]
    assert correlate(x, y, None, RANDOM).between is None
    assert correlate(x, y, (0.01, 0.01), RANDOM).between == pytest.approx((1.0, 1.0))
    low, high = correlate(x, y, (3.0, 3.0), RANDOM).between
    assert low < 0.2 < high


def test_values_that_cannot_be_ranked():
    with pytest.raises(ValueError):
        spearman([1], [1])
    with pytest.raises(ValueError):
        spearman([1, 2], [1, 2, 3])


@pytest.mark.parametrize(("freedom", "t"), [(1, 12.706), (10, 2.228), (11, 2.201), (20, 2.086), (120, 1.980)])
def test_students_t(freedom, t):
    assert t_95(freedom) == pytest.approx(t, rel=1e-3)

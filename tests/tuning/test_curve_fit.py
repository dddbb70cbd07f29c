"""A planted optimum is found again, wherever it lies; and what cannot be known is not claimed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.tuning.curve_fit import optimum, power_law, seed_noise
from hornbook.tuning.interpolate import interpolate
from hornbook.tuning.lr_grid import GridCell, run_grid
from hornbook.tuning.settings import TuneSettings

RATES = [1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2]


def planted(horizon, rates, best, seeds=1, noise=0.0, curvature=0.1, batch_rows=8, floor=3.0, key=0):
    """A cell whose loss is a parabola in log rate."""
    losses = floor + curvature * np.log(np.array(rates) / best) ** 2
    random = np.random.default_rng(key)
    shared = random.normal(0, 1, seeds)  # what a seed does to all rates alike
    return GridCell(horizon, batch_rows, rates, losses[:, None] + shared + random.normal(0, noise, (len(rates), seeds)))


@given(best=st.floats(1.1e-3, 1.4e-2), curvature=st.floats(0.01, 5), floor=st.floats(0, 10))
def test_the_vertex_of_a_parabola_is_found_exactly(best, curvature, floor):
    losses = floor + curvature * (np.log(RATES) - np.log(best)) ** 2
    found = optimum(np.log(RATES), losses)
    assert found.inside
    assert np.exp(found.x) == pytest.approx(best, rel=1e-5)
    assert found.loss == pytest.approx(floor, abs=1e-6)


@given(best=st.floats(1e-5, 5e-4) | st.floats(0.05, 1.0), order=st.permutations(range(5)))
def test_an_optimum_outside_is_put_at_the_edge_and_called_so(best, order):
    losses = (np.log(RATES) - np.log(best)) ** 2
    found = optimum(np.log(RATES)[list(order)], losses[list(order)])
    assert not found.inside
    assert np.exp(found.x) == pytest.approx(RATES[0] if best < 1e-3 else RATES[-1])


def test_runs_that_diverged_do_not_bend_the_parabola():
    losses = (np.log(RATES) - np.log(3e-3)) ** 2
    losses[-1] = np.nan
    assert np.exp(optimum(np.log(RATES), losses).x) == pytest.approx(3e-3)
    assert optimum([0.0, 1.0], [np.nan, 2.0]) == (1.0, 2.0, False)
    with pytest.raises(ValueError, match="no finite loss"):
        optimum([0.0, 1.0], [np.nan, np.nan])


def test_a_curve_bent_the_wrong_way_gives_its_lowest_point():
    found = optimum([0.0, 0.5, 1.0], [1.0, 2.0, 1.5])
    assert (found.x, found.inside) == (0.0, False)


@given(scale=st.floats(-10, 10), exponent=st.floats(-1, 1))
def test_a_power_law_is_recovered_and_one_horizon_gives_a_level_one(scale, exponent):
    horizons = [1e5, 3e5, 1e6]
    law = power_law(horizons, [scale + exponent * np.log(h) for h in horizons])
    assert law.exponent == pytest.approx(exponent, abs=1e-6)
    assert law.at(1e9) == pytest.approx(scale + exponent * np.log(1e9), abs=1e-4)
    assert power_law([1e5], [scale]).at(1e9) == scale


@given(exponent=st.floats(-0.4, 0.1))
def test_the_rate_is_interpolated_to_the_target_as_planted(exponent):
    cells = [planted(h, RATES, 6e-3 * (h / 1e5) ** exponent) for h in (100_000, 300_000)]
    found = interpolate(cells, 1_000_000, seed=1)
    assert found.rate == pytest.approx(6e-3 * 10**exponent, rel=0.01)  # three digits
    assert found.exponent == pytest.approx(exponent, abs=1e-6)
    assert found.between is None and found.noise is None  # one seed


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    held = 0
    for key in range(24):
        cells = [
            planted(h, RATES, 5e-3, seeds=3, noise=0.01, key=key * 10 + i) for i, h in enumerate((1 << 17, 1 << 18))
        ]
        found = interpolate(cells, 1 << 19, seed=key)
        held += found.between[0] <= 5e-3 <= found.between[1]
    assert held >= 20  # of 24, where 23 are expected


def test_the_batch_with_the_lower_loss_is_chosen_and_its_law_used():
    cells = [
        planted(h, RATES, best, batch_rows=batch, floor=floor, seeds=2, noise=1e-4, key=1)
        for h in (100_000, 200_000)
        for batch, best, floor in ((8, 2e-3, 3.2), (16, 4e-3, 3.0), (32, 8e-3, 3.3))
    ]
    found = interpolate(cells, 400_000, seed=0)
    assert found.batch_rows == 16
    assert found.batch_share == 1.0
    assert found.rate == pytest.approx(4e-3, rel=0.02)
    assert found.rate_at(cells, 100_000) == pytest.approx(4e-3, rel=0.02)


def test_no_interval_where_the_optimum_lies_at_the_edge():
    cells = [planted(h, RATES, 1e-1, seeds=3, noise=0.01) for h in (100_000, 200_000)]
    found = interpolate(cells, 400_000, seed=0)
    assert found.between is None and found.optima_between == [None, None]


def test_noise_is_what_seed_and_condition_do_not_explain():
    random = np.random.default_rng(0)
    values = random.normal(0, 5, (40, 1)) + random.normal(0, 5, (1, 30)) + random.normal(0, 0.1, (40, 30))
    sd, freedom = seed_noise(values)
    assert sd == pytest.approx(0.1, rel=0.1)
    assert freedom == 39 * 29
    assert seed_noise(values[:, :1]) is None
    assert seed_noise(np.array([[1.0, 2.0], [np.nan, 1.0]])) is None


@pytest.mark.parametrize(
    ("best", "expected"),
    [(4e-3, []), (1.5e-2, [1.6e-2, 3.2e-2]), (8e-4, [5e-4]), (1e-9, [5e-4, 2.5e-4])],
)
def test_the_grid_is_widened_where_the_best_rate_is_at_its_edge(best, expected):
    asked = []

    def measure(horizon, batch_rows, rate, number):
        asked.append(rate)
        return float(np.log(rate / best) ** 2)

    settings = TuneSettings(horizons=[10, 20], rates=[1e-3, 2e-3, 4e-3, 8e-3], batch_rows=[1], seeds=1)
    cells = run_grid(settings, measure)
    assert asked[: len(asked) // 2] == [1e-3, 2e-3, 4e-3, 8e-3, *expected]
    assert [cell.horizon for cell in cells] == [10, 20]
    assert cells[0].rates == sorted(cells[0].rates)


def test_a_grid_where_everything_diverges_goes_down():
    settings = TuneSettings(horizons=[10, 20], rates=[1.0, 2.0, 4.0], batch_rows=[1], seeds=1)
    cells = run_grid(settings, lambda h, b, rate, n: 1.0 if rate <= 0.3 else float("nan"))
    assert cells[0].rates == [0.25, 0.5, 1.0, 2.0, 4.0]

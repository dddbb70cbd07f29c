"""The variants of table 4, whatever sources there are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.mixture.settings import TABLE_5
from hornbook.tuning.mixture_comparison import agreements, comparisons, run_figures
from hornbook.tuning.mixture_presets import presets


def test_table_4_with_all_sources():
    found = presets(list(TABLE_5))
    assert found["final"] == pytest.approx(TABLE_5)
    for name in ("uniform", "S", "S+WR", "S+W"):
        assert found[name]["code"] + found[name]["acquired"] == pytest.approx(0.25)
        assert found[name]["code"] / found[name]["acquired"] == pytest.approx(2)
    assert found["uniform"]["web"] == found["uniform"]["synthetic"] == pytest.approx(0.25)
    assert found["S"]["synthetic"] == pytest.approx(0.75)
    assert found["S+WR"]["web_rewrite"] == pytest.approx(0.375) and "web" not in found["S+WR"]


@given(st.sets(st.sampled_from([*TABLE_5, "mine"]), min_size=1))
def test_presets_use_only_what_there_is_and_no_two_are_equal(sources):
    found = presets(sorted(sources))
    for shares in found.values():
        assert set(shares) <= sources
        assert sum(shares.values()) == pytest.approx(1)
    distinct = {tuple(sorted((s, round(share, 9)) for s, share in shares.items())) for shares in found.values()}
    assert len(distinct) == len(found)


def test_a_preset_gives_way_only_to_an_equal_one_that_is_asked_for():
    assert list(presets(["web", "synthetic"], ["S+W", "S"])) == ["S+W", "S"]
    assert list(presets(["web", "synthetic"], ["uniform", "S+W", "S", "S+WR"])) == ["uniform", "S"]


def results(losses, size="small", horizon=100):
    """Runs of two seeds, given the losses of each allocation."""
    return [
        {"size": size, "horizon": horizon, "allocation": name, "number": number, "figures": {"loss": loss}}
        for name, pair in losses.items()
        for number, loss in enumerate(pair)
    ]


def test_a_difference_is_from_the_baseline_with_the_noise_that_seeds_leave():
    losses = {"final": [3.0, 4.0], "S": [2.5, 3.52], "S+W": [3.1, 4.08]}
    cell, *_ = comparisons(results(losses), list(losses), "final")
    assert cell.means["final"] == 3.5
    assert cell.differences == pytest.approx({"final": 0.0, "S": -0.49, "S+W": 0.09})
    assert 0.02 < cell.half < 0.2  # the whole nat between the two seeds is common to all and does not count
    single = [row for row in results(losses) if row["number"] == 0]
    assert comparisons(single, list(losses), "final")[0].half is None


def test_rankings_are_compared_between_horizons_and_between_sizes_only():
    losses = {"a": [1.0, 1.01], "b": [2.0, 2.01], "c": [3.0, 3.02]}
    turned = {"a": [3.0, 3.01], "b": [2.0, 2.01], "c": [1.0, 1.02]}
    rows = results(losses, "s", 1) + results(losses, "s", 2) + results(turned, "l", 1) + results(losses, "l", 2)
    found = agreements(comparisons(rows, list(losses), "a"), seed=0)
    rhos = {(pair.what, pair.at): pair.correlation.rho for pair in found}
    assert rhos == {("horizons", "s"): 1.0, ("horizons", "l"): -1.0, ("sizes", "1"): -1.0, ("sizes", "2"): 1.0}


def test_a_figure_that_a_diverged_run_lacks_is_left_out():
    rows = results({"a": [1.0, 1.0], "b": [2.0, 2.0]})
    rows[0]["figures"] = {}
    assert comparisons(rows[::-1], ["a", "b"], "a") == []


def test_the_mean_loss_is_weighted_by_the_shares_of_what_was_measured():
    found = run_figures(
        {"web": 4.0, "code": 2.0}, {"reasoning": 0.5, "reasoning:gcd": 0.4}, {"web": 0.3, "code": 0.1, "x": 0.6}
    )
    assert found["loss"] == pytest.approx(3.5)
    assert found["loss on web"] == 4.0
    assert found["reasoning"] == 0.5 and "reasoning:gcd" not in found

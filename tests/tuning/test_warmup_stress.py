"""Planted divergences are seen, noise is not; the stress test finds the largest stable rate."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.tuning.settings import TuneSettings
from hornbook.tuning.warmup_stress import WarmupLimit, climb, judge_stability, recommend_warmup, smooth, stress_warmups


def falling(steps=60, noise=0.1, seed=0):
    return 3 + 4 * np.exp(-np.arange(steps) / 15) + np.random.default_rng(seed).normal(0, noise, steps)


WELL = list(falling(noise=0))


def test_what_the_data_do_to_every_run_is_no_instability():
    hard = np.where(np.arange(60) // 12 % 2, 1.5, 0.0)  # stretches of harder batches, the same for all runs
    assert judge_stability(falling(noise=0.05) + hard, False, WELL, 0.5) == "climbs"
    assert judge_stability(falling(noise=0.05) + hard, False, WELL + hard, 0.5) == "stable"


@given(seed=st.integers(0, 1000))
def test_a_noisy_fall_is_stable_and_so_is_one_strange_batch(seed):
    losses = falling(seed=seed)
    assert judge_stability(losses, False, WELL, 0.5) == "stable"
    losses[40] += 20
    assert judge_stability(losses, False, WELL, 0.5) == "stable"


@given(seed=st.integers(0, 1000), at=st.integers(20, 45))
def test_a_climb_is_seen_also_when_it_is_recovered_from(seed, at):
    losses = falling(seed=seed)
    losses[at : at + 10] += 2.0
    assert judge_stability(losses, False, WELL, 0.5) == "climbs"
    assert climb(losses) > 1.0


def test_a_run_that_learns_nothing_is_lost_and_one_that_left_the_numbers_is_not_finite():
    assert judge_stability([7.0] * 30, False, WELL, 0.5) == "lost"
    assert judge_stability([7.0, 6.0], True, WELL, 0.5) == "not finite"
    assert judge_stability([7.0, float("inf")], False, WELL, 0.5) == "not finite"
    assert judge_stability([], True, WELL, 0.5) == "not finite"


@given(st.lists(st.floats(0, 100), min_size=1, max_size=40))
def test_climb_is_never_negative_and_zero_for_what_only_falls(losses):
    assert climb(losses) >= 0
    assert climb(sorted(losses, reverse=True)) == 0
    assert len(smooth(losses)) == max(1, len(losses) - 7)


def settings(**changes):
    return TuneSettings(horizons=[1, 2], **{"warmups": [1, 8], "doublings": 5, **changes})


@pytest.mark.parametrize(("limit", "largest"), [(0.02, 0.016), (0.0015, 1e-3), (0.0003, 2.5e-4), (9.0, 0.032)])
def test_the_largest_stable_rate_is_found_from_either_side(limit, largest):
    tried = []

    def run(warmup, rate):
        tried.append((warmup, rate))
        return ("stable" if rate < limit else "climbs"), 3.0

    found = stress_warmups(settings(warmups=[4]), 1e-3, run)
    assert [each.largest for each in found] == [largest]
    assert len(tried) == len(set(tried)) <= 6


def test_nothing_stable_is_no_limit():
    found = stress_warmups(settings(), 1e-3, lambda warmup, rate: ("not finite", float("nan")))
    assert [each.largest for each in found] == [None, None]
    assert recommend_warmup(found, 1e-3, 2.0, 0.0) is None


def test_the_shortest_warm_up_with_room_above_the_rate_is_recommended_unless_a_longer_one_learns_more():
    limits = [WarmupLimit(1, [], 1e-3, 3.0), WarmupLimit(8, [], 4e-3, 3.0), WarmupLimit(64, [], 8e-3, 2.99)]
    assert recommend_warmup(limits, 1e-3, 2.0, noise=0.02).warmup == 8
    assert recommend_warmup(limits, 1e-3, 2.0, noise=0.001).warmup == 64
    assert recommend_warmup(limits, 5e-3, 2.0, noise=0.02).warmup == 64  # none has the room: the one that stands most

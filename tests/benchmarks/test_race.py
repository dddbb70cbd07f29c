"""Workers that take turns: what they report is theirs alone, and one that falls over is named."""

from pathlib import Path

import pytest

from benchmarks import race as module
from benchmarks.race import Racer, Result, compare, race
from hornbook.base.errors import HornbookError

WALKER = "tests.benchmarks.random_walk"


def test_each_side_is_measured_by_its_own_work(tmp_path: Path) -> None:
    racers = [Racer("slow", WALKER, {"stride": 1}), Racer("fast", WALKER, {"stride": 1000})]
    results = race(racers, tmp_path, rounds=3, seconds=0.03, threads=1)
    assert [len(result.rates) for result in results.values()] == [3, 3]
    assert min(results["fast"].rates) > 50 * max(results["slow"].rates)
    assert all(5 < result.peak_mb < 500 for result in results.values())


def test_a_worker_that_falls_over_is_named_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(HornbookError, match=r"broken: the worker failed .*KeyError: 'stride'"):
        race([Racer("broken", WALKER, {})], tmp_path, rounds=1, seconds=0.01, threads=1)


def test_without_the_peers_environment_it_says_how_to_make_it(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(module, "PEERS", tmp_path / "python")
    with pytest.raises(HornbookError, match="make peers"):
        race([Racer("peer", WALKER, {}, peer=True)], tmp_path, rounds=1, seconds=0.01, threads=1)


def test_a_ratio_is_the_median_over_the_rounds_with_their_range() -> None:
    ours, peer = Result([20.0, 30.0, 44.0], [1.0] * 3, 1), Result([10.0, 10.0, 11.0], [1.0] * 3, 1)
    claim = compare("", ours, peer, "tokens/s", 2.5)
    assert (claim.ratio, claim.low, claim.high, claim.met) == (3.0, 2.0, 4.0, True)

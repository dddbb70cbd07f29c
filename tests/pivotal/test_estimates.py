"""Intervals cover what they should, and nothing is sampled twice."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.inference.settings import Sampling
from hornbook.pivotal.estimates import Estimate, Estimator, difference, wilson
from hornbook.pivotal.journal import Journal
from hornbook.pivotal.outcomes import Case, Prefix
from hornbook.pivotal.pts import make_judge
from hornbook.pivotal.trials import Trials
from tests.pivotal.planted import ID, STOP, TOKENIZER, PlantedEngine, planted_questions


@given(st.integers(1, 300), st.data())
def test_wilson_holds_the_estimate_within_zero_and_one(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    found = wilson(successes, n)
    assert 0 <= found.low <= found.p + 1e-12 and found.p - 1e-12 <= found.high <= 1
    assert found.low < found.high


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    choose = np.random.default_rng(0)
    p, q, n, tries = 0.7, 0.4, 40, 2000
    covered = both = 0
    for a, b in zip(choose.binomial(n, p, tries), choose.binomial(n, q, tries), strict=True):
        after, before = wilson(int(a), n), wilson(int(b), n)
        covered += after.low <= p <= after.high
        _, low, high = difference(after, before)
        both += low <= p - q <= high
    assert 0.92 < covered / tries < 0.98
    assert 0.92 < both / tries < 0.985


def estimator(folder: Path, engine: PlantedEngine) -> Estimator:
    cases = [Case(question, [1, 5, 2]) for question in planted_questions(2)]
    trials = Trials(engine, make_judge(TOKENIZER), cases, Sampling(max_new_tokens=20), Journal(folder / "j", "x"), 10)
    return Estimator(trials, "search", {})


def test_estimates_are_near_the_truth_and_sampled_once(tmp_path: Path) -> None:
    engine = PlantedEngine()
    search = estimator(tmp_path, engine)
    good = Prefix(0, tuple(ID[letter] for letter in "xyzG"))
    search.gather([good, Prefix(1, ()), good], 50)
    search.gather([good], 200)
    search.gather([good], 200)
    assert len(engine.keys) == len(set(engine.keys)) == 250
    found = search.estimate(good)
    assert found.n == 200 and found.low <= 0.9 <= found.high


def test_finished_solutions_are_not_sampled(tmp_path: Path) -> None:
    engine = PlantedEngine()
    search = estimator(tmp_path, engine)
    search.gather([Prefix(0, ())], 20)
    made = search.outcomes[Prefix(0, ())]
    finished = Prefix(0, tuple(made[0].tokens))
    assert finished.tokens[-1] == STOP
    search.gather([finished], 100)
    assert len(engine.keys) == 20
    assert search.estimate(finished) == Estimate(*[pytest.approx(float(made[0].success))] * 3, 0)

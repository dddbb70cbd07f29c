import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.confidence_intervals import estimate
from hornbook.base.rng import rng
from hornbook.evaluation.metrics import NOT_ATTEMPTED, WRONG, ScoredReply
from hornbook.evaluation.significance import NOISE, compare, detectable_by, holm, paired_bootstrap, sign_flip_test


def answers(values: list[float], score: str = "reasoning:sums") -> list[ScoredReply]:
    return [ScoredReply(f"q{number}", score, 0, value, "") for number, value in enumerate(values)]


def verdict(now: list[float], before: list[float], score: str = "reasoning:sums") -> str:
    rows = compare(answers(now, score), answers(before, score), resamples=1000, seed=0)
    return {row["score"]: row for row in rows}[score]["verdict"]


def test_verdicts_and_which_way_is_better() -> None:
    up, down = [1.0] * 20 + [0.0] * 20, [0.0] * 40
    assert verdict(up, down) == "better"
    assert verdict(down, up) == "worse"
    assert verdict(up, up) == NOISE
    assert verdict(up, down, WRONG) == "worse"
    assert verdict(down, up, WRONG) == "better"
    assert verdict(up, down, NOT_ATTEMPTED) == "more"
    assert verdict(down, up, NOT_ATTEMPTED) == "fewer"


def test_four_questions_more_of_forty_are_noise_although_the_bootstrap_is_sure() -> None:
    now, before = [1.0] * 4 + [0.0] * 36, [0.0] * 40
    (low, _) = paired_bootstrap(np.array(now) - np.array(before), 4000, rng(0))
    assert low > 0
    assert verdict(now, before) == NOISE


def test_only_shared_questions_are_compared() -> None:
    now = [
        *answers([1.0] * 10),
        ScoredReply("new", "reasoning:sums", 0, 1.0, ""),
        ScoredReply("x", "benchmark:piqa", 0, 1.0, ""),
    ]
    rows = compare(now, answers([0.0] * 12), resamples=200, seed=0)
    assert [(row["score"], row["n"], row["difference"]) for row in rows] == [
        ("reasoning", 10, 1.0),
        ("reasoning:sums", 10, 1.0),
    ]


def test_samples_of_a_question_are_averaged_first() -> None:
    now = [ScoredReply("q", "reasoning:sums", sample, float(sample == 0), "") for sample in range(4)]
    before = [ScoredReply("q", "reasoning:sums", 0, 0.0, "")]
    assert compare(now, before, resamples=100, seed=0)[0]["difference"] == 0.25


def test_order_of_rows_changes_nothing() -> None:
    now, before = answers([1.0, 0.0, 1.0] * 9), answers([0.0, 1.0, 0.0] * 9)
    assert compare(now, before, resamples=300, seed=3) == compare(now[::-1], before[::-1], resamples=300, seed=3)


@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]), min_size=1, max_size=60))
def test_interval_holds_the_mean_about_and_p_is_a_probability(values: list[float]) -> None:
    differences = np.array(values)
    low, high = paired_bootstrap(differences, 200, rng(0, "b"))
    p = sign_flip_test(differences, 200, rng(0, "p"))
    assert differences.min() <= low <= high <= differences.max()
    assert 0 < p <= 1
    assert sign_flip_test(-differences, 200, rng(0, "p")) == p


def test_equal_models_are_seldom_called_different() -> None:
    random, false_alarms = rng(0, "false alarms"), 0
    for trial in range(200):
        skill = random.beta(1, 1, size=50)
        now, before = ((random.random(50) < skill).astype(float) for _ in range(2))
        p = sign_flip_test(now - before, 400, rng(trial))
        low, high = paired_bootstrap(now - before, 400, rng(trial, "b"))
        false_alarms += p < 0.05 and (low > 0 or high < 0)
    assert false_alarms / 200 <= 0.08


def test_memory_stays_bounded_in_blocks() -> None:
    differences = rng(0).normal(0.1, 1, size=300_000)
    low, high = paired_bootstrap(differences, 100, rng(1))
    assert low < 0.1 < high
    assert high - low == pytest.approx(2 * 1.96 / np.sqrt(300_000), rel=0.4)


def test_a_difference_that_is_detectable_shows_four_times_of_five() -> None:
    random, questions, shown = np.random.default_rng(0), 300, 0
    better, worse = 0.115, 0.05  # a true difference of 6.5 points, which is what 300 such questions can detect
    for _ in range(200):
        moves = random.choice([1.0, -1.0, 0.0], size=questions, p=[better, worse, 1 - better - worse])
        now, before = np.maximum(moves, 0.0), np.maximum(-moves, 0.0)
        (row,) = compare(answers(list(now), "x"), answers(list(before), "x"), resamples=300, seed=1)
        assert row["detectable"] == pytest.approx(0.069, abs=0.02)
        shown += row["verdict"] == "better"
    assert 0.7 < shown / 200 < 0.9


def about_passages(values: list[float], each: int) -> list[ScoredReply]:
    rows = answers(values, "benchmark:boolq acc")
    return [
        ScoredReply(row.question, row.score, 0, row.value, "", passage=f"p{number // each}")
        for number, row in enumerate(rows)
    ]


def test_questions_about_one_passage_are_one_observation() -> None:
    """Ten passages of twenty questions each, all of a passage right or all wrong: as good as ten questions."""
    flips = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0]
    now = about_passages([value for value in flips for _ in range(20)], 20)
    before = about_passages([0.5] * 200, 20)
    (together,) = compare(now, before, resamples=2000, seed=0)
    alone = [ScoredReply(row.question, row.score, 0, row.value, "") for row in now]
    (apart,) = compare(alone, before, resamples=2000, seed=0)
    assert together["difference"] == apart["difference"] == pytest.approx(0.1)
    assert together["n"] == apart["n"] == 200
    assert together["detectable"] == pytest.approx(apart["detectable"] * 20**0.5, rel=0.15)
    assert together["p"] > 0.3 > 0.05 > apart["p"]


HOLM = [  # p-values and what Holm's correction makes of them
    ([], []),
    ([0.03], [0.03]),
    ([0.01, 0.04], [0.02, 0.04]),
    ([0.04, 0.01, 0.03], [0.06, 0.03, 0.06]),
    ([0.5, 0.6], [1.0, 1.0]),
]


@pytest.mark.parametrize(("ps", "expected"), HOLM)
def test_holms_correction(ps: list[float], expected: list[float]) -> None:
    assert holm(ps) == pytest.approx(expected)


@pytest.mark.parametrize(("n", "mean"), [(100, 0.5), (1000, 0.3), (400, 0.9)])
def test_a_score_says_what_it_can_show_against_another_model(n: int, mean: float) -> None:
    found = estimate([[1.0]] * round(n * mean) + [[0.0]] * round(n * (1 - mean)))
    assumed = 2.8 * (0.6 * 2 * mean * (1 - mean) / n) ** 0.5 + 1 / n  # the exact test is a little weaker
    assert detectable_by(found) == pytest.approx(assumed, rel=0.05)

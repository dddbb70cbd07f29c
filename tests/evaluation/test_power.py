"""What a set of questions can show, and how many a difference needs, beside simulated studies."""

from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from benchmarks.power import measure
from hornbook.base.files import write_json
from hornbook.base.rng import rng
from hornbook.evaluation.planned_power import PlannedScore, counted_scores, planned_scores, power_table
from hornbook.evaluation.power import detectable, power, questions_for
from hornbook.evaluation.settings import EvaluationSettings
from hornbook.evaluation.significance import SIGNIFICANT, binomial_test, sign_flip_test

STUDIES = [  # questions, discordance rate, true difference
    (26, 0.49, 0.41),
    (60, 0.2, 0.2),
    (200, 0.3, 0.11),
    (400, 0.1, 0.05),
    (400, 0.5, 0.10),
    (1000, 0.2, 0.03),
    (1000, 0.2, 0.05),
    (3000, 0.3, 0.02),
]


def differences(n: int, rate: float, difference: float, number: int) -> np.ndarray:
    better = (rate + difference) / 2
    chances = [better, rate - better, 1 - rate]
    return rng(number, "study", str(n)).choice([1.0, -1.0, 0.0], size=n, p=chances)


@pytest.mark.parametrize(("n", "rate", "difference"), STUDIES)
def test_simulated_studies_show_a_difference_as_often_as_is_said(n: int, rate: float, difference: float) -> None:
    shown = [sign_flip_test(differences(n, rate, difference, number), 0, rng(0)) < SIGNIFICANT for number in range(400)]
    assert np.mean(shown) == pytest.approx(power(difference, n, rate**0.5), abs=0.07)


@pytest.mark.parametrize(("n", "rate"), [(100, 0.3), (1000, 0.05)])
def test_equal_models_are_called_different_in_one_of_twenty_studies_at_most(n: int, rate: float) -> None:
    alarms = [sign_flip_test(differences(n, rate, 0.0, number), 0, rng(0)) < SIGNIFICANT for number in range(400)]
    assert np.mean(alarms) <= 0.06


@pytest.mark.parametrize("spread", [0.2, 0.5, 0.7])
@pytest.mark.parametrize("binary", [True, False])
def test_questions_and_differences_are_each_others_inverse(spread: float, binary: bool) -> None:
    for difference in (0.01, 0.02, 0.04):
        needed = questions_for(difference, spread, binary=binary)
        assert needed
        assert detectable(needed, spread, binary=binary) <= difference + 1e-9
        assert detectable(needed - 1, spread, binary=binary) > difference - 1e-4


def test_what_cannot_be_shown() -> None:
    assert questions_for(0.5, 0.1**0.5) is None  # models that differ on a tenth of the questions are no 50 points apart
    assert questions_for(0.0) is None
    assert detectable(3) == 1.0
    assert power(0.1, 1) == 0.0


BINOMIAL = [(5, 10, 1.0), (0, 6, 2 / 64), (6, 6, 2 / 64), (1, 8, 18 / 256), (40, 100, 0.0568879)]  # from tables


@pytest.mark.parametrize(("heads", "tosses", "p"), BINOMIAL)
def test_mcnemars_exact_test(heads: int, tosses: int, p: float) -> None:
    assert binomial_test(heads, tosses) == pytest.approx(p, rel=1e-5)


PLANNED = [  # settings, whether questions are asked, the scores and their questions
    ({"benchmarks": ["piqa"], "max_items": 50}, True, [("reasoning", 400), ("trivia", 200), ("benchmark:piqa", 50)]),
    ({"tasks": ["hellaswag", "chat_mmlu"]}, False, [("benchmark:hellaswag", 10042), ("benchmark:chat_mmlu", 14042)]),
    (
        {"tasks": ["simple_evals"], "limit": 100},
        False,
        [(f"benchmark:chat_{one}", 100) for one in ("mmlu", "gpqa", "math", "humaneval", "mgsm", "simpleqa", "drop")],
    ),
    (
        {"tasks": ["hellaswag", "my.yaml"], "limit": 20},
        False,
        [("benchmark:hellaswag", 20), ("benchmark:my.yaml", None)],
    ),
]


@pytest.mark.parametrize(("given", "asks", "expected"), PLANNED)
def test_a_plan_knows_its_questions(given: dict, asks: bool, expected: list) -> None:
    found = planned_scores(EvaluationSettings.parse(given, ""), asks_questions=asks)
    assert [(score.score, score.questions) for score in found] == expected


def test_spreads_that_an_earlier_evaluation_measured_are_used(tmp_path: Path) -> None:
    rows = [{"score": "benchmark:hellaswag acc", "spread": 0.3}, {"score": "reasoning", "spread": 0.0}]
    write_json(tmp_path / "scores.json", {"comparisons": rows})
    found = counted_scores({"benchmark:hellaswag": 1000, "reasoning": 100, "none": 0}, tmp_path)
    assert [(score.score, round(score.spread**2, 2)) for score in found] == [
        ("benchmark:hellaswag", 0.09),
        ("reasoning", 0.3),
    ]


def test_the_table_says_what_is_shown_and_what_is_needed() -> None:
    console = Console(width=120)
    with console.capture() as shown:
        console.print(power_table([PlannedScore("reasoning", 400), PlannedScore("new", None)]))
    lines = [line.split() for line in shown.get().splitlines()]
    assert ["reasoning", "400", "30%", "7.9", "980", "5,984", "23,744"] in lines
    assert ["new", "?", "30%", "980", "5,984", "23,744"] in lines


RECORDED = [  # differences of neighbouring evaluations of recipes/pocket.yaml, seed 0: value → questions
    {-1: 70, 0: 2976, 1: 113},
    {-0.75: 8, -0.5: 29, -0.25: 140, 0: 2712, 0.25: 207, 0.5: 55, 0.75: 8},
    {-1: 1453, 0: 1585, 1: 121},
    {-1: 1, 0: 397, 1: 13},
    {-1: 25, 0: 378, 1: 8},
]
RARE = {-0.25: 3, 0: 386, 0.25: 16, 0.5: 3, 0.75: 1, 1: 2}  # graded, and different on 6 % of the questions only


@pytest.mark.slow
@pytest.mark.parametrize("counts", RECORDED)
def test_on_a_thousand_resamplings_of_recorded_outcomes_power_is_what_was_said(counts: dict[float, int]) -> None:
    moved = np.repeat([float(value) for value in counts], list(counts.values()))
    rows = measure("recorded", moved, 1000)
    assert rows
    for row in rows:
        assert row["realised"] == pytest.approx(row["said"], abs=0.05)
        assert row["false alarms"] <= 0.05 + 2 * (0.05 * 0.95 / 1000) ** 0.5  # two standard errors of a thousand draws


@pytest.mark.slow
def test_of_graded_replies_that_seldom_differ_power_is_no_less_than_was_said() -> None:
    moved = np.repeat([float(value) for value in RARE], list(RARE.values()))
    for row in measure("rare", moved, 1000):
        assert row["realised"] >= row["said"] - 0.05
        assert row["false alarms"] <= 0.05 + 2 * (0.05 * 0.95 / 1000) ** 0.5

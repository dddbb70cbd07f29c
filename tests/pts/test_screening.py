"""Which questions are searched after a few rollouts, and how hard they are believed to be."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.pts_exact import table_runner
from benchmarks.pts_worlds import JUMP, OPEN_SHARE
from benchmarks.tabular import Tabular
from hornbook.base.errors import HornbookError
from hornbook.base.workspace import Workspace
from hornbook.pts.difficulty import start_of
from hornbook.pts.posterior import GRID
from hornbook.pts.rollout_pools import Pools
from hornbook.pts.screening import screen
from hornbook.pts.search import SearchResult, run_search
from hornbook.pts.settings import PtsSettings
from hornbook.pts.types import JudgedRollout

KEPT = [  # settings, right of four, whether the question is searched
    ({}, 0, False),
    ({}, 1, True),
    ({}, 3, True),
    ({}, 4, False),
    ({"p_low": 0.0}, 0, True),
    ({"p_low": 0.0}, 4, False),
    ({"p_high": 1.0}, 4, True),
    ({"p_low": 0.0, "p_high": 1.0}, 0, True),
]


def outcomes(right: int, n: int) -> list[JudgedRollout]:
    return [JudgedRollout([number], [-0.1], "stop", number < right) for number in range(n)]


class Recorded(Pools):
    """Pools that know what comes of a question."""

    def __init__(self, runner: Any, right: int) -> None:
        super().__init__(runner, 0)
        self.right_of_four = right

    def extend(self, wanted: Any, chains: Any, on_done: Any = None) -> None:
        for branch, n in wanted.items():
            self.of(branch).extend(outcomes(self.right_of_four, n))


@pytest.mark.parametrize(("given", "right", "kept"), KEPT)
def test_a_question_is_searched_if_its_verdicts_differ(
    given: dict[str, float], right: int, kept: bool, tmp_path: Path
) -> None:
    runner = table_runner(Tabular(0, states=24), tmp_path / "journal", 0)
    work = Workspace(tmp_path, name="screen")
    if kept:
        assert len(screen(PtsSettings(**given), work, Recorded(runner, right))) == len(runner.cases)
    else:
        with pytest.raises(HornbookError, match=r"of \d+ screened"):
            screen(PtsSettings(**given), work, Recorded(runner, right))


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tabular, SearchResult, list[float]]:
    model = Tabular(901, open_share=OPEN_SHARE, jump=JUMP, states=60, all_starts=True)
    folder = tmp_path_factory.mktemp("searched")
    runner = table_runner(model, folder / "journal", 1)
    work = Workspace(folder, name="pts", seed=1)
    found = run_search(PtsSettings(), work, runner, lambda tokens: [f"{token} " for token in tokens])
    assert sum(found.spent.values()) == runner.tokens and found.spent["screening"] == 60 * 4 * 41
    return model, found, [model.p_success(case.prompt[1], ()) for case in runner.cases]


def test_difficulty_is_a_belief_that_covers_the_truth(searched: tuple[Tabular, SearchResult, list[float]]) -> None:
    _, found, truth = searched
    rows = found.difficulties
    assert np.mean([row.low - 1e-9 <= p <= row.high + 1e-9 for row, p in zip(rows, truth, strict=True)]) >= 0.85
    searched_rows = [(row.p, p) for row, p in zip(rows, truth, strict=True) if row.searched]
    assert len(searched_rows) >= 10
    assert {row.p for row in rows if row.searched} - {0.25, 0.5, 0.75}  # not those of four rollouts alone
    assert np.sqrt(np.mean([(a - b) ** 2 for a, b in searched_rows])) < 0.25


def test_only_questions_in_range_give_pairs(searched: tuple[Tabular, SearchResult, list[float]]) -> None:
    _, found, _ = searched
    pivots = {pivot.id: pivot for pivot in found.pivots}
    inside = {row.question for row in found.difficulties if row.in_range}
    assert found.pairs and {pivots[pair.parents[0]].question for pair in found.pairs} <= inside
    assert all(row.searched and 0.2 <= row.p <= 0.8 for row in found.difficulties if row.in_range)
    assert sum(row.pivots for row in found.difficulties) == len(found.pivots)


@pytest.mark.parametrize(("right", "n"), [(0, 4), (4, 4), (1, 4), (20, 40)])
def test_what_rollouts_from_a_prompt_say(right: int, n: int) -> None:
    p_G = start_of(outcomes(right, n))
    assert p_G.sum() == pytest.approx(1)
    assert float(p_G @ GRID) == pytest.approx((right + 0.5) / (n + 1), abs=0.03)

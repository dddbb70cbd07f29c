"""Fresh rollouts on a model whose every move is known: they say what is true, and stop where that is clear."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.pts_exact import draw_solutions, table_runner
from benchmarks.tabular import Tabular, true_moves
from hornbook.base.workspace import Workspace
from hornbook.pts.branch_points import Chain
from hornbook.pts.confirmation import Confirmation, confirm
from hornbook.pts.rollout_pools import Pools
from hornbook.pts.settings import PtsSettings
from hornbook.pts.types import Finding

MOST = 60


def claim(number: int, place: int, delta: float) -> Finding:
    return Finding(number, place, place + 1, 0.5, 0.5, 1, 1, delta, -1.0, 1.0, 0.1, False, [])


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[float, float, Confirmation]]:
    """What was claimed of every token that can move p(success), how far it moves it, and the verdict."""
    folder = tmp_path_factory.mktemp("confirming")
    model = Tabular(4)
    runner = table_runner(model, folder / "journal", 4)
    solutions = draw_solutions(runner)
    chains = [Chain(runner.cases[s.case].question.id, s, list(range(len(s.tokens) + 1)), 0.2) for s in solutions]
    moves = [true_moves(model, runner.cases[s.case].prompt[1], s.tokens) for s in solutions]
    claims = [
        claim(number, chain.nodes[index].start, sign)
        for number, chain in enumerate(chains)
        for index in chain.branch_points()
        for sign in (0.3, -0.3)
    ]
    work = Workspace(folder, name="confirm", seed=4)
    verdicts = confirm(PtsSettings(confirm=MOST), work, chains, claims, Pools(runner, 4, "fresh"))
    return [(c.delta, float(moves[c.solution][c.start]), verdict) for c, verdict in zip(claims, verdicts, strict=True)]


def test_what_holds_is_what_is_true(settled: list[tuple[float, float, Confirmation]]) -> None:
    clear = [
        (said * move > 0, abs(move), verdict.holds) for said, move, verdict in settled if abs(abs(move) - 0.2) > 0.1
    ]
    assert len(clear) > 100
    assert np.mean([holds == (agrees and size > 0.2) for agrees, size, holds in clear]) >= 0.97


def test_the_interval_covers_the_true_move(settled: list[tuple[float, float, Confirmation]]) -> None:
    inside = [verdict.low - 1e-9 <= move <= verdict.high + 1e-9 for _, move, verdict in settled]
    assert np.mean(inside) >= 0.9
    assert all(verdict.low <= verdict.delta <= verdict.high for _, _, verdict in settled)


def test_clear_cases_stop_early(settled: list[tuple[float, float, Confirmation]]) -> None:
    assert all(0 < verdict.n <= MOST for _, _, verdict in settled)
    large = [verdict.n for said, move, verdict in settled if said * move > 0 and abs(move) > 0.5]
    against = [verdict.n for said, move, verdict in settled if said * move < -0.1]
    assert large and np.mean(large) <= MOST / 3
    assert against and np.mean(against) <= MOST / 3


def test_a_token_that_the_model_is_sure_of_is_not_asked_about(tmp_path: Path) -> None:
    model = Tabular(4)
    runner = table_runner(model, tmp_path / "journal", 4)
    solution = draw_solutions(runner)[0]
    chain = Chain("q", solution, list(range(len(solution.tokens) + 1)), 0.2)
    sure = int(chain.stay_T.argmax())
    before = runner.tokens
    work = Workspace(tmp_path, name="confirm", seed=4)
    (verdict,) = confirm(PtsSettings(confirm=MOST), work, [chain], [claim(0, sure, 0.9)], Pools(runner, 4, "fresh"))
    assert (verdict.holds, verdict.n) == (False, 0) and runner.tokens == before
    assert verdict.high <= 0.2


def test_fresh_rollouts_are_none_of_the_search(tmp_path: Path) -> None:
    model = Tabular(4)
    runner = table_runner(model, tmp_path / "journal", 4)
    solution = draw_solutions(runner)[0]
    chain = Chain("q", solution, list(range(len(solution.tokens) + 1)), 0.2)
    branch = chain.branches[chain.branch_points()[0]]
    for stream in ("search", "fresh"):
        Pools(runner, 4, stream).extend({branch: 20}, {branch: chain})
    keys = [(task.prefix, task.stream, task.number) for task, _ in runner.made]
    assert len(keys) == len(set(keys))

"""The arithmetic behind the figures of the pivotal search: F1, tokens at equal F1, confirmed pivots, the truth."""

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.harness import write_claims
from benchmarks.pts_confirm import Cost, Referee, confirms, costs_compared, each, sides
from benchmarks.pts_exact import draw_solutions, table_runner
from benchmarks.pts_f1 import Point, Tally, claim, f1, summary, tokens_at
from benchmarks.pts_peer import Claimed
from benchmarks.pts_questions import word_problem
from benchmarks.pts_truth import Truth, measure, rollouts_needed
from benchmarks.pts_worlds import JUMP, OPEN_SHARE, QUICK_WAYS, Bill, total
from benchmarks.pts_worlds import claim as worlds_claim
from benchmarks.searches import search_positions, tokens
from benchmarks.tabular import Tabular
from hornbook.base.files import read_json
from hornbook.oracles.number import parse_number
from hornbook.pts.rollout_pools import Pools
from hornbook.pts.screening import choose_solutions, root
from hornbook.pts.search import make_chains
from hornbook.pts.settings import PtsSettings
from hornbook.pts.types import Solution


def test_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    precision, recall = 3 / 4, 3 / 5
    assert f1(3, 1, 2) == pytest.approx(2 * precision * recall / (precision + recall))
    assert f1(0, 0, 3) == 0
    assert f1(0, 0, 0) == 1


def test_tokens_at_equal_f1_are_read_between_settings_in_the_logarithm() -> None:
    curve = [Point(100, 0.2), Point(10_000, 0.6)]
    assert tokens_at(curve, 0.4) == pytest.approx(1000)
    assert tokens_at(curve, 0.6) == pytest.approx(10_000)


def test_no_f1_is_extrapolated() -> None:
    curve = [Point(10_000, 0.6), Point(100, 0.2)]
    assert tokens_at(curve, 0.1) == 100
    assert tokens_at(curve, 0.7) == math.inf
    assert tokens_at([], 0.1) == math.inf


def test_paying_more_for_less_counts_as_the_cheaper_setting() -> None:
    curve = [Point(100, 0.5), Point(1000, 0.3), Point(10_000, 0.6)]
    assert tokens_at(curve, 0.5) == 100
    assert 100 < tokens_at(curve, 0.55) < 10_000


@given(
    points=st.lists(st.builds(Point, st.floats(1, 1e6), st.floats(0, 1)), min_size=1, max_size=6),
    a=st.floats(0, 1),
    b=st.floats(0, 1),
)
def test_a_higher_f1_never_costs_less(points: list[Point], a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert tokens_at(points, low) <= tokens_at(points, high) * (1 + 1e-9)


def tally(name: str, hits: int, false: int, missed: int, tokens: int, solutions: int = 10) -> Tally:
    def of(value: int) -> np.ndarray:
        return np.full((2, solutions), value)

    return Tally(name, of(hits), of(false), of(missed), of(tokens))


def test_the_claim_compares_tokens_at_the_peers_f1() -> None:
    ours = [tally("adaptive", 0, 0, 2, 10), tally("adaptive", 2, 0, 0, 1000)]
    peer = tally("subdivide", 1, 1, 1, 1000)  # F1 of one half
    assert summary(peer) == Point(10_000, 0.5)
    made = claim(peer, ours, 0)
    assert made.ours == pytest.approx(1000)
    assert (made.ratio, made.low, made.high) == pytest.approx((10, 10, 10))
    assert made.met
    assert not claim(peer, ours[:1], 0).met


def test_a_pivot_is_confirmed_by_its_sign_and_its_size() -> None:
    assert confirms(0.5, 0.2)
    assert confirms(-0.5, 0.5 - 0.7)
    assert not confirms(0.5, -0.4)
    assert not confirms(0.5, 0.19)


def test_costs_are_per_confirmed_pivot() -> None:
    ours = Cost(questions=24, searched=8, tokens=4000, claimed=41, confirmed=40)
    peer = Cost(questions=24, searched=7, tokens=10_000, claimed=20, confirmed=10)
    tokens, share = costs_compared(ours, peer, 0)
    assert (tokens.ours, tokens.peer, tokens.ratio, tokens.met) == (100, 1000, 10, True)
    assert tokens.low and tokens.high and tokens.low < 10 < tokens.high
    assert share.ours == pytest.approx(40 / 41)
    assert share.met


def test_no_confirmed_pivot_costs_without_bound() -> None:
    assert each(1000, 0) == math.inf
    nothing = Cost(questions=1, searched=1, tokens=100, claimed=0, confirmed=0)
    some = Cost(questions=1, searched=1, tokens=100, claimed=2, confirmed=1)
    assert not any(made.met for made in costs_compared(nothing, some, 0))
    assert costs_compared(some, nothing, 0)[0].met


@given(n=st.integers(64, 2000), share=st.floats(0, 1))
def test_a_boundary_gets_enough_rollouts_for_its_standard_error(n: int, share: float) -> None:
    needed = rollouts_needed(round(share * n), n, 0.03)
    assert needed <= math.ceil(0.25 / 0.03**2)
    p = (round(share * n) + 2) / (n + 4)
    assert math.sqrt(p * (1 - p) / needed) <= 0.03


def test_true_pivots_are_the_moves_of_the_gap_and_more() -> None:
    truth = Truth(Solution(0, (1, 2, 3), [0.0] * 3, True), [0.5, 0.7, 0.6, 1.0])
    assert truth.pivots(0.2) == {0, 2}


def test_the_measured_truth_is_near_the_exact_one(tmp_path: Path) -> None:
    model = Tabular(3, length=6)
    runner = table_runner(model, tmp_path / "journal", 0)
    solutions = draw_solutions(runner)[:3]
    for truth in measure(runner, solutions, 0.03):
        start = runner.cases[truth.solution.case].prompt[1]
        exact = [model.p_success(start, truth.solution.tokens[:at]) for at in range(len(truth.p))]
        assert np.abs(np.array(truth.p) - exact).max() < 0.15
        assert truth.p[-1] == truth.solution.success


@pytest.mark.parametrize(("kind", "options"), [("subdivide", {"rollouts": 10}), ("adaptive", {})])
def test_a_search_says_what_it_sampled_for_each_solution(kind: str, options: dict[str, int], tmp_path: Path) -> None:
    runner = table_runner(Tabular(3, length=8), tmp_path / "journal", 0)
    solutions = draw_solutions(runner)[:4]
    before = runner.tokens
    moves, sampled = search_positions(kind, solutions, runner, p_gap=0.2, **options)
    assert sum(sampled) == runner.tokens - before > 0
    for solution, found in zip(solutions, moves, strict=True):
        assert all(0 <= position < len(solution.tokens) and move for position, move in found.items())


def test_word_problems_hold_their_answer_in_their_numbers() -> None:
    for number in range(12):
        story, answer = word_problem(0, number)
        assert story == word_problem(0, number)[0]
        assert parse_number(answer) is not None
        assert "{" not in story


@pytest.mark.parametrize("per_question", [1, 3])
def test_the_other_rollouts_of_the_screening_count_once_where_they_leave(per_question: int, tmp_path: Path) -> None:
    runner = table_runner(Tabular(3, length=8), tmp_path / "journal", 0)
    pools = Pools(runner, 0)
    pools.extend({root(case): 30 for case in range(4)}, {})
    sampled = runner.tokens
    solutions = choose_solutions(list(range(4)), pools, per_question)
    chains = make_chains(solutions, [tokens(solution) for solution in solutions], pools, PtsSettings())
    assert runner.tokens == sampled
    assert [solution.case for solution in solutions] == [case for case in range(4) for _ in range(per_question)]
    for chain in chains:
        made = pools.of(root(chain.solution.case))
        other = sum(tuple(outcome.tokens) != chain.solution.tokens for outcome in made)
        assert sum(len(pools.of(branch)) for branch in chain.branches) == other > 0


def test_a_search_that_sampled_nothing_is_read_as_one_token() -> None:
    assert tokens_at([Point(0, 0.0), Point(100, 0.5)], 0.25) == pytest.approx(10)
    nothing = tally("subdivide", 0, 0, 2, 0)
    made = claim(nothing, [tally("adaptive", 0, 0, 2, 0), tally("adaptive", 2, 0, 0, 100)], 0)
    assert (made.ratio, made.met) == (None, False)  # nothing was found that could be reached
    assert claim(
        tally("subdivide", 1, 0, 1, 1000), [tally("adaptive", 0, 0, 2, 0), tally("adaptive", 2, 0, 0, 100)], 0
    ).met


@pytest.fixture(scope="module")
def bills() -> dict[str, Bill]:
    world = Tabular(900, open_share=OPEN_SHARE, jump=JUMP, states=40, all_starts=True)
    return {way.name: total(way, [world], 0) for way in QUICK_WAYS}


def test_all_in_counts_the_questions_that_are_set_aside(bills: dict[str, Bill]) -> None:
    for bill in bills.values():
        assert bill.questions == 40 and 0 < bill.searched < 40
        assert bill.tokens >= 4 * 41 * 40  # at least four rollouts of every question
        assert 0 < bill.true <= bill.claimed


def test_four_rollouts_and_a_budget_are_far_cheaper_than_figure_4(bills: dict[str, Bill]) -> None:
    peer, ours = bills.values()
    assert ours.price <= peer.price / 3
    assert ours.true >= 0.85 * ours.claimed


@pytest.mark.parametrize(("claimed", "fresh", "doubt"), [(0.6, 0.7, False), (0.6, 0.2, True), (0.6, -0.5, False)])
def test_fresh_rollouts_end_where_they_leave_no_doubt(claimed: float, fresh: float, doubt: bool) -> None:
    one = Claimed(0, (1, 2, 3), 1, claimed)
    referee = Referee([one], cast(Any, SimpleNamespace(judge=lambda asked: [], cases=[])), {9})
    before, after = sides(one)
    referee.seen = {before: [True] * 6 + [False] * 34, after: [True] * round(6 + 40 * fresh) + [False] * 40}
    referee.seen[after] = referee.seen[after][:40]
    assert referee.in_doubt(one) == doubt


def test_the_claim_of_the_worlds_can_be_written(bills: dict[str, Bill], tmp_path: Path) -> None:
    peer, ours = bills.values()
    write_claims(tmp_path / "claims.json", [worlds_claim(ours, peer, 0)])
    (made,) = read_json(tmp_path / "claims.json")["claims"]
    assert made["ours"] == pytest.approx(ours.price) and made["low"] < made["ratio"] < made["high"]

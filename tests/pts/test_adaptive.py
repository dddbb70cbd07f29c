"""The adaptive search against a model whose every p(success) is known exactly."""

import math
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.pts_exact import draw_solutions, share, table_runner, tally
from benchmarks.tabular import Tabular, true_moves
from hornbook.pts.adaptive import BUDGET_IN_SOLUTIONS, BranchPoint, adaptive, budget, next_rollouts
from hornbook.pts.branch_points import Chain
from hornbook.pts.confidence_sequence import MovePosterior
from hornbook.pts.posterior import ChainPosterior
from hornbook.pts.rollout_pools import PooledSample, Pools
from hornbook.pts.settings import PtsSettings
from hornbook.pts.types import Prefix, Solution, continuations


def chain_of(seed: int, p_gap: float = 0.2) -> tuple[Tabular, int, Chain, Pools]:
    model = Tabular(seed, length=12)
    runner = table_runner(model, Path(mkdtemp()) / "journal", seed)
    solution = draw_solutions(runner)[0]
    chain = Chain("q", solution, list(range(len(solution.tokens) + 1)), p_gap)
    return model, runner.cases[0].prompt[1], chain, Pools(runner, seed)


def off_value(model: Tabular, start: int, solution: Solution, place: int) -> float:
    """Success of rollouts that leave the solution at `place`, exactly."""
    if place >= model.length:
        return 0.0
    state = model.state(start, solution.tokens[:place])
    probs_V = model.probs_TSV[place, state].copy()
    probs_V[solution.tokens[place]] = 0
    after_V = model.value_TS[place + 1][model.next_TSV[place, state]]
    return float((probs_V / probs_V.sum()) @ after_V) if probs_V.sum() else 0.0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 200))
def test_the_chain_tells_p_exactly_when_the_branches_are_known(seed: int) -> None:
    model, start, chain, _ = chain_of(seed)
    solution = chain.solution
    for after in range(-1, len(chain.nodes)):
        leaves = chain.divergence(after)
        assert leaves.sum() == pytest.approx(1)
        values = []
        for node in chain.nodes[after + 1 :]:
            stay = chain.stay_T[node.start : node.end]
            leave = np.concatenate([[1.0], stay[:-1].cumprod()]) * (1 - stay)
            offs = [off_value(model, start, solution, place) for place in range(node.start, node.end)]
            values.append(float(leave @ offs / leave.sum()) if leave.sum() > 0 else 0.0)
        end = chain.nodes[after].end if after >= 0 else 0
        truth = model.p_success(start, solution.tokens[:end])
        assert leaves @ [*values, float(solution.success)] == pytest.approx(truth, abs=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 200), st.floats(0.05, 0.9))
def test_no_pivot_lies_outside_the_forks(seed: int, p_gap: float) -> None:
    model, start, chain, _ = chain_of(seed, p_gap)
    moves = true_moves(model, start, chain.solution.tokens)
    branch_points = {chain.nodes[index].start for index in chain.branch_points()}
    assert set(np.flatnonzero(np.abs(moves) >= p_gap + 1e-4)) <= branch_points
    assert [place for node in chain.nodes for place in range(node.start, node.end)] == list(range(len(moves)))


def test_the_curve_covers_the_truth() -> None:
    model = Tabular(7)
    runner = table_runner(model, Path(mkdtemp()) / "journal", 7)
    solutions = draw_solutions(runner)
    chains = [Chain(runner.cases[s.case].question.id, s, list(range(len(s.tokens) + 1)), 0.2) for s in solutions]
    curves = adaptive(chains, Pools(runner, 7), PtsSettings(question_tokens=0), 7, 256).curves
    inside = []
    for solution, points in zip(solutions, curves, strict=True):
        assert [point.position for point in points] == list(range(len(solution.tokens) + 1))
        assert points[-1].low == points[-1].p == points[-1].high == float(solution.success)
        start = runner.cases[solution.case].prompt[1]
        for point in points[:-1]:
            assert 0 <= point.low <= point.p <= point.high <= 1
            inside.append(point.low - 1e-9 <= model.p_success(start, solution.tokens[: point.position]) <= point.high)
    assert len(inside) > 500 and np.mean(inside) >= 0.93


def test_a_stream_is_a_fair_sample_from_where_it_begins() -> None:
    model, start, chain, pools = chain_of(3)
    branches = dict.fromkeys(chain.branches, 150)
    pools.extend(branches, dict.fromkeys(chain.branches, chain))
    misses = 0
    for after in range(-1, len(chain.nodes)):
        stream = PooledSample(chain, after, pools, seed=1, most=120)
        stream.advance()
        end = chain.nodes[after].end if after >= 0 else 0
        p = model.p_success(start, chain.solution.tokens[:end])
        assert stream.n == 120
        misses += abs(stream.right / stream.n - p) > 2.5 * (p * (1 - p) / stream.n) ** 0.5 + 1e-9
    assert misses <= 1


def test_a_stream_waits_for_what_is_missing_and_takes_each_rollout_once() -> None:
    _, _, chain, pools = chain_of(3)
    stream = PooledSample(chain, -1, pools, seed=1, most=40)
    stream.advance()
    while stream.n < 40:
        needs = stream.missing(3)
        assert needs and len(needs) == len(set(needs))
        pools.extend(dict(needs), dict.fromkeys(chain.branches, chain))
        before = stream.n
        stream.advance()
        assert stream.n > before
    assert not stream.missing(1)
    used = sum(int(node < len(chain.nodes)) for node in stream.node_M)
    assert used == sum(len(pools.of(branch)) for branch in chain.branches)


def test_rollouts_from_the_prompt_are_used_where_they_leave() -> None:
    _, _, chain, pools = chain_of(5)
    root = continuations(Prefix(0, ()))
    pools.extend({root: 60}, {})
    sampled = pools.runner.tokens
    pools.reuse([chain], pools.of(root))
    assert pools.runner.tokens == sampled
    used = sum(len(pools.of(branch)) for branch in chain.branches)
    same = sum(tuple(outcome.tokens) == chain.solution.tokens for outcome in pools.of(root))
    assert used == 60 - same
    for branch in chain.branches:
        for place, outcome in zip(pools.positions.get(branch, []), pools.of(branch), strict=True):
            assert branch.start <= place < len(branch.along.tokens)
            assert outcome.tokens[0] != chain.solution.tokens[place]


def test_a_budget_goes_to_what_is_near_a_decision() -> None:
    """A branch_point that will be reported as it is waits; without a budget the surest is settled first."""
    _, _, chain, pools = chain_of(5)
    posterior = ChainPosterior(chain, pools, 0.2)
    limited, none = PtsSettings(), PtsSettings(question_tokens=0)
    branch_points = [BranchPoint(0, posterior, index, 0, none) for index in chain.branch_points()[:3]]
    for branch_point, moves in zip(branch_points, (0.3, 0.97, 0.8), strict=True):
        posterior.move[branch_point.index] = MovePosterior(moves, 0.0, 0.0)
        branch_point.cost = 10

    def served(settings: PtsSettings) -> list[int]:
        wave = next_rollouts(branch_points, pools, settings, 1)
        return [
            number
            for number, branch_point in enumerate(branch_points)
            if next_rollouts([branch_point], pools, settings, 1) == wave
        ]

    assert served(none) == [1]
    assert served(limited) == [2]


@pytest.mark.parametrize(("open_share", "jump"), [(0.3, 0.25), (0.1, 0.3)])
def test_few_reports_are_false_and_few_large_pivots_are_missed(open_share: float, jump: float) -> None:
    """All of the testbed, beside the other search, is in `python -m benchmarks.pts --part truth`."""
    tables = [Tabular(seed, 40, open_share, jump) for seed in range(2)]
    found = tally("adaptive", {"error_rate": 0.1}, tables, 0)
    assert found.positions >= 900 and found.said >= 15
    assert found.false <= 0.1 * found.said + 2 * (0.1 * 0.9 * found.said) ** 0.5
    assert found.large_found >= 0.9 * found.large - 1
    assert share(found.cancelling_found, found.cancelling) >= 0.8 or not found.cancelling


def test_proof_reports_nothing_false() -> None:
    found = tally("adaptive", {"proof": True, "max_rollouts": 256}, [Tabular(1, 40, 0.1, 0.3)], 0)
    assert found.said >= 3 and found.false == 0


def test_a_certain_model_is_asked_nothing() -> None:
    model = Tabular(0, open_share=0.0)
    runner = table_runner(model, Path(mkdtemp()) / "journal", 0)
    for solution in draw_solutions(runner):
        assert not any(Chain("q", solution, list(range(len(solution.tokens) + 1)), 0.2).branch_points())


BUDGETS = [  # settings, tokens sampled before, the tokens at which the search ends: chains of 13 tokens, one question
    ({"question_tokens": 0}, 500, math.inf),
    ({"question_tokens": 120}, 500, 620),
    ({}, 500, 500 + BUDGET_IN_SOLUTIONS * 13),
    ({"max_tokens": 550}, 500, 550),
    ({"max_tokens": 400}, 500, 400),
    ({"max_tokens": 9000, "question_tokens": 100}, 500, 600),
]


@pytest.mark.parametrize(("given", "sampled", "end"), BUDGETS)
def test_the_least_budget_ends_the_search(given: dict[str, int], sampled: int, end: float) -> None:
    _, _, chain, _ = chain_of(3)
    assert budget(PtsSettings(**given), [chain, chain], sampled) == end

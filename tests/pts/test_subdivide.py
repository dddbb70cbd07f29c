"""Figure 4: the binary search finds every pivot where p(success) is monotone, and asks for little else."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hornbook.pts.subdivide import Segment, split, subdivide
from hornbook.pts.types import Prefix, Solution


def solution(logprobs: list[float], case: int = 0) -> Solution:
    return Solution(case, tuple(range(len(logprobs))), logprobs, True)


def each_token(solutions: list[Solution]) -> list[list[int]]:
    return [list(range(len(solution.tokens) + 1)) for solution in solutions]


steps = st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.05, 0.1, 0.2, 0.3]), min_size=1, max_size=40)


@given(st.lists(steps, min_size=1, max_size=4), st.integers(0, 1000))
def test_finds_every_pivot_of_monotone_curves_and_nothing_else(moves: list[list[float]], seed: int) -> None:
    choose = np.random.default_rng(seed)
    solutions = [solution(list(-choose.exponential(size=len(m))), case) for case, m in enumerate(moves)]
    curves = [np.concatenate([[0.0], np.cumsum(m)]) for m in moves]

    def estimate(prefixes: list[Prefix]) -> list[float]:
        return [float(curves[prefix.case][len(prefix.tokens)]) for prefix in prefixes]

    found = subdivide(solutions, each_token(solutions), estimate, 0.2)
    assert found == [[place for place, move in enumerate(m) if move >= 0.2] for m in moves]


def test_opposite_moves_that_cancel_in_one_segment_are_missed() -> None:
    curve = [0.5, 0.5, 0.9, 0.5, 0.5]
    found = subdivide(
        [solution([-1.0] * 4)], [[0, 1, 2, 3, 4]], lambda asked: [curve[len(p.tokens)] for p in asked], 0.2
    )
    assert found == [[]]


def test_one_pivot_in_a_long_solution_takes_few_estimates() -> None:
    curve = [0.3] * 100 + [0.9] * 157
    asked: set[int] = set()

    def estimate(prefixes: list[Prefix]) -> list[float]:
        asked.update(len(prefix.tokens) for prefix in prefixes)
        return [curve[len(prefix.tokens)] for prefix in prefixes]

    assert subdivide([solution([-0.5] * 256)], [list(range(257))], estimate, 0.2) == [[99]]
    assert len(asked) <= 2 + 8


def test_units_of_several_tokens_are_not_split() -> None:
    curve = [0.2, 0.2, 0.6, 0.9, 0.9]
    cuts = [[0, 1, 3, 4]]
    found = subdivide([solution([-1.0] * 4)], cuts, lambda asked: [curve[len(p.tokens)] for p in asked], 0.2)
    assert found == [[1]]


@given(st.lists(st.floats(-20, 0), min_size=2, max_size=60), st.integers(0, 3))
def test_split_is_where_half_of_the_log_probability_is_spent(logprobs: list[float], start: int) -> None:
    start = min(start, len(logprobs) - 2)
    spent = [0.0, *np.cumsum(logprobs).tolist()]
    left, right = split(Segment(0, start, len(logprobs)), spent)
    assert (left.start, left.end, right.end) == (start, right.start, len(logprobs))
    assert left.end > left.start and right.end > right.start
    half = sum(logprobs[start:]) / 2
    best = min(abs(sum(logprobs[start:place]) - half) for place in range(start + 1, len(logprobs)))
    assert abs(abs(sum(logprobs[start : left.end]) - half) - best) < 1e-6


def test_split_of_certain_tokens_is_in_the_middle() -> None:
    assert split(Segment(0, 2, 12), [0.0] * 21)[0] == Segment(0, 2, 7)

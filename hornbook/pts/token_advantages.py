"""Token advantages: how much each token of a solution changes p(success), for trainers that weight single tokens."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import hypot
from typing import Any

from hornbook.base.records import Pivot
from hornbook.pts.records import Point, SearchedSolution


def advantage_rows(solutions: Sequence[SearchedSolution], pivots: Sequence[Pivot]) -> Iterator[dict[str, Any]]:
    """A row for each solution: its ids, and four numbers for each of its tokens.

    `advantages` is p(success) after the token minus before it, and `low` to `high` its 95 % interval: the pivot's where
    the token is a pivot, otherwise that of the difference of both estimates, taken as independent (they share rollouts,
    so it is conservative). Where the search has only one estimate for several tokens, each gets an equal share, and
    `spans` is how many share it. The advantages of a solution add up to its verdict minus p(success) at its beginning,
    except where pivots were confirmed with fresh rollouts.
    """
    found = {(pivot.solution, pivot.position): pivot for pivot in pivots}
    for solution in solutions:
        moves = list(_moves(solution, found))
        yield {
            "id": solution.id,
            "question_id": solution.question,
            "task": solution.task,
            "prompt_ids": solution.prompt_tokens,
            "completion_ids": solution.solution_tokens,
            "success": solution.verdict,
            "p_start": solution.estimates[0].p if solution.estimates else None,
            "advantages": [move[0] for move in moves],
            "low": [move[1] for move in moves],
            "high": [move[2] for move in moves],
            "spans": [move[3] for move in moves],
        }


def point_difference(before: Point, after: Point) -> tuple[float, float, float]:
    """p after minus before, with Newcombe's interval, computed from the two intervals."""
    delta = after.p - before.p
    low = delta - hypot(after.p - after.low, before.high - before.p)
    return delta, max(-1.0, low), min(1.0, delta + hypot(after.high - after.p, before.p - before.low))


def _moves(
    solution: SearchedSolution, pivots: dict[tuple[str, int], Pivot]
) -> Iterator[tuple[float, float, float, int]]:
    """(move, low, high, tokens that share it) for each token; (0, -1, 1, 0) for tokens outside the estimates."""
    points = sorted(solution.estimates, key=lambda point: point.position)
    size = len(solution.solution_tokens)
    yield from [(0.0, -1.0, 1.0, 0)] * (points[0].position if points else size)
    for before, after in pairwise(points):
        tokens = after.position - before.position
        pivot = pivots.get((solution.id, before.position))
        own = pivot is not None and pivot.length == tokens
        delta, low, high = (
            (pivot.delta, pivot.delta_low, pivot.delta_high) if pivot and own else point_difference(before, after)
        )
        yield from [(delta / tokens, low / tokens, high / tokens, tokens)] * tokens
    yield from [(0.0, -1.0, 1.0, 0)] * (size - points[-1].position if points else 0)

"""One way to call every search on solutions that are given, and to count what it sampled."""

from collections.abc import Callable
from typing import Any

from benchmarks.pts_truth import roll
from hornbook.pts.adaptive import adaptive
from hornbook.pts.branch_points import Chain
from hornbook.pts.judged_rollouts import RolloutRunner
from hornbook.pts.rollout_pools import Pools
from hornbook.pts.settings import PtsSettings
from hornbook.pts.subdivide import subdivide
from hornbook.pts.types import Prefix, Solution

Moves = dict[
    int, float
]  # of one solution: position of a token called pivotal -> how far it was seen to move p(success)
Search = Callable[..., list[Moves]]


def search_positions(
    kind: str, solutions: list[Solution], runner: RolloutRunner, **options: Any
) -> tuple[list[Moves], list[int]]:
    """What the search `kind` finds in each solution, and the tokens it sampled for each (one solution a case)."""
    begun = len(runner.made)
    found = SEARCHES[kind](solutions, runner, **options)
    number = {solution.case: index for index, solution in enumerate(solutions)}
    sampled = [0] * len(solutions)
    for task, outcome in runner.made[begun:]:
        sampled[number[task.prefix.case]] += len(outcome.tokens)
    return found, sampled


def by_halves(solutions: list[Solution], runner: RolloutRunner, *, rollouts: int, p_gap: float = 0.2) -> list[Moves]:
    """The report's search, `rollouts` an end. The p of a finished solution is its verdict."""
    p = {solution.prefix(len(solution.tokens)): float(solution.success) for solution in solutions}

    def estimate(prefixes: list[Prefix]) -> list[float]:
        missing = {prefix: range(rollouts) for prefix in prefixes if prefix not in p}
        for prefix, outcomes in roll(runner, missing, "search").items():
            p[prefix] = sum(outcome.success for outcome in outcomes) / rollouts
        return [p[prefix] for prefix in prefixes]

    found = subdivide(solutions, [tokens(solution) for solution in solutions], estimate, p_gap)
    return [
        {at: p[solution.prefix(at + 1)] - p[solution.prefix(at)] for at in positions}
        for solution, positions in zip(solutions, found, strict=True)
    ]


def adaptively(
    solutions: list[Solution], runner: RolloutRunner, *, seed: int = 0, wave: int = 256, **options: Any
) -> list[Moves]:
    """The adaptive search, to its end unless `options` (fields of PtsSettings) give it a budget.

    `wave` rollouts are made together.
    """
    settings = PtsSettings(**{"question_tokens": 0} | options)
    chains = [Chain(runner.cases[s.case].question.id, s, tokens(s), settings.p_gap) for s in solutions]
    moves: list[Moves] = [{} for _ in solutions]
    for finding in adaptive(chains, Pools(runner, seed), settings, seed, wave).findings:
        moves[finding.solution][finding.start] = finding.delta
    return moves


def tokens(solution: Solution) -> list[int]:
    """Cuts that ask about single tokens."""
    return list(range(len(solution.tokens) + 1))


SEARCHES: dict[str, Search] = {"subdivide": by_halves, "adaptive": adaptively}

"""p(success) at every boundary of given solutions, by independent rollouts: what searches are measured against."""

import math
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.harness import tick
from benchmarks.models import Bench
from hornbook.base.errors import HornbookError
from hornbook.base.files import read_json, write_json
from hornbook.base.progress import progress
from hornbook.base.rng import rng
from hornbook.base.settings import digest
from hornbook.inference.settings import Sampling
from hornbook.pts.judged_rollouts import OnDone, RolloutRunner
from hornbook.pts.types import JudgedRollout, Prefix, RolloutTask, Solution

SCREENING = 64  # rollouts that decide whether a question is in range
TOGETHER = 40  # questions screened in one wave, until enough are found
FIRST = 64  # rollouts of a boundary before its number is chosen


class Truth(NamedTuple):
    """A solution and its p(success) [tokens + 1] after each number of tokens; the last is its verdict."""

    solution: Solution
    p: list[float]

    def pivots(self, p_gap: float) -> set[int]:
        """Positions of the tokens that move p(success) by `p_gap` or more."""
        moves = (abs(after - before) for before, after in zip(self.p, self.p[1:], strict=False))
        return {position for position, move in enumerate(moves) if move >= p_gap - 1e-9}


class Kept(msgspec.Struct):
    """A truth on disk."""

    case: int
    tokens: list[int]
    logprobs: list[float]
    success: bool
    p: list[float]


def truths(
    bench: Bench, sampling: Sampling, cache: Path, *, count: int, least_tokens: int, error: float, seed: int
) -> list[Truth]:
    """`count` solutions of questions with 0.2 ≤ p ≤ 0.8, one a question, with p at each boundary.

    The standard error at each boundary is at most `error`. Rollouts go to a journal in `cache` as they are made, so a
    second call (or one after a kill) goes on there; a finished truth is read back.
    """
    questions = [case.question.id for case in bench.cases]
    drawn = [sampling.temperature, sampling.top_p, sampling.top_k, sampling.min_p, sampling.max_new_tokens]
    name = digest([bench.fingerprint, questions, drawn, count, least_tokens, error, seed, SCREENING, FIRST])
    file = cache / f"truth-{name}.json"
    if not file.exists():
        runner = bench.runner(cache / f"truth-{name}.journal", sampling, seed=seed, rows=512)
        solutions = choose(runner, count=count, least_tokens=least_tokens, seed=seed)
        found = measure(runner, solutions, error)
        write_json(file, [keep(truth) for truth in found])
    rows = msgspec.convert(read_json(file), list[Kept])
    return [Truth(Solution(row.case, tuple(row.tokens), row.logprobs, row.success), row.p) for row in rows]


def keep(truth: Truth) -> Kept:
    case, tokens, logprobs, success = truth.solution
    return Kept(case, list(tokens), logprobs, success, truth.p)


def choose(runner: RolloutRunner, *, count: int, least_tokens: int, seed: int) -> list[Solution]:
    """Finished solutions out of the screening rollouts, successes and failures by turns, in a seeded order.

    Raises HornbookError when there are too few.
    """
    order = [int(case) for case in rng(seed, "truth", "questions").permutation(len(runner.cases))]
    chosen: list[Solution] = []
    for start in range(0, len(order), TOGETHER):
        part = order[start : start + TOGETHER]
        with progress("truth: screening", len(part) * SCREENING, "rollouts") as bar:
            made = roll(runner, {Prefix(case, ()): range(SCREENING) for case in part}, "screening", tick(bar))
        for case in part:
            outcomes = made[Prefix(case, ())]
            if not 0.2 <= sum(outcome.success for outcome in outcomes) / SCREENING <= 0.8:
                continue
            wanted = len(chosen) % 2 == 0
            long = [o for o in outcomes if o.finish == "stop" and len(o.tokens) >= least_tokens and o.success == wanted]
            if long:
                chosen.append(Solution(case, tuple(long[0].tokens), long[0].logprobs, wanted))
            if len(chosen) == count:
                return chosen
    raise HornbookError(
        f"only {len(chosen)} questions with p(success) between 0.2 and 0.8 have a solution of {least_tokens} tokens; "
        f"{count} are needed: give a model that solves more of its questions sometimes"
    )


def measure(runner: RolloutRunner, solutions: list[Solution], error: float) -> list[Truth]:
    """p(success) before each token to a standard error of at most `error`, and the verdict at the end.

    A first wave says how many rollouts a boundary needs; waves follow until each has that many.
    """
    ends = [solution.prefix(position) for solution in solutions for position in range(len(solution.tokens))]
    made: dict[Prefix, list[JudgedRollout]] = {prefix: [] for prefix in ends}
    wave = dict.fromkeys(ends, range(FIRST))
    while wave:
        with progress("truth: boundaries", sum(map(len, wave.values())), "rollouts") as bar:
            for prefix, outcomes in roll(runner, wave, "truth", tick(bar)).items():
                made[prefix] += outcomes
        wave = {}
        for prefix, outcomes in made.items():
            needed = rollouts_needed(sum(outcome.success for outcome in outcomes), len(outcomes), error)
            if needed > len(outcomes):
                wave[prefix] = range(len(outcomes), needed)
    found = []
    for solution in solutions:
        at = [made[solution.prefix(position)] for position in range(len(solution.tokens))]
        p = [sum(outcome.success for outcome in outcomes) / len(outcomes) for outcomes in at]
        found.append(Truth(solution, [*p, float(solution.success)]))
    return found


def rollouts_needed(successes: int, n: int, error: float) -> int:
    """Rollouts after which a share like this one has a standard error of `error`.

    The share is drawn a little towards one half (Agresti and Coull), so that a streak does not pass for certainty.
    """
    p = (successes + 2) / (n + 4)
    return math.ceil(p * (1 - p) / error**2)


def roll(
    runner: RolloutRunner, wanted: dict[Prefix, range], stream: str, on_done: OnDone | None = None
) -> dict[Prefix, list[JudgedRollout]]:
    """The rollouts of these numbers from each prefix, in one call."""
    wave = [RolloutTask(prefix, stream, number) for prefix, numbers in wanted.items() for number in numbers]
    made: dict[Prefix, list[JudgedRollout]] = {prefix: [] for prefix in wanted}
    for task, outcome in zip(wave, runner.run(wave, on_done), strict=True):
        made[task.prefix].append(outcome)
    return made

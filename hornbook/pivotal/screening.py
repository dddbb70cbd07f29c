"""Which questions are worth a search: those solved sometimes, but not always (report §4.3: 0.2 to 0.8)."""

from functools import cache

import numpy as np

from hornbook.base.errors import HornbookError
from hornbook.base.workspace import Workspace
from hornbook.pivotal.estimates import wilson
from hornbook.pivotal.evidence import GRID, likelihood
from hornbook.pivotal.outcomes import Branch, Outcome, Prefix, Solution, onward
from hornbook.pivotal.pools import Pools
from hornbook.pivotal.records import Difficulty
from hornbook.pivotal.settings import PtsSettings

STEP = 4  # rollouts between two looks at a question
HISTOGRAM_BINS = 10


def screen(settings: PtsSettings, work: Workspace, pools: Pools) -> list[int]:
    """The cases with p_low ≤ p(success) ≤ p_high.

    A question is sampled until one side is believed at the error rate, or has had `screening` rollouts.
    Raises HornbookError when none is in range.
    """
    roots = [root(case) for case in range(len(pools.trials.cases))]
    undecided = roots
    with work.progress("screening", len(roots), "questions") as bar:
        while undecided:
            wanted = {branch: min(len(pools.of(branch)) + STEP, settings.screening) for branch in undecided}
            pools.extend(wanted, {}, lambda _: bar.advance(0))
            left = [branch for branch in undecided if not _decided(settings, pools.of(branch))]
            bar.advance(len(undecided) - len(left), f"{pools.trials.tokens:,} tokens")
            undecided = left
    p = [share(pools.of(branch)) for branch in roots]
    bins = [min(int(value * HISTOGRAM_BINS), HISTOGRAM_BINS - 1) for value in p]
    kept = [branch.along.case for branch in roots if _chance(settings, pools.of(branch)) >= 0.5]
    work.note("p_histogram", [bins.count(number) for number in range(HISTOGRAM_BINS)])
    work.note("screened", len(p))
    work.note("in_range", len(kept))
    if not kept:
        never, always = sum(value == 0 for value in p), sum(value == 1 for value in p)
        raise HornbookError(
            f"no question has p(success) between {settings.p_low:g} and {settings.p_high:g}: of {len(p)} screened, "
            f"{never} were never solved and {always} always; give easier or harder questions, or widen the range"
        )
    return kept


def root(case: int) -> Branch:
    """Rollouts from the prompt."""
    return onward(Prefix(case, ()))


def _decided(settings: PtsSettings, made: list[Outcome]) -> bool:
    chance = _chance(settings, made)
    return len(made) >= settings.screening or not settings.error_rate < chance < 1 - settings.error_rate


def _chance(settings: PtsSettings, made: list[Outcome]) -> float:
    return in_range(sum(o.success for o in made), len(made), settings.p_low, settings.p_high)


@cache
def in_range(right: int, n: int, low: float, high: float) -> float:
    """Posterior probability that p(success) lies between `low` and `high`, from a prior that expects extremes."""
    inner = GRID[1:-1]
    weight = likelihood(right, n)[1:-1] / np.sqrt(inner * (1 - inner))
    inside = (inner >= low - 1e-9) & (inner <= high + 1e-9)
    return float(weight[inside].sum() / weight.sum())


def share(made: list[Outcome]) -> float:
    """Of successes."""
    return sum(outcome.success for outcome in made) / len(made)


def choose_solutions(cases: list[int], pools: Pools, per_question: int) -> list[Solution]:
    """Finished solutions out of the rollouts already made, successes and failures by turns."""
    chosen: list[Solution] = []
    for turn, case in enumerate(cases):
        distinct = {tuple(o.tokens): o for o in pools.of(root(case)) if o.finish == "stop"}
        sides = [[o for o in distinct.values() if o.success == wanted] for wanted in (True, False)]
        for number in range(per_question):
            side = sides[(turn + number) % 2] or sides[(turn + number + 1) % 2]
            if side:
                outcome = side.pop(0)
                chosen.append(Solution(case, tuple(outcome.tokens), outcome.logprobs, outcome.success))
    return chosen


def difficulties(pools: Pools, kept: list[int], found: dict[int, int]) -> list[Difficulty]:
    """How hard each question is for the model, by its first rollouts; `found` counts pivots by case."""
    rows = []
    for case, (question, _) in enumerate(pools.trials.cases):
        made = pools.of(root(case))
        p, low, high, n = wilson(sum(outcome.success for outcome in made), len(made))
        rows.append(
            Difficulty(
                question=question.id,
                task=question.task,
                p=p,
                low=low,
                high=high,
                n=n,
                in_range=case in kept,
                tokens=sum(len(outcome.tokens) for outcome in made) / n,
                nats=-sum(sum(outcome.logprobs) for outcome in made) / n,
                unfinished=sum(outcome.finish != "stop" for outcome in made) / n,
                pivots=found.get(case, 0),
            )
        )
    return rows

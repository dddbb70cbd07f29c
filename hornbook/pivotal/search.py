"""The search from questions to pairs: screen, choose solutions, find pivots, confirm them, find their opposites."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from hornbook.base.errors import HornbookError
from hornbook.base.records import Pair, Pivot, make_id
from hornbook.base.workspace import Workspace
from hornbook.pivotal.estimates import Estimator, difference
from hornbook.pivotal.outcomes import Case, Prefix, Solution
from hornbook.pivotal.pairs import find_forks, make_pairs
from hornbook.pivotal.records import Point, SearchedSolution
from hornbook.pivotal.settings import PtsSettings
from hornbook.pivotal.subdivide import differ, subdivide
from hornbook.pivotal.trials import Trials

Strings = Callable[[list[int]], list[str]]  # each token as text
HISTOGRAM_BINS = 10


class Found(NamedTuple):
    solutions: list[SearchedSolution]
    pivots: list[Pivot]
    pairs: list[Pair]


def search(settings: PtsSettings, work: Workspace, trials: Trials, strings: Strings) -> Found:
    """Everything that is sampled and found for the cases of `trials`.

    Raises HornbookError when no question has p(success) within range.
    """
    settled: dict[Prefix, bool] = {}
    rolls = Estimator(trials, "search", settled)
    fresh = Estimator(trials, "fresh", settled)
    cases = screen(settings, work, rolls)
    solutions = choose_solutions(cases, rolls, settings.solutions_per_question)
    records = [_record(solution, trials.cases[solution.case], strings) for solution in solutions]
    positions = _find(settings, work, solutions, rolls)
    places = [(number, position) for number, found in enumerate(positions) for position in found]
    confirm(settings, work, solutions, places, fresh)
    pivots: dict[str, tuple[Pivot, Prefix]] = {}  # solutions that begin alike share pivots
    for number, position in places:
        pivot = _pivot(settings, solutions[number], records[number], position, rolls, fresh)
        pivots.setdefault(pivot.id, (pivot, solutions[number].prefix(position)))
    confirmed = [(pivot, before) for pivot, before in pivots.values() if pivot.confirmed or not settings.confirm]
    forks = find_forks(confirmed, rolls, fresh)
    gather(work, "trying opposites", rolls, (end for fork in forks for end in fork.ends()), settings.rollouts)
    pairs = make_pairs(forks, rolls, fresh, settings.p_gap)
    for solution, record in zip(solutions, records, strict=True):
        record.estimates = curve(solution, rolls)
    return Found(records, [pivot for pivot, _ in pivots.values()], pairs)


def gather(work: Workspace, label: str, estimator: Estimator, prefixes: Iterable[Prefix], n: int) -> None:
    """One wave of rollouts, with its progress line."""
    prefixes = list(prefixes)
    with work.progress(label, len(estimator.missing(prefixes, n)), "rollouts") as bar:
        estimator.gather(prefixes, n, bar)


def screen(settings: PtsSettings, work: Workspace, rolls: Estimator) -> list[int]:
    """The cases with p_low ≤ p(success) ≤ p_high, by a first estimate and again by one with all rollouts."""
    everything = [Prefix(number, ()) for number in range(len(rolls.trials.cases))]
    gather(work, "screening", rolls, everything, settings.screening)
    p = [rolls.estimate(prefix).p for prefix in everything]
    bins = [min(int(value * HISTOGRAM_BINS), HISTOGRAM_BINS - 1) for value in p]
    work.note("p_histogram", [bins.count(number) for number in range(HISTOGRAM_BINS)])
    work.note("screened", len(p))
    likely = [prefix for prefix, value in zip(everything, p, strict=True) if _within(settings, value)]
    gather(work, "screening again", rolls, likely, settings.rollouts)
    kept = [prefix.case for prefix in likely if _within(settings, rolls.estimate(prefix).p)]
    work.note("in_range", len(kept))
    if not kept:
        never, always = sum(value == 0 for value in p), sum(value == 1 for value in p)
        raise HornbookError(
            f"no question has p(success) between {settings.p_low:g} and {settings.p_high:g}: of {len(p)} screened, "
            f"{never} were never solved and {always} always; give easier or harder questions, or widen the range"
        )
    return kept


def _within(settings: PtsSettings, p: float) -> bool:
    return settings.p_low - 1e-9 <= p <= settings.p_high + 1e-9


def choose_solutions(cases: list[int], rolls: Estimator, per_question: int) -> list[Solution]:
    """Finished solutions out of the rollouts already made, successes and failures by turns."""
    chosen: list[Solution] = []
    for turn, case in enumerate(cases):
        distinct = {tuple(o.tokens): o for o in rolls.outcomes[Prefix(case, ())] if o.finish == "stop"}
        sides = [[o for o in distinct.values() if o.success == wanted] for wanted in (True, False)]
        for number in range(per_question):
            side = sides[(turn + number) % 2] or sides[(turn + number + 1) % 2]
            if side:
                outcome = side.pop(0)
                chosen.append(Solution(case, tuple(outcome.tokens), outcome.logprobs, outcome.success))
    return chosen


def _find(settings: PtsSettings, work: Workspace, solutions: list[Solution], rolls: Estimator) -> list[list[int]]:
    """Positions of pivotal tokens per solution."""

    def estimate(prefixes: list[Prefix]) -> list[float]:
        gather(work, "searching", rolls, prefixes, settings.rollouts)
        return [rolls.estimate(prefix).p for prefix in prefixes]

    return subdivide(solutions, estimate, settings.p_gap)


def confirm(
    settings: PtsSettings, work: Workspace, solutions: list[Solution], places: list[tuple[int, int]], fresh: Estimator
) -> None:
    """Fresh rollouts on both sides of each pivot: those that selected it flatter it."""
    ends = [solutions[number].prefix(p) for number, position in places for p in (position, position + 1)]
    gather(work, "confirming", fresh, ends, settings.confirm)


def _pivot(
    settings: PtsSettings,
    solution: Solution,
    record: SearchedSolution,
    position: int,
    rolls: Estimator,
    fresh: Estimator,
) -> Pivot:
    ends = solution.prefix(position), solution.prefix(position + 1)
    before, after = (rolls.estimate(end) for end in ends)
    again = fresh if settings.confirm else rolls
    delta, low, high = difference(again.estimate(ends[1]), again.estimate(ends[0]))
    agrees = (delta > 0) == (after.p > before.p) and differ(delta, 0.0, settings.p_gap)
    tokens = str(solution.tokens[: position + 1])
    return Pivot(
        id=make_id("pivot", record.question, str(record.prompt_tokens), tokens),
        parents=[record.question],
        question=record.question,
        solution=record.id,
        prompt_tokens=record.prompt_tokens,
        solution_tokens=record.solution_tokens,
        position=position,
        token=solution.tokens[position],
        p_before=before.p,
        p_after=after.p,
        n_before=before.n,
        n_after=after.n,
        delta=delta,
        delta_low=low,
        delta_high=high,
        n_fresh=settings.confirm,
        confirmed=bool(settings.confirm) and agrees,
    )


def _record(solution: Solution, case: Case, strings: Strings) -> SearchedSolution:
    question = case.question
    return SearchedSolution(
        id=make_id("solution", question.id, str(case.prompt), str(solution.tokens)),
        parents=[question.id],
        question=question.id,
        task=question.task,
        prompt=question.prompt,
        prompt_tokens=case.prompt,
        solution_tokens=list(solution.tokens),
        strings=strings(list(solution.tokens)),
        logprobs=solution.logprobs,
        verdict=solution.success,
        estimates=[],
    )


def curve(solution: Solution, rolls: Estimator) -> list[Point]:
    """p(success) wherever it was estimated along a solution."""
    prefixes = [(position, solution.prefix(position)) for position in range(len(solution.tokens) + 1)]
    return [Point(position, *rolls.estimate(prefix)) for position, prefix in prefixes if rolls.known(prefix)]

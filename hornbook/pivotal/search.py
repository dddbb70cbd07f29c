"""The search from questions to pairs: screen, choose solutions, find pivots, confirm them, find their opposites."""

import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from hornbook.base.progress import Bar
from hornbook.base.records import Pair, Pivot, make_id
from hornbook.base.workspace import Workspace
from hornbook.pivotal.adaptive import State, adaptive
from hornbook.pivotal.chain import Chain
from hornbook.pivotal.estimates import Estimate, difference, known, wilson
from hornbook.pivotal.findings import Finding, Searched
from hornbook.pivotal.outcomes import Case, Solution, onward
from hornbook.pivotal.pairs import Contest, find_pairs
from hornbook.pivotal.pools import Pools
from hornbook.pivotal.records import Difficulty, SearchedSolution
from hornbook.pivotal.screening import choose_solutions, difficulties, root, screen
from hornbook.pivotal.settings import PtsSettings
from hornbook.pivotal.subdivide import differ, search_by_halves
from hornbook.pivotal.trials import OnDone, Trials
from hornbook.pivotal.units import cuts, first_unit

Strings = Callable[[list[int]], list[str]]  # each token as text


class Found(NamedTuple):
    difficulties: list[Difficulty]
    solutions: list[SearchedSolution]
    pivots: list[Pivot]
    pairs: list[Pair]


def search(settings: PtsSettings, work: Workspace, trials: Trials, strings: Strings) -> Found:
    """Everything that is sampled and found for the cases of `trials`.

    Raises HornbookError when no question has p(success) within range.
    """
    pools, fresh = Pools(trials, work.seed), Pools(trials, work.seed, "fresh")
    kept = screen(settings, work, pools)
    solutions = choose_solutions(kept, pools, settings.solutions_per_question)
    units = [cuts(strings(list(solution.tokens)), settings.unit) for solution in solutions]
    if settings.search == "subdivide":
        searched = _subdivide(settings, work, solutions, units, pools)
    else:
        searched = _adaptive(settings, work, solutions, units, pools)
    _confirm(settings, work, solutions, searched.findings, fresh)
    records = [_record(solution, trials.cases[solution.case], strings) for solution in solutions]
    for record, curve in zip(records, searched.curves, strict=True):
        record.estimates = curve
    contests: dict[str, Contest] = {}  # solutions that begin alike share pivots
    for finding in searched.findings:
        solution = solutions[finding.solution]
        pivot = _pivot(settings, solution, records[finding.solution], finding, fresh)
        before = solution.prefix(finding.start)
        contests.setdefault(pivot.id, Contest(pivot, before, *finding.drawn_before, finding.aside))
    worthy = [contest for contest in contests.values() if contest.pivot.confirmed or not settings.confirm]
    again = Pools(trials, work.seed, "before")
    pairs = find_pairs(worthy, pools, again, settings, work, lambda tokens: first_unit(strings(tokens), settings.unit))
    found = Counter(contest.before.case for contest in contests.values())
    return Found(difficulties(pools, kept, found), records, [contest.pivot for contest in contests.values()], pairs)


def _adaptive(
    settings: PtsSettings, work: Workspace, solutions: list[Solution], units: list[list[int]], pools: Pools
) -> Searched:
    chains = make_chains(solutions, units, pools, settings.p_gap)
    with work.progress("searching", sum(len(chain.forks()) for chain in chains), "forks") as bar:
        line = _Line(bar, pools.trials)

        def tell(state: State) -> OnDone:
            return line.on(state.decided, f"{state.pivots} pivots in {len(chains)} solutions")

        return adaptive(chains, pools, settings, work.seed, pools.trials.entry_size, tell)


def make_chains(solutions: list[Solution], units: list[list[int]], pools: Pools, p_gap: float) -> list[Chain]:
    """A chain of each solution, chosen out of the rollouts from its prompt.

    Those made after the last solution of a question tell where they leave the chains, and go into the pools.
    """
    cases = pools.trials.cases
    chains = [Chain(cases[s.case].question.id, s, ends, p_gap) for s, ends in zip(solutions, units, strict=True)]
    alike: dict[int, list[Chain]] = {}  # by question
    for chain in chains:
        alike.setdefault(chain.solution.case, []).append(chain)
    for case, group in alike.items():
        made = pools.of(root(case))
        texts = [tuple(outcome.tokens) for outcome in made]
        last = max(texts.index(chain.solution.tokens) for chain in group)
        pools.reuse(group, made[last + 1 :])
    return chains


def _subdivide(
    settings: PtsSettings, work: Workspace, solutions: list[Solution], units: list[list[int]], pools: Pools
) -> Searched:
    with work.progress("searching", sum(len(ends) - 1 for ends in units), "units") as bar:
        line = _Line(bar, pools.trials)
        return search_by_halves(
            solutions, units, pools, settings, lambda prefixes: line.on(0, f"{prefixes} prefixes at this level")
        )


class _Line:
    """The progress line of a search: how far it is, what it found, tokens a second."""

    def __init__(self, bar: Bar, trials: Trials) -> None:
        self.bar, self.trials = bar, trials
        self.decided, self.tokens, self.began = 0, 0, time.monotonic()

    def on(self, decided: int, found: str) -> OnDone:
        self.bar.advance(decided - self.decided, found)
        self.decided = decided

        def on_done(tokens: int) -> None:
            self.tokens += tokens
            rate = self.tokens / max(1e-9, time.monotonic() - self.began)
            self.bar.advance(0, f"{found}, {rate:,.0f} tokens/s")

        return on_done


def _confirm(
    settings: PtsSettings, work: Workspace, solutions: list[Solution], findings: list[Finding], fresh: Pools
) -> None:
    """Fresh rollouts on both sides of each pivot."""
    places = [(solutions[f.solution], place) for f in findings for place in (f.start, f.end)]
    asked = {onward(s.prefix(place)): settings.confirm for s, place in places if place < len(s.tokens)}
    if settings.confirm:
        with work.progress("confirming", len(asked) * settings.confirm, "rollouts") as bar:
            fresh.extend(asked, {}, lambda _: bar.advance())


def _fresh(solution: Solution, place: int, fresh: Pools) -> Estimate:
    branch = onward(solution.prefix(place))
    return (
        known(solution.success) if place == len(solution.tokens) else wilson(fresh.right(branch), len(fresh.of(branch)))
    )


def _pivot(
    settings: PtsSettings, solution: Solution, record: SearchedSolution, finding: Finding, fresh: Pools
) -> Pivot:
    delta, low, high, confirmed = finding.delta, finding.low, finding.high, finding.proven
    if settings.confirm:
        delta, low, high = difference(_fresh(solution, finding.end, fresh), _fresh(solution, finding.start, fresh))
        confirmed = (delta > 0) == (finding.delta > 0) and differ(delta, 0.0, settings.p_gap)
    return Pivot(
        id=make_id("pivot", record.question, str(record.prompt_tokens), str(solution.tokens[: finding.end])),
        parents=[record.question],
        question=record.question,
        solution=record.id,
        prompt_tokens=record.prompt_tokens,
        solution_tokens=record.solution_tokens,
        position=finding.start,
        token=solution.tokens[finding.start],
        length=finding.end - finding.start,
        p_before=finding.p_before,
        p_after=finding.p_after,
        n_before=finding.n_before,
        n_after=finding.n_after,
        delta=delta,
        delta_low=low,
        delta_high=high,
        error=finding.error,
        n_fresh=settings.confirm,
        confirmed=confirmed,
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

"""The search from questions to pairs: screen, choose solutions, find pivots, confirm them, find their opposites."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from hornbook.base.progress import Bar
from hornbook.base.records import Pair, Pivot, make_id
from hornbook.base.workspace import Workspace
from hornbook.pts.adaptive import SearchProgress, adaptive
from hornbook.pts.branch_points import Chain
from hornbook.pts.confirmation import Confirmation, confirm
from hornbook.pts.difficulty import difficulties
from hornbook.pts.judged_rollouts import OnDone, RolloutRunner
from hornbook.pts.pairs import OppositeSearch, find_pairs
from hornbook.pts.records import Difficulty, SearchedSolution
from hornbook.pts.rollout_pools import Pools
from hornbook.pts.screening import choose_solutions, root, screen
from hornbook.pts.settings import PtsSettings
from hornbook.pts.subdivide import cuts, first_unit, search_by_halves
from hornbook.pts.types import Finding, SearchCase, Searched, Solution

MIN_ROUND = 32  # rollouts
Strings = Callable[[list[int]], list[str]]  # each token as text


class SearchResult(NamedTuple):
    """The records of a search; `spent` is the number of tokens that each step sampled."""

    difficulties: list[Difficulty]
    solutions: list[SearchedSolution]
    pivots: list[Pivot]
    pairs: list[Pair]
    spent: dict[str, int]


def run_search(settings: PtsSettings, work: Workspace, runner: RolloutRunner, strings: Strings) -> SearchResult:
    """Search all cases of `runner`.

    Raises HornbookError when no question has p(success) within range.
    """
    pools, fresh = (Pools(runner, work.seed, stream) for stream in ("search", "fresh"))
    spent = {"screening": 0, "searching": 0, "confirming": 0, "opposites": 0}

    def record_spent(step: str) -> None:
        spent[step] = runner.tokens - sum(spent.values())

    kept = screen(settings, work, pools)
    record_spent("screening")
    solutions = choose_solutions(kept, pools, settings.solutions_per_question)
    units = [cuts(strings(list(solution.tokens)), settings.unit) for solution in solutions]
    chains = make_chains(solutions, units, pools, settings)
    if settings.search == "subdivide":
        searched = _subdivide(settings, work, solutions, units, pools)
    else:
        searched = _adaptive(settings, work, chains, pools)
    record_spent("searching")
    verdicts: Sequence[Confirmation | None] = [None] * len(searched.findings)
    if settings.confirm:
        verdicts = confirm(settings, work, chains, searched.findings, fresh)
    record_spent("confirming")
    records = [_record(solution, runner.cases[solution.case], strings) for solution in solutions]
    for record, curve in zip(records, searched.curves, strict=True):
        record.estimates = curve
    searches: dict[str, OppositeSearch] = {}  # solutions that begin alike share pivots
    for finding, verdict in zip(searched.findings, verdicts, strict=True):
        solution = solutions[finding.solution]
        pivot = _pivot(solution, records[finding.solution], finding, verdict)
        before = solution.prefix(finding.start)
        searches.setdefault(pivot.id, OppositeSearch(pivot, before, finding.aside))
    rows = difficulties(
        settings, pools, _by_case(solutions, searched.starts), Counter(c.before.case for c in searches.values())
    )
    worthy = [
        search
        for search in searches.values()
        if rows[search.before.case].in_range and (search.pivot.confirmed or not settings.confirm)
    ]
    pairs = find_pairs(worthy, pools, settings, work, lambda tokens: first_unit(strings(tokens), settings.unit))
    record_spent("opposites")
    return SearchResult(rows, records, [search.pivot for search in searches.values()], pairs, spent)


def _by_case(solutions: list[Solution], starts: list[np.ndarray]) -> dict[int, list[np.ndarray]]:
    found: dict[int, list[np.ndarray]] = {}
    for solution, start in zip(solutions, starts, strict=True):
        found.setdefault(solution.case, []).append(start)
    return found


def _adaptive(settings: PtsSettings, work: Workspace, chains: list[Chain], pools: Pools) -> Searched:
    with work.progress("searching", sum(len(chain.branch_points()) for chain in chains), "branch points") as bar:
        line = _Line(bar, pools.runner)

        def on_round(state: SearchProgress) -> OnDone:
            return line.on(state.decided, f"{state.pivots} pivots in {len(chains)} solutions")

        return adaptive(chains, pools, settings, work.seed, round_size(chains), on_round)


def round_size(chains: list[Chain]) -> int:
    """Rollouts sampled together: enough to fill a batch, few enough for the results to direct the next round."""
    return max(MIN_ROUND, len({chain.solution.case for chain in chains}))


def make_chains(solutions: list[Solution], units: list[list[int]], pools: Pools, settings: PtsSettings) -> list[Chain]:
    """A chain for each solution, which was chosen from the rollouts from its prompt.

    The other rollouts are added to the pools: all of them for a posterior, which does not depend on how a solution was
    chosen; for a `proof` only those that were sampled after the last solution chosen.
    """
    cases = pools.runner.cases
    chains = [
        Chain(cases[s.case].question.id, s, ends, settings.p_gap) for s, ends in zip(solutions, units, strict=True)
    ]
    alike: dict[int, list[Chain]] = {}  # by question
    for chain in chains:
        alike.setdefault(chain.solution.case, []).append(chain)
    for case, group in alike.items():
        made = pools.of(root(case))
        texts = [tuple(outcome.tokens) for outcome in made]
        last = max(texts.index(chain.solution.tokens) for chain in group)
        pools.reuse(group, made[last + 1 :] if settings.proof else made)
    return chains


def _subdivide(
    settings: PtsSettings, work: Workspace, solutions: list[Solution], units: list[list[int]], pools: Pools
) -> Searched:
    with work.progress("searching", sum(len(ends) - 1 for ends in units), "units") as bar:
        line = _Line(bar, pools.runner)
        return search_by_halves(
            solutions, units, pools, settings, lambda prefixes: line.on(0, f"{prefixes} prefixes at this level")
        )


class _Line:
    """The progress line of a search: points decided, pivots found, tokens per second."""

    def __init__(self, bar: Bar, runner: RolloutRunner) -> None:
        self.bar, self.runner = bar, runner
        self.decided, self.tokens, self.began = 0, 0, time.monotonic()

    def on(self, decided: int, found: str) -> OnDone:
        self.bar.advance(decided - self.decided, found)
        self.decided = decided

        def on_done(tokens: int) -> None:
            self.tokens += tokens
            rate = self.tokens / max(1e-9, time.monotonic() - self.began)
            self.bar.advance(0, f"{found}, {rate:,.0f} tokens/s")

        return on_done


def _pivot(solution: Solution, record: SearchedSolution, finding: Finding, fresh: Confirmation | None) -> Pivot:
    """`fresh` is the result of confirmation, if it was done."""
    estimate = fresh or Confirmation(finding.delta, finding.low, finding.high, 0, finding.proven)
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
        delta=estimate.delta,
        delta_low=estimate.low,
        delta_high=estimate.high,
        error=finding.error,
        n_fresh=estimate.n,
        confirmed=estimate.holds,
    )


def _record(solution: Solution, case: SearchCase, strings: Strings) -> SearchedSolution:
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

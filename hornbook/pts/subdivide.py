"""The report's search (§4.3, figure 4): halve the segments over which p(success) changes, down to single tokens."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from hornbook.base.confidence_intervals import Estimate, difference, known, share
from hornbook.pts.difficulty import start_of
from hornbook.pts.judged_rollouts import OnDone
from hornbook.pts.records import Point
from hornbook.pts.rollout_pools import Pools
from hornbook.pts.settings import PtsSettings
from hornbook.pts.types import Finding, JudgedRollout, Prefix, Searched, Solution, continuations

EstimateAll = Callable[[list[Prefix]], list[float]]  # p(success) of many prefixes at once


class Segment(NamedTuple):
    """Units `start` to `end` (exclusive) of a solution."""

    solution: int
    start: int
    end: int


def search_by_halves(
    solutions: list[Solution],
    cuts: list[list[int]],
    pools: Pools,
    settings: PtsSettings,
    on_level: Callable[[int], OnDone | None] = lambda _: None,
) -> Searched:
    """The pivotal units of each solution, every estimate from the same number of rollouts.

    `on_level` is called before each level with the number of prefixes to estimate.
    """
    done = {solution.prefix(len(solution.tokens)): solution.success for solution in solutions}

    def look(prefix: Prefix) -> Estimate:
        made = pools.of(continuations(prefix))[: settings.rollouts]
        return known(done[prefix]) if prefix in done else share(sum(o.success for o in made), len(made))

    def estimate(prefixes: list[Prefix]) -> list[float]:
        wanted = {continuations(prefix): settings.rollouts for prefix in prefixes if prefix not in done}
        pools.extend(wanted, {}, on_level(len(wanted)))
        return [look(prefix).mean for prefix in prefixes]

    findings = []
    for number, units in enumerate(subdivide(solutions, cuts, estimate, settings.p_gap)):
        solution = solutions[number]
        for start, end in ((cuts[number][unit], cuts[number][unit + 1]) for unit in units):
            before, after = look(solution.prefix(start)), look(solution.prefix(end))
            delta, low, high = difference(after, before)
            made = pools.of(continuations(solution.prefix(start)))
            unit = list(solution.tokens[start:end])
            aside: list[tuple[list[int], JudgedRollout]] = [([], o) for o in made if o.tokens[: len(unit)] != unit]
            findings.append(
                Finding(
                    solution=number,
                    start=start,
                    end=end,
                    p_before=before.mean,
                    p_after=after.mean,
                    n_before=len(made),
                    n_after=after.n,
                    delta=delta,
                    low=low,
                    high=high,
                    error=0.0,
                    proven=min(abs(low), abs(high)) >= settings.p_gap and low * high > 0,
                    aside=aside,
                )
            )
    starts = [start_of(pools.of(continuations(solution.prefix(0)))) for solution in solutions]
    return Searched(findings, [_curve(solution, pools, look) for solution in solutions], starts)


def _curve(solution: Solution, pools: Pools, look: Callable[[Prefix], Estimate]) -> list[Point]:
    """p(success) at all positions of a solution where it was estimated."""
    length = len(solution.tokens)
    positions = [position for position in range(length) if pools.of(continuations(solution.prefix(position)))]
    return [Point(position, *look(solution.prefix(position))) for position in [*positions, length]]


def subdivide(solutions: list[Solution], cuts: list[list[int]], estimate: EstimateAll, p_gap: float) -> list[list[int]]:
    """Indices of the pivotal units of each solution: those that move p(success) by at least `p_gap`.

    `cuts` are the ends of each solution's units (tokens or sentences), from 0 to its length. A segment is split where
    half of its log-probability is reached, and not split further once it is one unit or its ends differ by less than
    `p_gap`. All solutions are processed level by level: `estimate` is called once a level with the ends of all open
    segments, which makes large batches, and should cache its results.
    """
    pivots: list[list[int]] = [[] for _ in solutions]
    spent = [_spent(solution.logprobs, ends) for solution, ends in zip(solutions, cuts, strict=True)]
    level = [Segment(number, 0, len(ends) - 1) for number, ends in enumerate(cuts) if len(ends) > 1]
    while level:
        ends = [solutions[s.solution].prefix(cuts[s.solution][unit]) for s in level for unit in (s.start, s.end)]
        p = estimate(ends)
        below: list[Segment] = []
        for segment, p_start, p_end in zip(level, p[::2], p[1::2], strict=True):
            moved = differ(p_start, p_end, p_gap)
            if moved and segment.end - segment.start > 1:
                below += split(segment, spent[segment.solution])
            elif moved:
                pivots[segment.solution].append(segment.start)
        level = below
    return [sorted(units) for units in pivots]


def _spent(logprobs: list[float], cuts: list[int]) -> list[float]:
    """Log-probability before each cut."""
    before = [0.0]
    for logprob in logprobs:
        before.append(before[-1] + logprob)
    return [before[cut] for cut in cuts]


def differ(p: float, q: float, p_gap: float) -> bool:
    return abs(p - q) >= p_gap - 1e-9  # tolerance for rounding: 0.7 - 0.5 counts as 0.2


def split(segment: Segment, spent: list[float]) -> tuple[Segment, Segment]:
    """Two segments, each of at least one unit, with log-probabilities as equal as the units allow.

    `spent` is the log-probability before each unit of the solution. Of several equally good positions (as when the
    model is certain of every token), the one nearest the middle is taken.
    """
    number, start, end = segment
    half = (spent[start] + spent[end]) / 2
    middle = min(
        range(start + 1, end),
        key=lambda position: (abs(spent[position] - half), abs(2 * position - start - end), position),
    )
    return Segment(number, start, middle), Segment(number, middle, end)


Unit = Literal["token", "sentence"]
STOPS = (".", "!", "?")


def cuts(strings: list[str], unit: Unit) -> list[int]:
    """The ends of all units of a solution whose tokens read `strings`: 0 first, the number of tokens last."""
    if unit == "token":
        return list(range(len(strings) + 1))
    ends = [
        position + 1 for position in range(len(strings) - 1) if _ends_sentence(strings[position], strings[position + 1])
    ]
    return [0, *ends, len(strings)]


def first_unit(strings: list[str], unit: Unit) -> int:
    """How many tokens the first unit has."""
    return cuts(strings, unit)[1]


def _ends_sentence(text: str, following: str) -> bool:
    """A line ends, or a full stop is followed by a space; what continues a line break belongs to it."""
    if following.strip() == "" and "\n" in following:
        return False
    return "\n" in text or (text.rstrip().endswith(STOPS) and following[:1].isspace())

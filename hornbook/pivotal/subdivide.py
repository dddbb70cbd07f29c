"""The report's search (§4.3, figure 4): halve the segments over which p(success) moves, down to single tokens."""

from collections.abc import Callable
from typing import NamedTuple

from hornbook.pivotal.outcomes import Prefix, Solution

EstimateAll = Callable[[list[Prefix]], list[float]]  # p(success) of many prefixes at once


class Segment(NamedTuple):
    """Tokens `start` to `end` (exclusive) of a solution."""

    solution: int
    start: int
    end: int


def subdivide(solutions: list[Solution], estimate: EstimateAll, p_gap: float) -> list[list[int]]:
    """Positions of the pivotal tokens of each solution: the single tokens that move p(success) by at least `p_gap`.

    A segment is split in two where half of its log-probability is spent, and left alone once it is one token or its
    ends differ by less than `p_gap`. All solutions go down together, level by level: `estimate` is asked for the ends
    of every open segment in one call, which makes large batches, and is expected to remember what it answered.
    """
    pivots: list[list[int]] = [[] for _ in solutions]
    level = [Segment(number, 0, len(solution.tokens)) for number, solution in enumerate(solutions)]
    while level:
        ends = [solutions[s.solution].prefix(position) for s in level for position in (s.start, s.end)]
        p = estimate(ends)
        below: list[Segment] = []
        for segment, p_start, p_end in zip(level, p[::2], p[1::2], strict=True):
            moved = differ(p_start, p_end, p_gap)
            if moved and segment.end - segment.start > 1:
                below += split(segment, solutions[segment.solution].logprobs)
            elif moved:
                pivots[segment.solution].append(segment.start)
        level = below
    return [sorted(positions) for positions in pivots]


def differ(p: float, q: float, p_gap: float) -> bool:
    return abs(p - q) >= p_gap - 1e-9  # so that 0.7 - 0.5 is 0.2


def split(segment: Segment, logprobs: list[float]) -> tuple[Segment, Segment]:
    """Two segments, each of at least one token, that share the log-probability as evenly as tokens allow.

    Where several places do (as when the model is certain of every token), the one nearest the middle.
    """
    number, start, end = segment
    spent = [0.0]  # before each token of the segment
    for logprob in logprobs[start:end]:
        spent.append(spent[-1] + logprob)
    half = spent[-1] / 2
    middle = min(
        range(start + 1, end), key=lambda place: (abs(spent[place - start] - half), abs(2 * place - start - end), place)
    )
    return Segment(number, start, middle), Segment(number, middle, end)

"""Sentence counterfactuals: p(success) with a sentence of a solution, and with another sentence in its place.

They use the rollouts of the search. Some contain the whole sentence; others diverge at its beginning or within it and
have another sentence there. One that is nearly the same is no counterfactual and is left out.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any, NamedTuple

from hornbook.base.confidence_intervals import wilson
from hornbook.pts.records import Point, RolloutRecord, SearchedSolution
from hornbook.pts.subdivide import cuts
from hornbook.pts.token_advantages import point_difference

ALIKE = 0.8  # share of words in common, in order, at and above which two sentences count as the same
SHOWN = 5  # other sentences listed, the least similar first
LONGEST = 256  # tokens of a rollout searched for the end of its sentence
WORD = re.compile(r"\w+|[^\w\s]")
FIGURE = re.compile(r"\d+(?:[.,]\d+)*|[+*/=<>^×÷−]|(?<=[\d\s])-(?=[\d\s])")  # numbers and operators

Decode = Callable[[list[int]], str]


class AlignedRollout(NamedTuple):
    """A rollout compared with a solution: its first `start` tokens were given, `common` tokens are the same."""

    start: int
    common: int
    tokens: list[int]
    success: bool


def likeness(sentence: str, other: str) -> float:
    """From 0 to 1: the share of words in common, in order; 0 for sentences with other numbers or operators."""
    if FIGURE.findall(sentence) != FIGURE.findall(other):
        return 0.0
    words, others = (WORD.findall(text.casefold()) for text in (sentence, other))
    return SequenceMatcher(None, words, others, autojunk=False).ratio() if words or others else 1.0


def sentence_rows(
    solutions: Sequence[SearchedSolution], rollouts: Sequence[RolloutRecord], decode: Decode
) -> Iterator[dict[str, Any]]:
    """A row for each sentence of each solution that some rollouts contain and some replace.

    `p_with` is of rollouts with the sentence, `p_without` of those with another one, less similar than `ALIKE`; each
    with its 95 % interval and n. `delta` is the difference, and `alike` counts the rollouts that were left out.
    """
    by_question: dict[str, list[RolloutRecord]] = defaultdict(list)
    for rollout in rollouts:
        by_question[rollout.question].append(rollout)
    for solution in solutions:
        ways = list(_ways(solution, by_question[solution.question]))
        for start, end in pairwise(cuts(solution.strings, "sentence")):
            row = _row(solution, start, end, ways, decode)
            if row["p_with"]["n"] and row["p_without"]["n"]:
                yield row


def _ways(solution: SearchedSolution, rollouts: Sequence[RolloutRecord]) -> Iterator[AlignedRollout]:
    """All rollouts of its question except the solution itself, which was chosen for its verdict."""
    ours, itself = solution.solution_tokens, True
    for rollout in rollouts:
        tokens = [*rollout.prefix_tokens, *rollout.tokens]
        if itself and not rollout.prefix_tokens and tokens == ours:
            itself = False
            continue
        common = next((position for position, (a, b) in enumerate(zip(tokens, ours, strict=False)) if a != b), None)
        common = min(len(tokens), len(ours)) if common is None else common
        yield AlignedRollout(len(rollout.prefix_tokens), common, tokens, rollout.success)


def _row(
    solution: SearchedSolution, start: int, end: int, ways: list[AlignedRollout], decode: Decode
) -> dict[str, Any]:
    sentence = decode(solution.solution_tokens[start:end])
    kept = [way.success for way in ways if way.start <= end <= way.common]
    left = [way for way in ways if way.start <= start <= way.common < min(end, len(way.tokens))]
    others = [(_first_sentence(way.tokens[start : start + LONGEST], decode), way.success) for way in left]
    compared = sorted((likeness(sentence, text), text, success) for text, success in others)
    replaced = [other for other in compared if other[0] < ALIKE]
    p_with, p_without = _share(kept), _share([success for _, _, success in replaced])
    delta, low, high = point_difference(p_without, p_with)
    distinct = {text: {"text": text, "likeness": alike, "success": success} for alike, text, success in replaced}
    return {
        "id": f"{solution.id}/{start}",
        "solution_id": solution.id,
        "question_id": solution.question,
        "task": solution.task,
        "position": start,
        "length": end - start,
        "prefix": decode(solution.solution_tokens[:start]),
        "sentence": sentence,
        "p_with": _as_dict(p_with),
        "p_without": _as_dict(p_without),
        "delta": delta,
        "delta_interval": [low, high],
        "alike": len(compared) - len(replaced),
        "others": list(distinct.values())[:SHOWN],
    }


def _first_sentence(tokens: list[int], decode: Decode) -> str:
    """The text of the first sentence of `tokens`."""
    strings = [decode([token]) for token in tokens]
    return decode(tokens[: cuts(strings, "sentence")[1]])


def _share(successes: list[bool]) -> Point:
    share = sum(successes) / len(successes) if successes else 0.0
    return Point(0, share, *wilson(share, len(successes)), len(successes))


def _as_dict(point: Point) -> dict[str, float]:
    return {"p": point.p, "low": point.low, "high": point.high, "n": point.n}

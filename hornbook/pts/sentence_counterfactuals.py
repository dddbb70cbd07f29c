"""What a sentence of a solution was worth: p(success) with it, and with another sentence in its place.

The rollouts are those that the search made anyway. Some go through the sentence to its end; others leave at its
beginning, or within it, and say something else there. An other sentence that says nearly the same is no counterfactual
and is left out.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any, NamedTuple

from hornbook.base.confidence_intervals import wilson
from hornbook.pts.records import MadeRollout, Point, SearchedSolution
from hornbook.pts.subdivide import cuts
from hornbook.pts.token_advantages import difference

ALIKE = 0.8  # share of words in common, in order, from which on two sentences say the same
SHOWN = 5  # other sentences listed, the least alike first
LONGEST = 256  # tokens of a rollout that are read for the end of its sentence
WORD = re.compile(r"\w+|[^\w\s]")
FIGURE = re.compile(r"\d+(?:[.,]\d+)*|[+*/=<>^×÷−]|(?<=[\d\s])-(?=[\d\s])")  # numbers, and what is done with them

Decode = Callable[[list[int]], str]


class Way(NamedTuple):
    """A rollout beside a solution, both from the question on: `start` tokens were given, `common` are the same."""

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
    solutions: Sequence[SearchedSolution], rollouts: Sequence[MadeRollout], decode: Decode
) -> Iterator[dict[str, Any]]:
    """A row for each sentence of each solution that some rollouts go through and some replace.

    `p_with` are rollouts through the sentence, `p_without` those that have another one, less alike than `ALIKE`; each
    with its 95 % interval and n. `delta` is the difference, and `alike` counts the rollouts that were left out.
    """
    by_question: dict[str, list[MadeRollout]] = defaultdict(list)
    for rollout in rollouts:
        by_question[rollout.question].append(rollout)
    for solution in solutions:
        ways = list(_ways(solution, by_question[solution.question]))
        for start, end in pairwise(cuts(solution.strings, "sentence")):
            row = _row(solution, start, end, ways, decode)
            if row["p_with"]["n"] and row["p_without"]["n"]:
                yield row


def _ways(solution: SearchedSolution, rollouts: Sequence[MadeRollout]) -> Iterator[Way]:
    """All rollouts of its question but itself, which was chosen for its verdict and is no fair sample."""
    ours, itself = solution.solution_tokens, True
    for rollout in rollouts:
        tokens = [*rollout.prefix_tokens, *rollout.tokens]
        if itself and not rollout.prefix_tokens and tokens == ours:
            itself = False
            continue
        common = next((place for place, (a, b) in enumerate(zip(tokens, ours, strict=False)) if a != b), None)
        common = min(len(tokens), len(ours)) if common is None else common
        yield Way(len(rollout.prefix_tokens), common, tokens, rollout.success)


def _row(solution: SearchedSolution, start: int, end: int, ways: list[Way], decode: Decode) -> dict[str, Any]:
    sentence = decode(solution.solution_tokens[start:end])
    kept = [way.success for way in ways if way.start <= end <= way.common]
    left = [way for way in ways if way.start <= start <= way.common < min(end, len(way.tokens))]
    said = [(_first_sentence(way.tokens[start : start + LONGEST], decode), way.success) for way in left]
    weighed = sorted((likeness(sentence, text), text, success) for text, success in said)
    replaced = [other for other in weighed if other[0] < ALIKE]
    p_with, p_without = _share(kept), _share([success for _, _, success in replaced])
    delta, low, high = difference(p_without, p_with)
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
        "p_with": _told(p_with),
        "p_without": _told(p_without),
        "delta": delta,
        "delta_interval": [low, high],
        "alike": len(weighed) - len(replaced),
        "others": list(distinct.values())[:SHOWN],
    }


def _first_sentence(tokens: list[int], decode: Decode) -> str:
    """The text of the first sentence of `tokens`."""
    strings = [decode([token]) for token in tokens]
    return decode(tokens[: cuts(strings, "sentence")[1]])


def _share(successes: list[bool]) -> Point:
    share = sum(successes) / len(successes) if successes else 0.0
    return Point(0, share, *wilson(share, len(successes)), len(successes))


def _told(point: Point) -> dict[str, float]:
    return {"p": point.p, "low": point.low, "high": point.high, "n": point.n}

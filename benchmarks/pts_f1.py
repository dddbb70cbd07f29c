"""Part (a): sampled tokens, precision, recall and F1 of the searches, where the truth was measured."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.harness import Claim, number, show, span
from benchmarks.models import Bench, load, pocket_model, pocket_questions
from benchmarks.pts_truth import Truth, truths
from benchmarks.searches import search_positions
from hornbook.base.progress import progress
from hornbook.base.rng import rng
from hornbook.inference.settings import Sampling

P_GAP = 0.2
SAMPLING = Sampling(temperature=0.8, max_new_tokens=110)  # as the pocket recipe's search
LEAST_TOKENS = 30
DRAWS = 1000  # of the bootstrap
SUBDIVIDE: list[dict[str, Any]] = [{"rollouts": n} for n in (10, 30, 100)]
ADAPTIVE: list[dict[str, Any]] = [  # from quick to thorough; the last is the default
    {"max_rollouts": 8, "give_up": 0.15, "error_rate": 0.2},
    {"max_rollouts": 16, "give_up": 0.1, "error_rate": 0.2},
    {"max_rollouts": 24, "give_up": 0.07, "error_rate": 0.2},
    {"max_rollouts": 32, "give_up": 0.05, "error_rate": 0.2},
    {"max_rollouts": 64, "give_up": 0.03, "error_rate": 0.2},
    {},
]


class Size(NamedTuple):
    """How much is measured."""

    solutions: int
    error: float  # standard error of the truth
    seeds: int


FULL, QUICK = Size(24, 0.03, 5), Size(4, 0.06, 1)


class Tally(NamedTuple):
    """One setting of one search over seeds and solutions, each array [seeds, solutions]."""

    name: str
    hits: np.ndarray  # true pivots found
    false: np.ndarray  # found, not true
    missed: np.ndarray
    tokens: np.ndarray


class Point(NamedTuple):
    """What a setting costs and what it finds."""

    tokens: float
    f1: float


def run(*, quick: bool, given: Path | None, cache: Path, threads: int, seed: int) -> list[Claim]:
    """Measure, print the table, and return the claims."""
    size = QUICK if quick else FULL
    folder = pocket_model(given)
    bench = load(folder, pocket_questions(folder), threads)
    found = truths(bench, SAMPLING, cache, count=size.solutions, least_tokens=LEAST_TOKENS, error=size.error, seed=seed)
    tallies = {
        kind: [tally(kind, options, bench, found, cache, size.seeds, seed) for options in settings]
        for kind, settings in (("subdivide", SUBDIVIDE), ("adaptive", ADAPTIVE))
    }
    boundaries = sum(len(truth.p) - 1 for truth in found)
    pivots = sum(len(truth.pivots(P_GAP)) for truth in found)
    title = (
        f"(a) pocket SFT model: {len(found)} solutions, {boundaries} boundaries known to {size.error:g}, "
        f"{pivots} tokens with |Δp| ≥ {P_GAP:g}, {size.seeds} seeds (mean, range over seeds)"
    )
    show(title, ["search", "tokens", "precision", "recall", "F1"], [row(t) for ts in tallies.values() for t in ts])
    return [claim(peer, tallies["adaptive"], seed) for peer in tallies["subdivide"]]


def tally(
    kind: str, options: dict[str, Any], bench: Bench, found: list[Truth], cache: Path, seeds: int, seed: int
) -> Tally:
    """The search with each of `seeds` streams of rollouts, none of them those of the truth."""
    name = " ".join([kind, *(f"{key}={value:g}" for key, value in options.items())])
    solutions = [truth.solution for truth in found]
    true = [truth.pivots(P_GAP) for truth in found]
    counts = np.zeros((4, seeds, len(found)))
    with progress(name, seeds, "seeds") as bar:
        for turn in range(seeds):
            file = cache / "searches" / f"{name.replace(' ', '-')}-{len(found)}-{turn}.journal"
            runner = bench.runner(file, SAMPLING, seed=seed + 1 + turn)
            moves, tokens = search_positions(kind, solutions, runner, p_gap=P_GAP, **options)
            for place, (said, really) in enumerate(zip(moves, true, strict=True)):
                hits = len(really & said.keys())
                counts[:, turn, place] = hits, len(said) - hits, len(really) - hits, tokens[place]
            bar.advance()
    return Tally(name, *counts)


def f1(hits: float, false: float, missed: float) -> float:
    """2 · precision · recall / (precision + recall); 1 where there was nothing to find and nothing was claimed."""
    return 2 * hits / (2 * hits + false + missed) if hits + false + missed else 1.0


def summary(tally: Tally, places: np.ndarray | None = None) -> Point:
    """Mean tokens and mean F1 over seeds, over all solutions or those at `places`."""
    chosen = np.arange(tally.hits.shape[1]) if places is None else places
    hits, false, missed, tokens = (array[:, chosen].sum(1) for array in tally[1:])
    return Point(float(tokens.mean()), float(np.mean([f1(*row) for row in zip(hits, false, missed, strict=True)])))


def tokens_at(points: list[Point], wanted: float) -> float:
    """Tokens at which a search first reaches the F1 `wanted`: along its settings, linear in the logarithm of tokens.

    Between settings lies the best so far: paying more for less counts as the cheaper setting. Where even the cheapest
    reaches it, the tokens of that one (no extrapolation); infinity where none does.
    """
    best: list[Point] = []
    for point in sorted(Point(max(1.0, point.tokens), point.f1) for point in points):  # one that sampled nothing: 1
        if not best or point.f1 > best[-1].f1:
            best.append(point)
    if not best or wanted > best[-1].f1:
        return math.inf
    after = next(index for index, point in enumerate(best) if point.f1 >= wanted)
    if after == 0:
        return best[0].tokens
    (cheap, low), (dear, high) = best[after - 1], best[after]
    share = (wanted - low) / (high - low)
    return math.exp(math.log(cheap) + share * (math.log(dear) - math.log(cheap)))


def claim(peer: Tally, ours: list[Tally], seed: int) -> Claim:
    """Tokens of ours where its F1 equals the peer's; the range from a bootstrap over solutions, drawn for all alike.

    A peer that found nothing gives nothing to reach.
    """

    def measured(places: np.ndarray | None) -> tuple[float, float]:
        theirs = summary(peer, places)
        return tokens_at([summary(t, places) for t in ours], theirs.f1), theirs.tokens

    mine, theirs = measured(None)
    name = f"(a) tokens at the F1 of {peer.name}"
    if not summary(peer).f1:
        return Claim(name, None, theirs, "tokens", None, None, None, "5×", False)
    draw = rng(seed, "bootstrap", peer.name)
    count = peer.hits.shape[1]
    ratios = sorted(b / a for a, b in (measured(np.asarray(draw.integers(0, count, count))) for _ in range(DRAWS)))
    low, high = ratios[int(0.025 * DRAWS)], ratios[int(0.975 * DRAWS)]
    return Claim(name, mine, theirs, "tokens", theirs / mine, low, high, "5×", theirs / mine >= 5)


def row(tally: Tally) -> list[str]:
    hits, false, missed, tokens = (array.sum(1) for array in tally[1:])
    seeds = range(len(hits))
    precision = [ratio(hits[s], hits[s] + false[s]) for s in seeds]
    recall = [ratio(hits[s], hits[s] + missed[s]) for s in seeds]
    score = [f1(hits[s], false[s], missed[s]) for s in seeds]
    return [tally.name, *(spread(values) for values in (tokens.tolist(), precision, recall, score))]


def ratio(part: float, whole: float) -> float:
    return part / whole if whole else 1.0


def spread(values: list[float], form: Callable[[float], str] = number) -> str:
    return f"{form(float(np.mean(values)))} ({span(min(values), max(values))})"

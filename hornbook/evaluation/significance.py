"""Significance of the difference between two models on the same questions."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from hornbook.base.confidence_intervals import Estimate, Z, middle_95
from hornbook.base.rng import rng
from hornbook.evaluation.metrics import (
    NOT_ATTEMPTED,
    WRONG,
    ScoredReply,
    by_passage,
    passages_of,
    values_by_score,
)
from hornbook.evaluation.power import assumed_spread, detectable

SIGNIFICANT = 0.05
NUMBERS_AT_A_TIME = 4_000_000  # resampled numbers held in memory
NOISE = "no difference beyond noise"


def compare(
    now: Iterable[ScoredReply], before: Iterable[ScoredReply], *, resamples: int, seed: int
) -> list[dict[str, Any]]:
    """For each score that both have: difference (now − before) over shared questions, 95 % interval, p and verdict.

    Questions are the unit, or passages where questions share one: samples of a question are averaged first. The
    interval is a paired bootstrap; a verdict also
    needs p < 5 % in the sign-flip test, because the bootstrap is overconfident when few questions differ. Verdicts are
    "better", "worse" or "no difference beyond noise"; for "not attempted", which is neither good nor bad, "more" or
    "fewer". `detectable` is the true difference that so many questions show four times in five; it follows from
    `spread`, the root of the mean squared difference of a question (see `power`). There is no correction for multiple
    tests: of twenty equal scores, about one will seem to differ.
    """
    now, before = list(now), list(before)
    tables, passages = (values_by_score(now), values_by_score(before)), passages_of(now)
    rows = []
    for name, questions in tables[0].items():
        shared = sorted(questions.keys() & tables[1].get(name, {}).keys())
        if shared:
            pairs = [(np.mean(questions[q]), np.mean(tables[1][name][q])) for q in shared]
            moved = {q: [float(after - earlier)] for q, (after, earlier) in zip(shared, pairs, strict=True)}
            groups = by_passage(moved, passages)
            totals, sizes = np.array([sum(group) for group in groups]), np.array([len(group) for group in groups])
            low, high = paired_bootstrap(totals, resamples, rng(seed, "bootstrap", name), sizes)
            p = sign_flip_test(totals, resamples, rng(seed, "sign flips", name))
            mean = float(totals.sum() / sizes.sum())
            spread = _spread(totals, sizes)
            differs = p < SIGNIFICANT and (low > 0 or high < 0)
            rows.append(
                {
                    "score": name,
                    "difference": mean,
                    "low": low,
                    "high": high,
                    "p": p,
                    "verdict": _verdict(name, mean) if differs else NOISE,
                    "n": len(shared),
                    "detectable": detectable(len(groups), spread, binary=_binary(totals, sizes)),
                    "spread": spread,
                }
            )
    return rows


def corrected(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of `compare` with p-values corrected for testing so many scores at once, and verdicts by these."""
    ps = holm([row["p"] for row in rows])
    return [
        row | {"p": p, "verdict": row["verdict"] if p < SIGNIFICANT else NOISE} for row, p in zip(rows, ps, strict=True)
    ]


def detectable_by(score: Estimate) -> float:
    """The difference from another model on the same questions that this score would show four times in five, if the
    models differ as often as `power.assumed_spread` says. Questions about one passage count as far as this score shows
    that they are correlated."""
    centre = (score.low + score.high) / 2
    trials = centre * (1 - centre) * (2 * Z / max(score.high - score.low, 1e-9)) ** 2
    return detectable(max(2, min(score.n, round(trials))), assumed_spread(centre))


def holm(ps: Sequence[float]) -> list[float]:
    """p-values corrected for testing so many at once (Holm): the chance of any false alarm is at most each of them."""
    corrected = [1.0] * len(ps)
    highest = 0.0
    for place, number in enumerate(sorted(range(len(ps)), key=lambda number: ps[number])):
        highest = max(highest, min(1.0, ps[number] * (len(ps) - place)))
        corrected[number] = highest
    return corrected


def _spread(totals: np.ndarray, sizes: np.ndarray) -> float:
    """The root of the mean squared difference of one group with these totals and sizes, in units of one value."""
    return float(np.sqrt((totals**2).mean()) / sizes.mean())


def _binary(totals: np.ndarray, sizes: np.ndarray) -> bool:
    """Whether these are differences of single verdicts of 0 and 1."""
    return bool((sizes == 1).all() and np.isin(np.abs(totals), (0.0, 1.0)).all())


def paired_bootstrap(
    differences: np.ndarray, resamples: int, random: np.random.Generator, sizes: np.ndarray | None = None
) -> tuple[float, float]:
    """95 % percentile interval of the mean of `differences`: one per question, or the total of each group of questions
    of these `sizes`."""
    n = len(differences)
    counts = np.ones(n, int) if sizes is None else sizes
    means = []
    for rows in _blocks(resamples, n):
        drawn = random.integers(n, size=(rows, n))
        means.append(differences[drawn].sum(axis=1) / counts[drawn].sum(axis=1))
    return middle_95(np.concatenate(means))


def sign_flip_test(differences: np.ndarray, resamples: int, random: np.random.Generator) -> float:
    """Two-sided p of the sign-flip test: how often the mean is as far from 0 when the signs are random.

    Exact where all differences are of one size (verdicts of 0 and 1: McNemar's test), else from `resamples`.
    """
    moved = differences[differences != 0]
    if not len(moved):
        return 1.0
    if np.abs(moved).max() - np.abs(moved).min() < 1e-9:
        return binomial_test(int((moved > 0).sum()), len(moved))
    observed = abs(moved.sum()) - 1e-9
    as_far = 0
    for rows in _blocks(resamples, len(moved)):
        signs = random.integers(2, size=(rows, len(moved))) * 2 - 1
        as_far += int((abs(signs @ moved) >= observed).sum())
    return (1 + as_far) / (1 + resamples)


def binomial_test(heads: int, tosses: int) -> float:
    """Two-sided p of so many heads in tosses of a fair coin."""
    fewer = min(heads, tosses - heads)
    logs = [math.lgamma(tosses + 1) - math.lgamma(k + 1) - math.lgamma(tosses - k + 1) for k in range(fewer + 1)]
    return min(1.0, 2 * sum(math.exp(one - tosses * math.log(2)) for one in logs))


def _blocks(resamples: int, width: int) -> list[int]:
    """How many resamples to draw at a time, so that memory stays bounded."""
    most = max(1, NUMBERS_AT_A_TIME // width)
    full, rest = divmod(resamples, most)
    return [most] * full + ([rest] if rest else [])


def _verdict(name: str, difference: float) -> str:
    if name == NOT_ATTEMPTED:
        return "more" if difference > 0 else "fewer"
    return "better" if (difference > 0) != (name == WRONG) else "worse"

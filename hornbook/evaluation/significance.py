"""Significance of the difference between two models on the same questions."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from hornbook.base.confidence_intervals import middle_95
from hornbook.base.rng import rng
from hornbook.evaluation.metrics import NOT_ATTEMPTED, WRONG, ScoredReply, values_by_score

SIGNIFICANT = 0.05
NUMBERS_AT_A_TIME = 4_000_000  # resampled numbers held in memory
DETECTABLE_ERRORS = 2.8  # standard errors: a difference of so many is significant at 5 % in four studies of five
NOISE = "no difference beyond noise"


def compare(
    now: Iterable[ScoredReply], before: Iterable[ScoredReply], *, resamples: int, seed: int
) -> list[dict[str, Any]]:
    """For each score that both have: difference (now − before) over shared questions, 95 % interval, p and verdict.

    Questions are the unit: samples of a question are averaged first. The interval is a paired bootstrap; a verdict also
    needs p < 5 % in the sign-flip test, because the bootstrap is overconfident when few questions differ. Verdicts are
    "better", "worse" or "no difference beyond noise"; for "not attempted", which is neither good nor bad, "more" or
    "fewer". `detectable` is the true difference that so many questions show four times in five. There is no
    correction for multiple tests: of twenty equal scores, about one will seem to differ.
    """
    tables = values_by_score(now), values_by_score(before)
    rows = []
    for name, questions in tables[0].items():
        shared = sorted(questions.keys() & tables[1].get(name, {}).keys())
        if shared:
            pairs = [(np.mean(questions[q]), np.mean(tables[1][name][q])) for q in shared]
            differences = np.array([after - earlier for after, earlier in pairs])
            low, high = paired_bootstrap(differences, resamples, rng(seed, "bootstrap", name))
            p = sign_flip_test(differences, resamples, rng(seed, "sign flips", name))
            mean = float(differences.mean())
            detectable = (
                DETECTABLE_ERRORS * float(differences.std(ddof=1)) / math.sqrt(len(shared)) if len(shared) > 1 else 1.0
            )
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
                    "detectable": detectable,
                }
            )
    return rows


def paired_bootstrap(differences: np.ndarray, resamples: int, random: np.random.Generator) -> tuple[float, float]:
    """95 % percentile interval of the mean of `differences` (one per question)."""
    n = len(differences)
    means = [
        differences[random.integers(n, size=(rows, n))].mean(axis=1) for rows in _blocks(resamples, n)
    ]  # fmt: skip
    return middle_95(np.concatenate(means))


def sign_flip_test(differences: np.ndarray, resamples: int, random: np.random.Generator) -> float:
    """Two-sided p of the sign-flip test: how often the mean is as far from 0 when the signs are random."""
    moved = differences[differences != 0]
    if not len(moved):
        return 1.0
    observed = abs(moved.sum()) - 1e-9
    as_far = 0
    for rows in _blocks(resamples, len(moved)):
        signs = random.integers(2, size=(rows, len(moved))) * 2 - 1
        as_far += int((abs(signs @ moved) >= observed).sum())
    return (1 + as_far) / (1 + resamples)


def _blocks(resamples: int, width: int) -> list[int]:
    """How many resamples to draw at a time, so that memory stays bounded."""
    most = max(1, NUMBERS_AT_A_TIME // width)
    full, rest = divmod(resamples, most)
    return [most] * full + ([rest] if rest else [])


def _verdict(name: str, difference: float) -> str:
    if name == NOT_ATTEMPTED:
        return "more" if difference > 0 else "fewer"
    return "better" if (difference > 0) != (name == WRONG) else "worse"

"""Power: the smallest difference that a set of questions can show, and the questions that a difference needs.

Two models answer the same questions. What matters is the `spread` of the difference on one question: with verdicts of 0
and 1, the square root of the discordance rate (the share of questions on which one model is right and the other is
not); with graded values, the root of the mean squared difference. A difference is shown if the sign-flip test of
`significance` gives p < 5 %.
"""

import math
from statistics import NormalDist

import numpy as np

from hornbook.base.confidence_intervals import Z

POWER = 0.8  # a difference counts as one that a set can show if it does so in four studies of five
ASSUMED = 0.6  # of the discordance that independent answers would have, before any is measured
MOST_QUESTIONS = 10_000_000
EXACT = 150  # expected questions on which models differ, up to which all outcomes are summed

_NORMAL = NormalDist()


def assumed_spread(share: float = 0.5) -> float:
    """The spread between two models of which each is right on about this share of the questions."""
    return math.sqrt(ASSUMED * 2 * share * (1 - share))


SPREAD = assumed_spread()  # without any score: they differ on 30 % of the questions


def power(difference: float, questions: int, spread: float = SPREAD, *, binary: bool = True) -> float:
    """The chance that a true `difference` (0 to 1) is significant on so many questions.

    Exact for `binary` verdicts that seldom differ; else Connor's formula for paired verdicts (1987), with the
    correction for continuity that the exact test amounts to. Of independent units: where questions share a passage, of
    passages.
    """
    if questions < 2 or spread <= 0:
        return 0.0
    if binary and questions * spread**2 <= EXACT:
        return _exact_power(abs(difference), questions, spread**2)
    moved = math.sqrt(questions) * spread  # standard deviation of the sum of differences if the models are equal
    left = math.sqrt(questions * max(spread**2 - difference**2, 0.0)) or 1e-9
    beyond = abs(difference) * questions - Z * moved - (1.0 if binary else 0.0)
    return _NORMAL.cdf(beyond / left)


def _exact_power(difference: float, questions: int, rate: float) -> float:
    """Summed over the number of questions on which the models differ, and over how many of these one of them wins, for
    McNemar's exact test."""
    rate, better = min(rate, 1 - 1e-9), min((1 + difference / rate) / 2, 1 - 1e-9)
    expected = questions * rate
    most = min(questions, math.ceil(expected + 8 * math.sqrt(expected) + 8))  # more have no weight
    counts = np.arange(most + 1)
    steps = np.log((questions - counts[:-1]) / counts[1:]) + math.log(rate / (1 - rate))
    chances = np.exp(questions * math.log(1 - rate) + np.concatenate([[0.0], np.cumsum(steps)]))
    factorials = np.concatenate([[0.0], np.cumsum(np.log(counts[1:]))])  # their logarithms
    differ, wins = counts[:, None], counts[None, :]
    there, lost = wins <= differ, np.maximum(differ - wins, 0)
    ways = np.where(there, factorials[differ] - factorials[wins] - factorials[lost], -np.inf)
    at_most = np.cumsum(np.exp(ways - differ * math.log(2)), axis=1)  # chance of so many wins of equal models, or fewer
    p = 2 * np.take_along_axis(at_most, np.minimum(wins, lost), axis=1)
    won = np.exp(ways + wins * math.log(better) + lost * math.log(1 - better))
    return float(chances @ np.where(there & (p < 0.05), won, 0.0).sum(axis=1))


def detectable(questions: int, spread: float = SPREAD, *, binary: bool = True) -> float:
    """The smallest true difference that so many questions show four times in five; 1 if none is shown so often."""
    low, high = 0.0, _largest(spread, binary)
    if power(high, questions, spread, binary=binary) < POWER:
        return 1.0
    for _ in range(50):
        middle = (low + high) / 2
        if power(middle, questions, spread, binary=binary) < POWER:
            low = middle
        else:
            high = middle
    return high


def _largest(spread: float, binary: bool) -> float:
    """The largest difference that models with this spread can have: if one of them always wins."""
    return min(1.0, spread**2 if binary else spread)


def questions_for(difference: float, spread: float = SPREAD, *, binary: bool = True) -> int | None:
    """The questions with which a true `difference` is shown four times in five; None for one that the spread excludes
    (models that differ on 4 % of questions are no 5 points apart) or that needs more than ten million."""
    if not 0 < difference <= _largest(spread, binary):
        return None
    if power(difference, MOST_QUESTIONS, spread, binary=binary) < POWER:
        return None
    few = int(EXACT / spread**2) if binary else 1
    low, high = (1, few) if power(difference, few, spread, binary=binary) >= POWER else (few, MOST_QUESTIONS)
    while high - low > 1:
        middle = (low + high) // 2
        if power(difference, middle, spread, binary=binary) < POWER:
            low = middle
        else:
            high = middle
    return high

"""p(success | prefix), estimated by rollouts and remembered."""

import math
from collections.abc import Iterable
from typing import NamedTuple

from hornbook.base.progress import Bar
from hornbook.pivotal.outcomes import Outcome, Prefix, Trial
from hornbook.pivotal.trials import Trials

Z = 1.959964  # 95 %


class Estimate(NamedTuple):
    """A share of successes with its 95 % interval (Wilson). `n` is 0 for a finished solution: its verdict is known."""

    p: float
    low: float
    high: float
    n: int


def wilson(successes: int, n: int) -> Estimate:
    p = successes / n
    centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return Estimate(p, max(0.0, centre - half), min(1.0, centre + half), n)


def difference(after: Estimate, before: Estimate) -> tuple[float, float, float]:
    """after - before with its 95 % interval (Newcombe's, from the intervals of both)."""
    delta = after.p - before.p
    low = delta - math.hypot(after.p - after.low, before.high - before.p)
    high = delta + math.hypot(after.high - after.p, before.p - before.low)
    return delta, low, high


class Estimator:
    """Estimates from one stream of rollouts: the first `n` of a prefix, sampled once however often they are asked for.

    `settled` holds verdicts of solutions seen to their end. Estimators that share it learn them from each other.
    """

    def __init__(self, trials: Trials, stream: str, settled: dict[Prefix, bool]) -> None:
        self.trials, self.stream, self.settled = trials, stream, settled
        self.outcomes: dict[Prefix, list[Outcome]] = {}

    def gather(self, prefixes: Iterable[Prefix], n: int, bar: Bar | None = None) -> None:
        """Make the rollouts that are missing to `n` per prefix, all in one wave."""
        wave = self.missing(prefixes, n)
        for trial, outcome in zip(wave, self.trials.run(wave, bar), strict=True):
            self.outcomes.setdefault(trial.prefix, []).append(outcome)
            whole = Prefix(trial.prefix.case, trial.prefix.tokens + tuple(outcome.tokens))
            self.settled[whole] = outcome.success

    def missing(self, prefixes: Iterable[Prefix], n: int) -> list[Trial]:
        return [
            Trial(prefix, self.stream, number)
            for prefix in dict.fromkeys(prefixes)
            if prefix not in self.settled
            for number in range(len(self.outcomes.get(prefix, [])), n)
        ]

    def estimate(self, prefix: Prefix) -> Estimate:
        if prefix in self.settled:
            p = float(self.settled[prefix])
            return Estimate(p, p, p, 0)
        made = self.outcomes[prefix]
        return wilson(sum(outcome.success for outcome in made), len(made))

    def known(self, prefix: Prefix) -> bool:
        return prefix in self.settled or prefix in self.outcomes

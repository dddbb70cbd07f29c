"""How high may the rate be, for a warm-up? Raised until training becomes unstable (report §3)."""

from collections.abc import Callable
from typing import NamedTuple

from hornbook.tuning.lr_grid import rounded
from hornbook.tuning.settings import TuneSettings
from hornbook.tuning.stability import Verdict

Try = Callable[[int, float], tuple[Verdict, float]]  # (warm-up in steps, rate) -> verdict, validation loss


class Limit(NamedTuple):
    """What was found for one warm-up: each rate tried with its verdict, the largest stable one (None: none), and the
    validation loss at the rate begun with."""

    warmup: int
    tried: list[tuple[float, Verdict]]
    largest: float | None
    loss: float


def stress(settings: TuneSettings, rate: float, run: Try) -> list[Limit]:
    """For each warm-up, double the rate until it is unstable; or halve it until it is stable."""
    return [_limit(warmup, rate, settings.doublings, run) for warmup in sorted(settings.warmups)]


def _limit(warmup: int, rate: float, doublings: int, run: Try) -> Limit:
    first, loss = run(warmup, rate)
    tried = [(rate, first)]
    factor = 2.0 if first == "stable" else 0.5
    while len(tried) <= doublings and (tried[-1][1] == "stable") == (first == "stable"):
        rate = rounded(rate * factor)
        tried.append((rate, run(warmup, rate)[0]))
    stable = [rate for rate, verdict in tried if verdict == "stable"]
    return Limit(warmup, sorted(tried), max(stable, default=None), loss)


def recommended(limits: list[Limit], rate: float, margin: float, noise: float) -> Limit | None:
    """Among warm-ups that are stable at `margin` times the rate, the shortest within `noise` of the lowest loss.

    Where none stands so much, the one that stands most; None where none stands at any rate tried.
    """
    enough = [limit for limit in limits if limit.largest is not None and limit.largest >= margin * rate]
    if enough:
        lowest = min(limit.loss for limit in enough)
        return min((limit for limit in enough if limit.loss <= lowest + noise), key=lambda limit: limit.warmup)
    standing = [limit for limit in limits if limit.largest is not None]
    return max(standing, key=lambda limit: limit.largest or 0, default=None)

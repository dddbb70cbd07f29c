"""How high may the rate be, for a warm-up? Raised until training becomes unstable (report §3)."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from hornbook.tuning.lr_grid import rounded
from hornbook.tuning.settings import TuneSettings

WINDOW = 8  # steps: one strange batch is no instability
Stability = Literal["stable", "not finite", "climbs", "lost"]


def smooth(losses: Sequence[float]) -> np.ndarray:
    """Running medians over WINDOW steps (over all, where there are fewer); one for each full window."""
    values = np.asarray(losses, float)
    window = min(WINDOW, len(values))
    return np.median(np.lib.stride_tricks.sliding_window_view(values, window), axis=1)


def climb(losses: Sequence[float]) -> float:
    """The most that the smoothed loss rises above its lowest value before, in nats; 0 for one that only falls."""
    smoothed = smooth(losses)
    return float((smoothed - np.minimum.accumulate(smoothed)).max())


def judge_stability(losses: Sequence[float], diverged: bool, reference: Sequence[float], tolerance: float) -> Stability:
    """Whether a training went well.

    Args:
        losses: of each step, in nats.
        diverged: whether it ended at a loss that was not finite.
        reference: the losses of a training that went well on the same data in the same order. What its loss climbs is
            what the data do: one batch is harder than another.
        tolerance: nats that count: "climbs" by so much more than the reference, or ends so far above it ("lost").
    """
    if diverged or not np.isfinite(losses).all():
        return "not finite"
    if climb(losses) > climb(reference) + tolerance:
        return "climbs"
    return "lost" if smooth(losses)[-1] > smooth(reference)[-1] + tolerance else "stable"


Try = Callable[[int, float], tuple[Stability, float]]  # (warm-up in steps, rate) -> verdict, validation loss


class WarmupLimit(NamedTuple):
    """What was found for one warm-up: each rate tried with its verdict, the largest stable one (None: none), and the
    validation loss at the rate begun with."""

    warmup: int
    tried: list[tuple[float, Stability]]
    largest: float | None
    loss: float


def stress_warmups(settings: TuneSettings, rate: float, run: Try) -> list[WarmupLimit]:
    """For each warm-up, double the rate until it is unstable; or halve it until it is stable."""
    return [_limit(warmup, rate, settings.doublings, run) for warmup in sorted(settings.warmups)]


def _limit(warmup: int, rate: float, doublings: int, run: Try) -> WarmupLimit:
    first, loss = run(warmup, rate)
    tried = [(rate, first)]
    factor = 2.0 if first == "stable" else 0.5
    while len(tried) <= doublings and (tried[-1][1] == "stable") == (first == "stable"):
        rate = rounded(rate * factor)
        tried.append((rate, run(warmup, rate)[0]))
    stable = [rate for rate, verdict in tried if verdict == "stable"]
    return WarmupLimit(warmup, sorted(tried), max(stable, default=None), loss)


def recommend_warmup(limits: list[WarmupLimit], rate: float, margin: float, noise: float) -> WarmupLimit | None:
    """Among warm-ups that are stable at `margin` times the rate, the shortest within `noise` of the lowest loss.

    Where none stands so much, the one that stands most; None where none stands at any rate tried.
    """
    enough = [limit for limit in limits if limit.largest is not None and limit.largest >= margin * rate]
    if enough:
        lowest = min(limit.loss for limit in enough)
        return min((limit for limit in enough if limit.loss <= lowest + noise), key=lambda limit: limit.warmup)
    standing = [limit for limit in limits if limit.largest is not None]
    return max(standing, key=lambda limit: limit.largest or 0, default=None)

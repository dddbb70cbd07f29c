"""Stress test of the warm-up: the learning rate is raised until training becomes unstable (report §3)."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from hornbook.tuning.lr_grid import rounded
from hornbook.tuning.settings import TuneSettings

WINDOW = 8  # steps of a running median, so that a single hard batch does not count as instability
Stability = Literal["stable", "not finite", "climbs", "lost"]


def smooth(losses: Sequence[float]) -> np.ndarray:
    """Running medians over WINDOW steps (or all, if there are fewer); one for each full window."""
    values = np.asarray(losses, float)
    window = min(WINDOW, len(values))
    return np.median(np.lib.stride_tricks.sliding_window_view(values, window), axis=1)


def climb(losses: Sequence[float]) -> float:
    """The largest rise of the smoothed loss above its previous minimum, in nats; 0 if it only falls."""
    smoothed = smooth(losses)
    return float((smoothed - np.minimum.accumulate(smoothed)).max())


def judge_stability(losses: Sequence[float], diverged: bool, reference: Sequence[float], tolerance: float) -> Stability:
    """Whether a training run was stable.

    Args:
        losses: of each step, in nats.
        diverged: whether it ended with a loss that is not finite.
        reference: the losses of a stable run on the same data in the same order, whose climb is due to hard batches.
        tolerance: in nats: the run "climbs" by more than the reference plus this, or ends that far above it ("lost").
    """
    if diverged or not np.isfinite(losses).all():
        return "not finite"
    if climb(losses) > climb(reference) + tolerance:
        return "climbs"
    return "lost" if smooth(losses)[-1] > smooth(reference)[-1] + tolerance else "stable"


Try = Callable[[int, float], tuple[Stability, float]]  # (warm-up in steps, rate) -> verdict, validation loss


class WarmupLimit(NamedTuple):
    """Result for one warm-up: each rate tried with its stability, the largest stable one (None: none), and the
    validation loss at the first rate."""

    warmup: int
    tried: list[tuple[float, Stability]]
    largest: float | None
    loss: float


def stress_warmups(settings: TuneSettings, rate: float, run: Try) -> list[WarmupLimit]:
    """For each warm-up, double the rate until it is unstable, or halve it until it is stable."""
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

    If there is none, the one with the largest stable rate; None if no warm-up was stable at any rate.
    """
    enough = [limit for limit in limits if limit.largest is not None and limit.largest >= margin * rate]
    if enough:
        lowest = min(limit.loss for limit in enough)
        return min((limit for limit in enough if limit.loss <= lowest + noise), key=lambda limit: limit.warmup)
    standing = [limit for limit in limits if limit.largest is not None]
    return max(standing, key=lambda limit: limit.largest or 0, default=None)

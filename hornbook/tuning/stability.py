"""Was a training stable? From its losses alone (report §3: the warm-up is stress-tested)."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

WINDOW = 8  # steps: one strange batch is no instability
Verdict = Literal["stable", "not finite", "climbs", "lost"]


def smooth(losses: Sequence[float]) -> np.ndarray:
    """Running medians over WINDOW steps (over all, where there are fewer); one for each full window."""
    values = np.asarray(losses, float)
    window = min(WINDOW, len(values))
    return np.median(np.lib.stride_tricks.sliding_window_view(values, window), axis=1)


def climb(losses: Sequence[float]) -> float:
    """The most that the smoothed loss rises above its lowest value before, in nats; 0 for one that only falls."""
    smoothed = smooth(losses)
    return float((smoothed - np.minimum.accumulate(smoothed)).max())


def verdict(losses: Sequence[float], diverged: bool, reference: Sequence[float], tolerance: float) -> Verdict:
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

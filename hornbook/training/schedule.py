"""The learning rate over time (report §3): linear warm-up, then linear decay."""


def rate(step: int, steps: int, peak: float, warmup_share: float) -> float:
    """The learning rate of step 0 <= `step` < `steps`: up to `peak` over the warm-up, then down towards zero."""
    warmup = max(1, round(warmup_share * steps))
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * (steps - step) / (steps - warmup + 1)

"""Known hardware, for estimates of time and memory."""

from dataclasses import dataclass

from hornbook.base.errors import HornbookError
from hornbook.base.settings import nearest

GIB = 2**30


@dataclass(frozen=True)
class Hardware:
    """`count` devices of one kind: peak FLOP/s of each (dense bf16; CPU: fp32 of one core), its memory in bytes, and
    the typical utilisation in training."""

    name: str
    peak: float
    memory: int
    utilisation: float
    count: int = 1

    @property
    def half(self) -> bool:
        """Whether training uses bfloat16 by default."""
        return self.name != "cpu"

    @property
    def flops_per_second(self) -> float:
        return self.count * self.peak * self.utilisation


_KNOWN = {
    "cpu": (75e9, 8 * GIB, 0.65),
    "rtx4090": (165e12, 24 * GIB, 0.4),
    "a100": (312e12, 80 * GIB, 0.4),
    "h100": (989e12, 80 * GIB, 0.4),
    "h200": (989e12, 141 * GIB, 0.4),
    "b200": (2250e12, 180 * GIB, 0.35),
    "mi300x": (1307e12, 192 * GIB, 0.35),
}


def parse_hardware(text: str) -> Hardware:
    """`NAME` or `NAME:COUNT`, e.g. `h100:1920`. Raises HornbookError for an unknown name or a bad count."""
    name, _, count = text.partition(":")
    if name not in _KNOWN:
        raise HornbookError(f"--hardware {text}: unknown hardware '{name}'{nearest(name, list(_KNOWN))}")
    if count and not (count.isdigit() and int(count) > 0):
        raise HornbookError(f"--hardware {text}: expected NAME or NAME:COUNT, e.g. h100:1920")
    return Hardware(name, *_KNOWN[name], count=int(count or 1))

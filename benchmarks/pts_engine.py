"""Part (c): tokens per second of the rollout engine alone, beside `model.generate`."""

from pathlib import Path
from typing import Any

from benchmarks.engine_speed import measure
from benchmarks.harness import Claim, number, show, span
from benchmarks.models import smollm2

FULL: dict[str, Any] = {"prefixes": 16, "new_tokens": 64, "repeats": 3}
QUICK: dict[str, Any] = {"prefixes": 4, "new_tokens": 8, "repeats": 1, "batches": (5, 16)}


def run(*, quick: bool, cache: Path, threads: int) -> list[Claim]:
    """Measure, print the table, and return the claims."""
    found = measure(smollm2(cache), threads=threads, **(QUICK if quick else FULL))
    title = (
        f"(c) SmolLM2-135M-Instruct, {found['dtype']}, {threads} threads: {found['new_tokens']} tokens after each of "
        f"{found['prefixes']} prefixes of {found['prefix_tokens']} tokens, {found['rollouts']} times"
    )
    rows = [
        [name, *(f"{number(kind[name]['middle'])} ({span(kind[name]['low'], kind[name]['high'])})" for kind in kinds)]
        for kinds in [(found["tokens_per_second"], found["tokens_per_cpu_second"])]
        for name in kinds[0]
    ]
    show(title, ["", "tokens/s", "tokens/CPU s"], rows)
    speeds = found["tokens_per_second"]
    return [
        claim("(c) engine beside generate at its best batch", speeds["engine"], speeds[found["best_generate"]], 3),
        claim("(c) engine beside generate in batches of five", speeds["engine"], speeds["generate 5"], 20),
    ]


def claim(name: str, ours: dict[str, float], peer: dict[str, float], goal: float) -> Claim:
    """Middles compared; the range is that of the slowest beside the fastest, either way."""
    ratio = ours["middle"] / peer["middle"]
    low, high = ours["low"] / peer["high"], ours["high"] / peer["low"]
    return Claim(name, ours["middle"], peer["middle"], "tokens/s", ratio, low, high, f"{goal:g}×", ratio >= goal)

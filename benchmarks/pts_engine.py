"""Part (c): tokens per second of the rollout engine alone, beside `model.generate`."""

from pathlib import Path
from typing import Any

from benchmarks.engine_speed import measure
from benchmarks.harness import Claim, number, show, span
from benchmarks.models import pocket_model, smollm2

FULL: dict[str, dict[str, Any]] = {
    "pocket SFT model": {"prefixes": 16, "rollouts": 16, "new_tokens": 64, "repeats": 3},
    "SmolLM2-135M-Instruct": {"prefixes": 8, "rollouts": 16, "new_tokens": 32, "repeats": 2},
}
QUICK: dict[str, Any] = {"prefixes": 4, "new_tokens": 8, "repeats": 1, "batches": (5, 16)}


def run(*, quick: bool, given: Path | None, cache: Path, threads: int) -> list[Claim]:
    """Measure, print the tables, and return the claims."""
    folders = dict(zip(FULL, (pocket_model(given), smollm2(cache)), strict=True))
    return [
        claim
        for name, settings in FULL.items()
        for claim in compared(name, measure(folders[name], threads=threads, **(QUICK if quick else settings)))
    ]


def compared(name: str, found: dict[str, Any]) -> list[Claim]:
    title = (
        f"(c) {name}, {found['dtype']}, {found['threads']} threads: {found['new_tokens']} tokens after each of "
        f"{found['prefixes']} prefixes of {found['prefix_tokens']} tokens, {found['rollouts']} times"
    )
    rows = [
        [side, *(f"{number(kind[side]['middle'])} ({span(kind[side]['low'], kind[side]['high'])})" for kind in kinds)]
        for kinds in [(found["tokens_per_second"], found["tokens_per_cpu_second"])]
        for side in kinds[0]
    ]
    show(title, ["", "tokens/s", "tokens/CPU s"], rows)
    speeds = found["tokens_per_second"]
    return [
        claim(f"(c) {name}: engine and generate, best batch", speeds["engine"], speeds[found["best_generate"]], 3),
        claim(f"(c) {name}: engine and generate, batches of 5", speeds["engine"], speeds["generate 5"], 20),
    ]


def claim(name: str, ours: dict[str, float], peer: dict[str, float], goal: float) -> Claim:
    """Middles compared; the range is that of the slowest beside the fastest, either way."""
    ratio = ours["middle"] / peer["middle"]
    low, high = ours["low"] / peer["high"], ours["high"] / peer["low"]
    return Claim(name, ours["middle"], peer["middle"], "tokens/s", ratio, low, high, f"{goal:g}×", ratio >= goal)

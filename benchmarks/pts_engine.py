"""Part (c): tokens per second of the rollout engine alone, beside `model.generate`."""

from pathlib import Path
from typing import Any

from benchmarks.engine_speed import measure
from benchmarks.harness import Claim, number, show, span
from benchmarks.models import pocket_model, pocket_questions, smollm2
from benchmarks.pts_questions import questions

POCKET, SMOLLM2 = "pocket SFT model", "SmolLM2-135M-Instruct"
# 20 rollouts a prefix: what the search of `make demo` samples on average
FULL: list[tuple[str, dict[str, Any]]] = [
    (POCKET, {"workload": "search", "prefixes": 140, "rollouts": 20, "new_tokens": 100, "batches": (5, 64, 128)}),
    (POCKET, {"workload": "random", "prefixes": 16, "rollouts": 16, "new_tokens": 64, "batches": (5, 64, 128)}),
    (
        SMOLLM2,
        {"workload": "search", "prefixes": 56, "rollouts": 20, "new_tokens": 100, "batches": (5, 64), "fives": 4},
    ),
    (SMOLLM2, {"workload": "random", "prefixes": 8, "rollouts": 16, "new_tokens": 32, "batches": (5, 64), "fives": 3}),
]
QUICK: dict[str, Any] = {"prefixes": 4, "new_tokens": 16, "batches": (5, 16), "fives": 1}
ASKED = 20  # questions of each task


def run(*, quick: bool, given: Path | None, cache: Path, threads: int) -> list[Claim]:
    """Measure, print the tables, and return the claims."""
    pocket, small = pocket_model(given), smollm2(cache)
    folders = {POCKET: (pocket, pocket_questions(pocket)), SMOLLM2: (small, questions(ASKED, 0))}
    claims: list[Claim] = []
    for name, settings in FULL[:2] if quick else FULL:  # the larger model takes a minute and more
        repeats = {"repeats": 1 if quick else 3 if name == POCKET else 2}
        found = measure(*folders[name], threads=threads, **settings | (QUICK if quick else {}) | repeats)
        claims += compared(f"{name}, {settings['workload']}", found)
    return claims


def compared(name: str, found: dict[str, Any]) -> list[Claim]:
    title = (
        f"(c) {name}, {found['dtype']}, {found['threads']} threads: up to {found['new_tokens']} tokens after each of "
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

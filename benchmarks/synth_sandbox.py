"""Ours alone: what a run in the sandbox takes, and how many records a second the checks of a code kind can judge."""

import subprocess
import time
from statistics import median, quantiles

from benchmarks.harness import Claim
from benchmarks.synth_bench import Bench, shown
from benchmarks.synth_sides import OURS
from hornbook.sandbox.bubblewrap import interpreter
from hornbook.sandbox.python import run_python

HELLO = "print('hello')"


def sandbox(bench: Bench) -> list[Claim]:
    """Milliseconds per run, beside the same program in a bare interpreter."""
    boxed, bare = list[float](), list[float]()
    for _ in range(bench.sandbox_runs):
        start = time.perf_counter()
        outcome = run_python(HELLO)
        boxed.append(1000 * (time.perf_counter() - start))
        assert outcome.stdout == "hello\n"
        start = time.perf_counter()
        subprocess.run([interpreter(), "-S", "-s", "-P", "-c", HELLO], check=True, capture_output=True)
        bare.append(1000 * (time.perf_counter() - start))
    deciles = quantiles(boxed, n=10)
    text = f"{median(boxed):.1f} (a tenth above {deciles[-1]:.1f}; without the sandbox {median(bare):.1f})"
    bench.row("a run in the sandbox, ms", {OURS.name: text})
    return [shown("A run in the sandbox", [deciles[0], median(boxed), deciles[-1]], "ms")]

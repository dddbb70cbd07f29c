"""Ours alone: what a run in the sandbox takes, and how many records a second the checks of a code kind can judge."""

import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median, quantiles

from benchmarks.harness import Claim
from benchmarks.synth_bench import Bench, shown, spread
from benchmarks.synth_sides import OURS
from hornbook.sandbox.bubblewrap import interpreter
from hornbook.sandbox.python import run_python

HELLO = "print('hello')"
GOOD = """\
def running(numbers):
    total, sums = 0, []
    for number in numbers:
        total += number
        sums.append(total)
    return sums
"""
BROKEN = GOOD.replace("total += number", "total = number")
TESTS = """
assert running([]) == []
assert running([1, 2, 3]) == [1, 3, 6]
assert running(range(1000))[-1] == 499500
"""


def sandbox(bench: Bench) -> list[Claim]:
    """Milliseconds per run, beside the same program in a bare interpreter; records judged a second."""
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
    rates = [judged_a_second(bench.sandbox_runs) for _ in range(bench.rounds)]
    text = f"{median(boxed):.1f} (a tenth above {deciles[-1]:.1f}; without the sandbox {median(bare):.1f})"
    bench.row("a run in the sandbox, ms", {OURS.name: text})
    bench.row("code records judged a second", {OURS.name: spread(rates)})
    return [
        shown("A run in the sandbox", [deciles[0], median(boxed), deciles[-1]], "ms"),
        shown("Code records judged", rates, "records/s"),
    ]


def judged_a_second(records: int) -> float:
    """As code kinds judge: the tests must pass on the function and fail on a broken variant, two runs a record."""

    def good(_: int) -> bool:
        return run_python(GOOD + TESTS).exit_code == 0 and run_python(BROKEN + TESTS).exit_code != 0

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        start = time.perf_counter()
        judged = list(pool.map(good, range(records)))
    assert all(judged)
    return records / (time.perf_counter() - start)

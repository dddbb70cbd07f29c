"""Time of a run in the sandbox, and records per second in the checks of a code kind (without a peer)."""

import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median, quantiles

from benchmarks.harness import Claim
from benchmarks.synth_bench import Bench, shown, spread
from benchmarks.synth_sides import OURS
from hornbook.sandbox.bubblewrap import python_interpreter
from hornbook.sandbox.process import run_python
from hornbook.synthetic.programs.behaviour import behaviour, same_behaviour
from hornbook.synthetic.programs.mutants import broken_variants

HELLO = "print('hello')"
FUNCTION = """\
def running_{number}(numbers):
    total, sums = {number}, []
    for number in numbers:
        total += number
        sums.append(total)
    return sums
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
        subprocess.run([python_interpreter(), "-S", "-s", "-P", "-c", HELLO], check=True, capture_output=True)
        bare.append(1000 * (time.perf_counter() - start))
    deciles = quantiles(boxed, n=10)
    runs = bench.sandbox_runs
    rates = [judged_a_second(runs, runs * number) for number in range(bench.rounds)]
    text = f"{median(boxed):.1f} (a tenth above {deciles[-1]:.1f}; without the sandbox {median(bare):.1f})"
    bench.row("a run in the sandbox, ms", {OURS.name: text})
    bench.row("code records judged a second", {OURS.name: spread(rates)})
    return [
        shown("A run in the sandbox", [deciles[0], median(boxed), deciles[-1]], "ms"),
        shown("Code records judged", rates, "records/s"),
    ]


def judged_a_second(records: int, first: int = 0) -> float:
    """As code kinds judge, each record another function: what it does is found out, broken variants of it are found
    (some result must differ), and what a teacher might have written for it is compared: three runs a record.

    Functions are numbered from `first`: one seen before would not be run again.
    """

    def judge(number: int) -> bool:
        code = FUNCTION.format(number=number)
        cases = behaviour(code)
        return bool(broken_variants(code)) and same_behaviour(code, f"running_{number}", cases) == 1.0

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        start = time.perf_counter()
        judged = list(pool.map(judge, range(first, first + records)))
    assert all(judged)
    return records / (time.perf_counter() - start)

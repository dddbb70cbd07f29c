"""Time to judge one Python program, compared with the same program and tests in one sandboxed process, in turns.

    python -m benchmarks.judging_program [--runs 60] --json FILE

One process is what a harness takes that lets a program say whether it is right; the goal is at most twice that.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

import msgspec

from benchmarks.harness import Claim, show_claims, write_claims
from hornbook.base.records import Question
from hornbook.oracles.code import score_code
from hornbook.oracles.settings import OracleSettings
from hornbook.sandbox.process import run_python

TESTS = ["assert add(1, 2) == 3", "assert add(2, 2) == 4", "assert add(-1, 1) == 0"]
PROGRAM = "def add(a, b):\n    return a + b  # {number}\n"
MOST = 2.0  # times one process


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=60, help="runs of each side")
    parser.add_argument("--json", type=Path, help="where the claims go")
    arguments = parser.parse_args()
    taken: dict[Callable[[int], None], list[float]] = {judge: [], run_together: []}
    for number in range(arguments.runs + 1):
        for side, times in taken.items():
            start = time.perf_counter()
            side(number)
            if number:  # the first run looks for bubblewrap and compiles the modules that run inside
                times.append(1000 * (time.perf_counter() - start))
    ours, together = taken[judge], taken[run_together]
    better = median(together) / median(ours)
    high, *_, low = [median(together) / decile for decile in quantiles(ours, n=10)]
    goal = f"at most {MOST:g} times one process"
    met = better >= 1 / MOST
    claim = Claim("one program judged", median(ours), median(together), "ms", better, low, high, goal, met)
    show_claims([claim])
    if arguments.json:
        write_claims(arguments.json, [claim])


def judge(number: int) -> None:
    entry = msgspec.json.encode({"tests": TESTS}).decode()
    question = Question(id="q", task="code", prompt="?", oracle="code", entry=entry)
    reply = f"```python\n{PROGRAM.format(number=number)}```"
    assert score_code(question, reply, OracleSettings()).outcome == "correct"


def run_together(number: int) -> None:
    outcome = run_python("\n".join([PROGRAM.format(number=number), *TESTS, "print('passed')"]))
    assert outcome.stdout == "passed\n"


if __name__ == "__main__":
    main()

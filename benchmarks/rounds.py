"""The worker's side of a race: standard library only, because peers run it in a separate environment.

A worker is started as `PYTHON -m MODULE JOB.json` in the repository's root. It builds everything, then answers each
line on its standard input with one round: whole steps until `round_seconds` of the job are over, then one line of JSON,
`{"work": ..., "seconds": ..., "cpu": ..., "peak_mb": ...}`. It ends with its input. So two sides take turns, each
alone on the machine, and neither pays for starting again.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any


class Rounds:
    """Counts a worker's work and waits for its turn.

     Call `begin()` once, before the first step, and `step(work)` after each one. They return when it is this worker's
    turn; when the race is over the process ends. What anything else prints goes to standard error.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.answers = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)

    def begin(self) -> None:
        self._wait()

    def step(self, work: float) -> None:
        """`work` was done since the last call: real tokens, pairs."""
        self.work += work
        seconds = time.perf_counter() - self.wall
        if seconds >= self.seconds:
            cpu = time.process_time() - self.cpu
            self._say({"work": self.work, "seconds": seconds, "cpu": cpu, "peak_mb": peak_mb()})
            self._wait()

    def _say(self, answer: dict[str, float]) -> None:
        print(json.dumps(answer), file=self.answers, flush=True)

    def _wait(self) -> None:
        if not sys.stdin.readline():
            self.answers.flush()
            os._exit(0)  # trainers would catch an exception, or save a checkpoint on exit
        self.work, self.wall, self.cpu = 0.0, time.perf_counter(), time.process_time()


def peak_mb() -> float:
    """The peak of this process's resident memory; `ru_maxrss` would include the parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def job() -> dict[str, Any]:
    """What this worker was asked to do."""
    return json.loads(Path(sys.argv[1]).read_text())

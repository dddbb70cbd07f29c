"""Runs a step over shards in several processes, here or on a Ray cluster: the same function writes the same files."""

import contextlib
import ctypes
import os
import pickle
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Literal

from hornbook.base.errors import AGAIN, HornbookError
from hornbook.base.platform import cores
from hornbook.base.ray_cluster import connect_ray

MOST_DEATHS = 3  # of processes at one shard
PATIENT_SHARDS = 2  # that wait for each process, so that the reading of shards does not run far ahead
_START = "import sys; sys.path[:] = sys.argv[2:]; from hornbook.data.curation.run_shards import main; main()"
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ARROW_NUM_THREADS"), "1")

Step = Callable[[Path, int, str], None]  # (folder of the shards, number, settings as JSON)


def run_shards(
    step: Step, folder: Path, numbers: Iterable[int], settings: str, runner: Literal["local", "ray"], workers: int = 0
) -> Iterator[int]:
    """Run `step` for each shard; yields the numbers as they are done, in any order.

    `workers` processes (0: one a processor) take the shards; a single shard is done in this one. A shard whose process
    dies is done again by another. Raises what the step raises, and HornbookError if processes die repeatedly.
    """
    if runner == "ray":
        yield from _on_ray(step, folder, numbers, settings)
        return
    numbers = iter(numbers)
    first = list(islice(numbers, 2))
    workers = min(workers or cores(), len(first) if len(first) < 2 else 1 << 10)
    numbers = chain(first, numbers)
    if workers > 1:
        yield from _in_processes(step, folder, numbers, settings, workers)
        return
    for number in numbers:
        step(folder, number, settings)
        yield number


def _in_processes(step: Step, folder: Path, numbers: Iterable[int], settings: str, workers: int) -> Iterator[int]:
    pool = [_Process() for _ in range(workers)]
    deaths: Counter[int] = Counter()
    waiting: list[int] = []
    try:
        while True:
            waiting += islice(numbers, max(0, workers * PATIENT_SHARDS - len(waiting)))
            for process in pool:
                if waiting and process.shard is None:
                    process.begin(step, folder, waiting.pop(0), settings)
            busy = [process for process in pool if process.shard is not None]
            if not busy:
                return
            ready = wait([process.pipe for process in busy if process.pipe])
            for process in (process for process in busy if process.pipe in ready):
                number = process.shard
                assert number is not None
                if process.ended():
                    yield number
                    continue
                deaths[number] += 1
                if deaths[number] >= MOST_DEATHS:
                    raise HornbookError(_died(number))
                waiting.insert(0, number)
    finally:
        for process in pool:
            process.close()


class _Process:
    """A process that does one shard after the other; it is started when there is something for it to do."""

    def __init__(self) -> None:
        self.shard: int | None = None
        self.pipe: Connection | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self, step: Step, folder: Path, number: int, settings: str) -> None:
        if self.pipe is None:
            self._start()
        assert self.pipe
        self.shard = number
        with contextlib.suppress(OSError):  # it has died, which `ended` finds
            self.pipe.send_bytes(pickle.dumps((step, folder, number, settings)))

    def ended(self) -> bool:
        """Whether the shard is done; if not, its process has died. Raises what the step raised."""
        assert self.pipe
        self.shard = None
        try:
            error = pickle.loads(self.pipe.recv_bytes())
        except (EOFError, OSError):
            self.close()
            return False
        if error:
            raise error
        return True

    def close(self) -> None:
        if self._process and self.pipe:
            self._process.kill()
            self._process.wait()
            self.pipe.close()
        self._process = self.pipe = None

    def _start(self) -> None:
        self.pipe, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START, str(theirs.fileno()), *map(os.path.abspath, sys.path)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=os.environ | _ONE_THREAD,
            )


def main() -> None:
    """A process of the pool: it does what comes through the pipe whose number is its first argument."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: nobody else may write when the run goes on
    pipe = Connection(int(sys.argv[1]))
    while True:
        try:
            step, folder, number, settings = pickle.loads(pipe.recv_bytes())
        except EOFError:
            return
        error: Exception | None = None
        try:
            step(folder, number, settings)
        except Exception as raised:  # raised again by the process that waits for it
            error = raised
        pipe.send_bytes(pickle.dumps(error))


def _on_ray(step: Step, folder: Path, numbers: Iterable[int], settings: str) -> Iterator[int]:
    """The folder must be on a disk that all nodes of the cluster share."""
    ray = connect_ray("runner: ray")
    task = ray.remote(step).options(num_cpus=1, max_retries=MOST_DEATHS - 1)
    most = PATIENT_SHARDS * int(ray.cluster_resources().get("CPU", 1))
    running: dict[Any, int] = {}
    numbers = iter(numbers)
    while True:
        for number in islice(numbers, most - len(running)):
            running[task.remote(folder.absolute(), number, settings)] = number
        if not running:
            return
        (ended,), _ = ray.wait([*running], num_returns=1)
        number = running.pop(ended)
        try:
            ray.get(ended)
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, HornbookError):
                raise error.cause from None
            raise
        except ray.exceptions.RayError:
            raise HornbookError(_died(number)) from None
        yield number


def _died(number: int) -> str:
    return f"{MOST_DEATHS} processes died at shard {number}, perhaps for want of memory; {AGAIN}"

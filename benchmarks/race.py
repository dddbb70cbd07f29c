"""Run two or more workers in turns on the same work, and compare their speeds (`rounds` is the workers' side)."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.harness import Claim, number, show, span
from hornbook.base.errors import HornbookError

PEERS = Path(".venv-peers/bin/python")


class Racer(NamedTuple):
    """One side: `module` is run by our Python, or by the peers' if `peer`, with `job` as JSON."""

    name: str
    module: str
    job: dict[str, Any]
    peer: bool = False


class Result(NamedTuple):
    """Work per second and per CPU-second, round by round, and the peak of resident memory in MB."""

    rates: list[float]
    cpu_rates: list[float]
    peak_mb: float


def race(
    racers: Sequence[Racer], folder: Path, *, rounds: int, seconds: float, threads: int, peers: Path = PEERS
) -> dict[str, Result]:
    """Have every racer do one round to warm up and then `rounds` rounds in turns, each of about `seconds`.

    Raises HornbookError when the peers' environment is missing or a worker fails; its log is in `folder`.
    """
    if any(racer.peer for racer in racers) and not peers.exists():
        raise HornbookError(f"{peers}: the peers' environment is missing; run `make peers`")
    with ExitStack() as stack:
        workers = [stack.enter_context(_Worker(racer, folder, seconds, threads, peers)) for racer in racers]
        for number_ in range(1 + rounds):
            # every second round in reverse order, so that a machine that slows down affects all alike
            for worker in workers[:: 1 if number_ % 2 else -1]:
                worker.round(keep=number_ > 0)
    return {worker.name: Result(worker.rates, worker.cpu_rates, worker.peak_mb) for worker in workers}


class _Worker:
    def __init__(self, racer: Racer, folder: Path, seconds: float, threads: int, peers: Path) -> None:
        self.name, self.rates, self.cpu_rates, self.peak_mb = racer.name, list[float](), list[float](), 0.0
        folder.mkdir(parents=True, exist_ok=True)
        stem = racer.name.replace(" ", "-").replace(",", "").replace("/", "-")
        job, self.log = folder / f"{stem}.json", folder / f"{stem}.log"
        job.write_text(json.dumps({**racer.job, "round_seconds": seconds, "threads": threads}))
        self.opened = self.log.open("w")
        self.process = subprocess.Popen(
            [str(peers) if racer.peer else sys.executable, "-m", racer.module, str(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.opened,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "false"},
        )

    def __enter__(self) -> "_Worker":
        return self

    def round(self, keep: bool) -> None:
        assert self.process.stdin and self.process.stdout
        try:
            self.process.stdin.write("go\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended; its empty output is reported below
        line = self.process.stdout.readline()
        if not line:
            self.opened.flush()
            last = [text for text in self.log.read_text().splitlines() if text.strip()][-1:]
            raise HornbookError(f"{self.name}: the worker failed ({''.join(last)[:200]}); see {self.log}")
        done = json.loads(line)
        self.peak_mb = done["peak_mb"]
        if keep:
            self.rates.append(done["work"] / done["seconds"])
            self.cpu_rates.append(done["work"] / done["cpu"])

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin
        with suppress(BrokenPipeError):  # it has failed, which is being reported
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.opened.close()


def compare(name: str, ours: Result, peer: Result, unit: str, at_least: float) -> Claim:
    """How many times faster ours was than the peer, with the range over the rounds."""
    ratios = [mine / other for mine, other in zip(ours.rates, peer.rates, strict=True)]
    ratio = median(ratios)
    goal = f"at least {at_least:g}×"
    met = ratio >= at_least
    return Claim(name, median(ours.rates), median(peer.rates), unit, ratio, min(ratios), max(ratios), goal, met)


def show_results(title: str, results: dict[str, Result], unit: str) -> None:
    rows = [
        [
            name,
            number(median(r.rates)),
            span(min(r.rates), max(r.rates)),
            number(median(r.cpu_rates)),
            number(r.peak_mb),
        ]
        for name, r in results.items()
    ]
    show(title, ["", f"{unit} a second", "range", "a CPU-second", "peak MB"], rows)

"""Metrics files, trackers and progress line of a training run."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import msgspec

from hornbook.base.append_log import AppendLog, read_lines
from hornbook.base.workspace import Workspace
from hornbook.training.distributed import Ranks
from hornbook.training.settings import TrackerSettings
from hornbook.training.step import Update
from hornbook.training.throughput import FlopCost
from hornbook.training.trackers import open_trackers

METRICS, VALIDATION, TIMING = "metrics.jsonl", "validation.jsonl", "timing.jsonl"


class TrainingLog:
    """Writes metrics during a run, in the first process only. Use as a context manager.

    Args:
        tokens: approximate total number.
        start: the step from which training continues; metrics of later steps are removed.
        cost: of the model, to compute throughput.
        peak: floating-point operations per second of all processes together.
    """

    def __init__(
        self,
        work: Workspace,
        trackers: TrackerSettings,
        tokens: int,
        start: int,
        cost: FlopCost,
        peak: float,
        ranks: Ranks,
    ) -> None:
        self.work, self.where, self.total, self.start, self.first = work, trackers, tokens, start, ranks.first
        self.cost, self.peak = cost, peak
        self.stack = ExitStack()

    def __enter__(self) -> Self:
        if self.first:
            files = (self.work.path / name for name in (METRICS, VALIDATION, TIMING))
            self.metrics, self.validations, self.timing = [
                self.stack.enter_context(MetricsFile(file, self.start)) for file in files
            ]
            self.tokens = self.metrics.last["tokens"] if self.metrics.last else 0
            self.trackers = self.stack.enter_context(open_trackers(self.where, self.work))
            self.bar = self.stack.enter_context(self.work.progress("", self.total, "tokens", self.tokens))
            self.began = time.perf_counter()
        return self

    def __exit__(self, *error: Any) -> None:
        self.stack.__exit__(*error)

    def step(self, step: int, learning_rate: float, update: Update) -> None:
        if not self.first:
            return
        now = time.perf_counter()
        seconds, self.began = now - self.began, now
        tokens = int(update.work.tokens)
        self.tokens += tokens
        counts = {"tokens": self.tokens, "targets": int(update.work.targets)}
        figures = {**counts, **update.figures, "learning_rate": learning_rate}
        speed = {
            "tokens_per_second": tokens / seconds,
            "peak_share": self.cost.flops(update.work) / seconds / self.peak,
        }
        self.metrics.add(step=step, **figures)
        self.timing.add(step=step, seconds=seconds, **speed)
        self.trackers.log(step, {**figures, **speed})
        note = f"loss {update.figures['loss']:.3f}, {speed['tokens_per_second']:,.0f} tokens/s"
        self.bar.advance(tokens, note=f"{note}, {speed['peak_share']:.0%} of matmul peak")

    def validation(self, step: int, figures: dict[str, float]) -> None:
        """Write a measurement, unless it was already written before the run was killed."""
        if not self.first:
            return
        if self.validations.last is None or step > self.validations.last["step"]:
            self.validations.add(step=step, tokens=self.tokens, **figures)
            self.trackers.log(step, {f"validation/{name}": value for name, value in figures.items()})
        self.began = time.perf_counter()

    def sync(self) -> None:
        """Flush all files to disk, before a checkpoint marks these steps as done."""
        if self.first:
            self.metrics.sync()
            self.validations.sync()


class MetricsFile:
    """An append-only file of JSON lines with a `step` each. Use as a context manager.

    Args:
        path: the file; created if missing.
        upto: lines of later steps, and a torn last line, are removed on opening.

    Attributes:
        last: the last line, if any.
    """

    def __init__(self, path: Path, upto: int) -> None:
        self.last: dict[str, Any] | None = None
        self._log = AppendLog(path)
        end = 0
        for start, line in self._log.new_lines():
            row = msgspec.json.decode(line)
            if row["step"] > upto:
                break
            self.last, end = row, start + len(line) + 1
        self._log.truncate(end)

    def add(self, **row: Any) -> None:
        self.last = row
        self._log.append(msgspec.json.encode(row))

    def sync(self) -> None:
        """Flush all lines to disk."""
        self._log.sync()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._log.close()


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The complete lines of a metrics file; none if there is no such file."""
    return [msgspec.json.decode(line) for line in read_lines(path)]

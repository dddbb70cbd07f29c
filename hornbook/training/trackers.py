"""Metrics to where people look at them: Weights & Biases and TensorBoard, beside the journals, which have them always.

A tracker must not hold up or stop a training run. Each sits behind a thread of its own and a queue: what it cannot take
is counted, warned of once, and training goes on.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import Full, Queue
from threading import Thread
from typing import Any, Protocol

from hornbook.base.errors import one_line
from hornbook.base.files import write_text
from hornbook.base.packages import missing
from hornbook.base.progress import console
from hornbook.base.workspace import Workspace
from hornbook.training.settings import TrackerSettings

STEPS_WAITING = 10_000  # so far a tracker may fall behind before steps are dropped
SECONDS_TO_CONNECT = 30
SECONDS_TO_FINISH = 30  # for what is still on its way when training is over
RUN_ID = ".wandb-run"  # which run a resumed training goes on with; gone when it is finished


class Tracker(Protocol):
    """Somewhere to send figures to. Any call may raise or take long."""

    name: str

    def start(self, step: int) -> None:
        """Called before the first figures, which are those of `step`; later steps were logged by a killed attempt."""

    def log(self, step: int, figures: Mapping[str, float]) -> None: ...

    def finish(self) -> None: ...


class Trackers:
    """Several trackers (or none) as one."""

    def __init__(self, lines: "list[_Line]") -> None:
        self._lines = lines

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        """Send the figures of a step; returns at once. Several calls for one step add up."""
        for line in self._lines:
            line.log(step, figures)


@contextmanager
def open_trackers(settings: TrackerSettings, work: Workspace) -> Iterator[Trackers]:
    """The trackers that the settings ask for. Of several processes, only the first should open them.

    Raises HornbookError, naming the extra to install, when a tracker's package is missing.
    """
    trackers: list[Tracker] = []
    if settings.wandb:
        trackers.append(WeightsAndBiases(settings.wandb, work))
    if settings.tensorboard:
        trackers.append(TensorBoard(Path(settings.tensorboard) / work.path.name))
    lines = [_Line(tracker) for tracker in trackers]
    try:
        yield Trackers(lines)
    finally:
        for line in lines:
            line.close()
    (work.path / RUN_ID).unlink(missing_ok=True)


class WeightsAndBiases:
    """A run of a Weights & Biases project. `WANDB_MODE=offline` keeps it on disk for `wandb sync`.

    A resumed training goes on with the same run. Steps that were sent before the kill are dropped by W&B when they
    come again; they are the same figures.
    """

    name = "Weights & Biases"

    def __init__(self, project: str, work: Workspace) -> None:
        try:
            import wandb
        except ImportError:
            raise missing("trackers.wandb", "wandb") from None
        self.wandb, self.project, self.work = wandb, project, work

    def start(self, step: int) -> None:
        file = self.work.path / RUN_ID
        if not file.exists():
            write_text(file, os.urandom(8).hex())
        self.run = self.wandb.init(
            project=self.project,
            name=self.work.name,
            id=file.read_text(),
            resume="allow",
            settings=self.wandb.Settings(init_timeout=SECONDS_TO_CONNECT),
        )

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        self.run.log(dict(figures), step=step)

    def finish(self) -> None:
        self.run.finish()


class TensorBoard:
    """Event files in a folder. A resumed training hides what was written of the steps that it does again."""

    name = "TensorBoard"

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise missing("trackers.tensorboard", "tensorboard") from None
        self.open, self.folder = SummaryWriter, folder

    def start(self, step: int) -> None:
        self.writer: Any = self.open(str(self.folder), purge_step=step, flush_secs=10)

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            self.writer.add_scalar(name, value, step)

    def finish(self) -> None:
        self.writer.close()


class _Line:
    """One tracker behind a thread; it is started with the first figures, so a run with nothing left to do has none."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self.given = self.taken = 0
        self.warned = False
        self.waiting: Queue[tuple[int, Mapping[str, float]] | None] = Queue(STEPS_WAITING)
        self.thread: Thread | None = None

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        self.given += 1
        if self.thread is None:
            self.thread = Thread(target=self._send, args=(step,), name=self.tracker.name, daemon=True)
            self.thread.start()
        try:
            self.waiting.put_nowait((step, figures))
        except Full:
            self._warn("it does not keep up")

    def close(self) -> None:
        """Wait a while for what is on its way; say how much was lost."""
        if self.thread is None:
            return
        try:
            self.waiting.put(None, timeout=SECONDS_TO_FINISH)
            self.thread.join(SECONDS_TO_FINISH)
        except Full:
            pass
        if self.thread.is_alive():
            self._warn(f"it did not finish within {SECONDS_TO_FINISH} s")
        if self.taken < self.given:
            console.print(f"  {self.tracker.name}: {self.given - self.taken:,} of {self.given:,} steps were not logged")

    def _send(self, first: int) -> None:
        started = self._try(self.tracker.start, first)
        while (item := self.waiting.get()) is not None:
            if started and self._try(self.tracker.log, *item):
                self.taken += 1
        if started:
            self._try(self.tracker.finish)

    def _try(self, call: Any, *arguments: Any) -> bool:
        try:
            call(*arguments)
        except Exception as error:  # whatever it is: the run is worth more than its picture
            self._warn(one_line(error))
            return False
        return True

    def _warn(self, reason: str) -> None:
        if not self.warned:  # not in the book, which must not depend on a network
            self.warned = True
            console.print(
                f"  [yellow]warning[/yellow] {self.tracker.name}: {reason}; training goes on, metrics.jsonl has all"
            )

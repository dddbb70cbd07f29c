"""Send metrics to Weights & Biases and TensorBoard, in addition to the metrics files.

A tracker must not delay or stop a training run. Each has a thread and a queue of its own: steps that it cannot log are
counted, with one warning, and training continues.
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
from hornbook.base.packages import missing_package
from hornbook.base.progress import console
from hornbook.base.workspace import Workspace
from hornbook.training.settings import TrackerSettings

STEPS_WAITING = 10_000  # queue size, beyond which steps are dropped
SECONDS_TO_CONNECT = 30
SECONDS_TO_FINISH = 30  # for queued steps when training is over
RUN_ID = ".wandb-run"  # file with the id of the run that a resumed training continues; removed when finished


class Tracker(Protocol):
    """A destination for figures. Any call may raise or take long."""

    name: str

    def start(self, step: int) -> None:
        """Called before the first figures, those of `step`; a killed attempt may have logged later steps."""

    def log(self, step: int, figures: Mapping[str, float]) -> None: ...

    def finish(self) -> None: ...


class Trackers:
    """Several trackers (or none) as one."""

    def __init__(self, lines: "list[_TrackerThread]") -> None:
        self._lines = lines

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        """Send the figures of a step without waiting. Several calls for one step are combined."""
        for line in self._lines:
            line.log(step, figures)


@contextmanager
def open_trackers(settings: TrackerSettings, work: Workspace) -> Iterator[Trackers]:
    """The trackers in the settings. Of several processes, only the first should open them.

    Raises HornbookError, naming the extra to install, when a tracker's package is missing.
    """
    trackers: list[Tracker] = []
    if settings.wandb:
        trackers.append(WeightsAndBiases(settings.wandb, work))
    if settings.tensorboard:
        trackers.append(TensorBoard(Path(settings.tensorboard) / work.path.name))
    lines = [_TrackerThread(tracker) for tracker in trackers]
    try:
        yield Trackers(lines)
    finally:
        for line in lines:
            line.close()
    (work.path / RUN_ID).unlink(missing_ok=True)


class WeightsAndBiases:
    """A run of a Weights & Biases project. `WANDB_MODE=offline` keeps it on disk for `wandb sync`.

    A resumed training continues the same run. W&B ignores steps that were already sent before the training was killed;
    their figures are the same.
    """

    name = "Weights & Biases"

    def __init__(self, project: str, work: Workspace) -> None:
        try:
            import wandb
        except ImportError:
            raise missing_package("trackers.wandb", "wandb") from None
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
    """Event files in a folder. A resumed training hides earlier events of the steps that it repeats."""

    name = "TensorBoard"

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise missing_package("trackers.tensorboard", "tensorboard") from None
        self.open, self.folder = SummaryWriter, folder

    def start(self, step: int) -> None:
        self.writer: Any = self.open(str(self.folder), purge_step=step, flush_secs=10)

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            self.writer.add_scalar(name, value, step)

    def finish(self) -> None:
        self.writer.close()


class _TrackerThread:
    """One tracker with its thread, which is started with the first figures."""

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
        """Wait for queued steps up to a limit, and report how many were lost."""
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
        except Exception as error:  # any error: it must not stop the run
            self._warn(one_line(error))
            return False
        return True

    def _warn(self, reason: str) -> None:
        if not self.warned:  # only on the console: the workspace must not depend on the network
            self.warned = True
            console.print(
                f"  [yellow]warning[/yellow] {self.tracker.name}: {reason}; training continues, metrics.jsonl has all"
            )

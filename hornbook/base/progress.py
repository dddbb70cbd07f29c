"""A progress bar on a terminal, or a line every 15 seconds in a log file, with the rate and the time left."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

SECONDS_BETWEEN_LOG_LINES = 15.0
LOG_WIDTH = 160  # columns of a table where the output is a file or a pipe


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Let `main` end the program, as with any other output whose reader has closed; rich would exit with code 1."""
        raise BrokenPipeError


console = _Console(stderr=True, highlight=False)  # messages and progress
answers = _Console(highlight=False)  # results: tables and paths
for _console in (console, answers):
    if not _console.is_terminal:
        _console.width = LOG_WIDTH


class Bar(Protocol):
    def advance(self, amount: float = 1, note: str = "") -> None:
        """Count `amount` more units as done; `note` is shown at the end of the line (a loss, a yield)."""


@contextmanager
def progress(label: str, total: float, unit: str = "", done: float = 0) -> Iterator[Bar]:
    """Show progress towards `total` units; `done` counts those that an earlier attempt has finished."""
    if console.is_terminal:
        with _live() as live:
            task = live.add_task(label, total=total, completed=int(done), unit=unit, note="")
            yield _LiveBar(live, task)
    else:
        bar = _LogBar(label, total, unit, done)
        yield bar
        bar.finish()


def _live() -> Progress:
    return Progress(
        TextColumn("{task.description:<24}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[note]}"),
        console=console,
        transient=True,
    )


class _LiveBar:
    def __init__(self, live: Progress, task: TaskID) -> None:
        self.live, self.task = live, task

    def advance(self, amount: float = 1, note: str = "") -> None:
        fields = {"note": note} if note else {}
        self.live.update(self.task, advance=amount, **fields)  # type: ignore[arg-type]


class _LogBar:
    """Progress as lines of a log, where stderr is not a terminal."""

    def __init__(self, label: str, total: float, unit: str, done: float) -> None:
        self.label, self.total, self.unit = label, total, unit
        self.done = self.started_with = done
        self.started = self.last_line = time.monotonic()
        self.note = ""

    def advance(self, amount: float = 1, note: str = "") -> None:
        self.done += amount
        self.note = note or self.note
        now = time.monotonic()
        if now - self.last_line >= SECONDS_BETWEEN_LOG_LINES:
            self.last_line = now
            rate = (self.done - self.started_with) / (now - self.started)
            left = (self.total - self.done) / rate if rate > 0 else 0
            self._print(f"{rate:,.1f}/s, {left:.0f} s left {self.note}")

    def finish(self) -> None:
        if self.last_line > self.started:
            self._print(f"in {time.monotonic() - self.started:.0f} s {self.note}")

    def _print(self, text: str) -> None:
        print(f"  {self.label}: {self.done:,.0f} of {self.total:,.0f} {self.unit}, {text}", file=sys.stderr)

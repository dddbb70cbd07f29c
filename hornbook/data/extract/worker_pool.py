"""Extract documents in several processes, each with a limit on time and memory, and give the results in order."""

import contextlib
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple, Self

import msgspec

from hornbook.base.platform import cores
from hornbook.data.extract.containers import Member
from hornbook.data.extract.worker import READY, Extracted, extract_member

AHEAD = 64  # documents between the one that is given out next and the newest that is read
AHEAD_BYTES = 256 << 20
LOADING = 60.0  # seconds for imports, on a busy machine
_START = "import sys; sys.path[:] = sys.argv[4:]; from hornbook.data.extract.worker import main; main()"
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Limits(NamedTuple):
    """For the extraction of one document: seconds of time, megabytes of the process's memory."""

    seconds: float = 60.0
    megabytes: int = 2048


LIMITS = Limits()


class Slot:
    """An item of the stream and, as soon as it is known, its result."""

    def __init__(self, item: Any) -> None:
        self.item = item
        self.result: Any = None
        self.done = False

    def finish(self, result: Any) -> None:
        self.result, self.done = result, True


class Worker:
    """A process, started when it is first needed, and replaced after it has failed."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.slot: Slot | None = None
        self.pipe: Connection | None = None
        self.deadline = 0.0
        self._ready = False
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self, slot: Slot) -> None:
        self.slot = slot
        message = msgspec.msgpack.encode(slot.item, enc_hook=os.fsencode)  # for paths, which may be no Unicode
        for _ in range(2):  # one that died while it was idle is started again
            if self.pipe is None:
                self._start()
            assert self.pipe
            self.deadline = time.monotonic() + (self.limits.seconds if self._ready else LOADING)
            try:
                self.pipe.send_bytes(message)
                return
            except OSError:
                self.close()
        self._finish(Extracted(reason="crash: the extracting process cannot be started"))

    def receive(self) -> None:
        """Take the message that is there, or note that the process has died. The time of the first document begins
        when the process says that it is ready."""
        assert self.pipe
        try:
            message = self.pipe.recv_bytes()
            if not self._ready:
                self._ready = message == READY
                self.deadline = time.monotonic() + self.limits.seconds
                return
            answer = msgspec.msgpack.decode(message, type=Extracted)
        except (EOFError, OSError):
            self.close()
            answer = Extracted(
                reason="crash: this document kills the process that extracts it, or needs too much memory"
            )
        if answer.reason.startswith("out of memory"):
            self.close()  # what it still holds may fail the next one
        self._finish(answer)

    def stop_if_late(self) -> None:
        if self.slot and time.monotonic() > self.deadline:
            self.close()
            self._finish(Extracted(reason=f"timeout: not extracted within {self.limits.seconds:g} s"))

    def close(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
        if self.pipe:
            self.pipe.close()
        self._process = self.pipe = None
        self._ready = False

    def _finish(self, answer: Extracted) -> None:
        assert self.slot
        self.slot.finish(answer)
        self.slot = None

    def _start(self) -> None:
        self.pipe, theirs = Pipe()
        with contextlib.closing(theirs):
            numbers = (str(theirs.fileno()), str(self.limits.seconds), str(self.limits.megabytes))
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START, *numbers, *map(os.path.abspath, sys.path)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=os.environ | _ONE_THREAD,
            )


class WorkerPool:
    """Processes that extract, as many as there is work for, up to `workers`. Also a context manager."""

    def __init__(self, limits: Limits, workers: int = 0) -> None:
        self._workers = [Worker(limits) for _ in range(workers or cores())]
        self._waiting: deque[Slot] = deque()

    def submit(self, slot: Slot) -> None:
        self._waiting.append(slot)
        self._give_work()

    def wait(self) -> None:
        """Wait until at least one document is done."""
        busy = {worker.pipe: worker for worker in self._workers if worker.slot}
        soonest = min((worker.deadline for worker in busy.values()), default=0.0) - time.monotonic()
        for pipe in wait([pipe for pipe in busy if pipe], max(0.0, soonest)):
            busy[pipe].receive()  # type: ignore[index]
        for worker in busy.values():
            worker.stop_if_late()
        self._give_work()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.close()

    def _give_work(self) -> None:
        for worker in sorted(self._workers, key=lambda worker: worker.pipe is None):  # running ones first
            if self._waiting and not worker.slot:
                worker.begin(self._waiting.popleft())


def extract_in_order(
    items: Iterable[Any], limits: Limits, workers: int = 0, here: Callable[[Member], bool] = lambda member: False
) -> Iterator[tuple[Any, Any]]:
    """The items, each with its result: that of a Member is an Extracted, every other item is its own.

    `workers` processes are started (0: one a processor), none if there is nothing for them. `here` says which members
    are extracted in this process, which saves the start. The order, and how far is read ahead, do not depend on that.
    """
    slots: deque[Slot] = deque()
    held = 0
    with WorkerPool(limits, workers) as pool:
        for item in items:
            slot = Slot(item)
            slots.append(slot)
            if not isinstance(item, Member):
                slot.finish(item)
            elif here(item):
                slot.finish(extract_member(item))
            else:
                pool.submit(slot)
            held += _size(item)
            while slots and (slots[0].done or len(slots) >= AHEAD or held >= AHEAD_BYTES):
                held -= _size(slots[0].item)
                yield _taken(slots, pool)
        while slots:
            yield _taken(slots, pool)


def _taken(slots: deque[Slot], pool: WorkerPool) -> tuple[Any, Any]:
    while not slots[0].done:
        pool.wait()
    slot = slots.popleft()
    return slot.item, slot.result


def _size(item: Any) -> int:
    return len(item.data) if isinstance(item, Member) else 0

"""Extraction in processes: in order, and a document that hangs, crashes or needs too much memory is lost alone."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from hornbook.data.extract.containers import Member, Place
from hornbook.data.extract.worker import Extracted
from hornbook.data.extract.worker_pool import Limits, Slot, Worker, extract_in_order


def member(name: str, data: bytes) -> Member:
    return Member(name, data, Place(Path(), Path(name)), metadata={"license": "MIT"})


def texts(results: Any) -> list[str]:
    return [result.document.text if result.document else result.reason for _, result in results]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_results_come_in_order(workers: int) -> None:
    items = [member(f"{n}.txt", f"text {n}".encode() * (1 + n * 37 % 5_000)) for n in range(150)]
    found = extract_in_order(items, Limits(), workers)
    assert texts(found) == [item.data.decode() for item in items]


def test_other_items_keep_their_places_and_metadata_travels() -> None:
    items = [member("a.md", b"# Title\n"), "other", member("b.bin", b"\0\1\2\3"), "last"]
    (_, first), other, (_, second), last = extract_in_order(items, Limits(), 1)
    assert other == ("other", "other") and last == ("last", "last")
    assert first.document.metadata == {"license": "MIT", "title": "Title", "format": "markdown"}
    assert second.document is None and second.reason.startswith("binary file")


def outcome(worker: Worker, data: bytes, disturb: signal.Signals) -> Extracted:
    """What comes of a document whose process gets a signal while it extracts."""
    slot = Slot(member("a.txt", data))
    worker.begin(slot)
    assert worker._process and worker.pipe
    os.kill(worker._process.pid, disturb)
    worker.deadline = 0 if disturb == signal.SIGSTOP else worker.deadline
    while not slot.done:
        worker.stop_if_late() if disturb == signal.SIGSTOP else worker.receive()
    return slot.result  # type: ignore[no-any-return]


def test_a_process_that_hangs_or_dies_loses_one_document() -> None:
    worker = Worker(Limits(seconds=5))
    try:
        assert outcome(worker, b"text", signal.SIGSTOP).reason == "timeout: not extracted within 5 s"
        assert outcome(worker, b"text", signal.SIGKILL).reason.startswith("crash: this document kills the process")
        slot = Slot(member("a.txt", b"a good one"))
        worker.begin(slot)
        while not slot.done:
            worker.receive()
        assert slot.result.document.text == "a good one"
    finally:
        worker.close()


def test_a_document_that_needs_too_much_memory() -> None:
    items = [member("a.txt", b"line\n" * 8_000_000), member("b.txt", b"small")]
    first, second = texts(extract_in_order(items, Limits(megabytes=512), 1))
    assert first.startswith(("out of memory", "crash", "unreadable")) and second == "small"

"""Which records wait for answers that come in rounds: a round is complete when all of them do."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Record:
    """A record that is being processed, from when it is made. `working` are those beside it that do not wait for a
    round."""

    def __init__(self, working: set["Record"]) -> None:
        self.working = working
        self.calls = {True: 0, False: 0}  # under way, to teachers that answer in rounds and to others
        self.finished = False
        self.update()

    def update(self) -> None:
        waits = self.calls[True] and not self.calls[False]
        (self.working.discard if self.finished or waits else self.working.add)(self)

    def end(self) -> None:
        self.finished = True  # calls of it may still be under way, if another one failed
        self.update()


_current: ContextVar[Record | None] = ContextVar("record", default=None)


@contextmanager
def processing(record: Record) -> Iterator[None]:
    """The block processes a record; its `working` is shared by all that are processed together."""
    token = _current.set(record)
    try:
        yield
    finally:
        _current.reset(token)
        record.end()


@contextmanager
def call_under_way(*, in_rounds: bool) -> Iterator[None]:
    """The block waits for an answer, for the record that is being processed."""
    record = _current.get()
    if record is None:
        yield
        return
    record.calls[in_rounds] += 1
    record.update()
    try:
        yield
    finally:
        record.calls[in_rounds] -= 1
        record.update()


def working_beside() -> set[Record]:
    """The records that do not wait for a round, of those processed together with the one of this context; it changes as
    they do. Empty outside of `processing`."""
    record = _current.get()
    return set() if record is None else record.working

"""Process many records concurrently, each in a task of its own, so that a failed record affects no other."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from hornbook.teacher.errors import CallFailed
from hornbook.teacher.waiting import Record, processing

Item = TypeVar("Item")
Result = TypeVar("Result")


async def map_records(
    items: Sequence[Item],
    worker: Callable[[Item], Awaitable[Result]],
    on_done: Callable[[Item, Result | CallFailed], None] | None = None,
    *,
    limit: int = 1024,
) -> list[Result | CallFailed]:
    """Run `worker` on every item and return the results in the order of `items`.

    At most `limit` items are processed at a time. A CallFailed raised by a worker becomes that item's result. Any other
    exception (such as TeacherError) cancels all workers and is raised. `on_done(item, result)` is called when an item
    is finished, in any order: use it for progress only.
    """
    results: list[Result | CallFailed | None] = [None] * len(items)
    waiting = iter(range(len(items)))

    async def one(index: int) -> None:
        try:
            results[index] = await worker(items[index])
        except CallFailed as failure:
            results[index] = failure
        if on_done:
            on_done(items[index], results[index])  # type: ignore[arg-type]

    await work_off(lambda: next(waiting, None), one, limit=limit)
    return results  # type: ignore[return-value]


async def work_off(
    take: Callable[[], Item | None], worker: Callable[[Item], Awaitable[None]], *, limit: int = 1024
) -> None:
    """Run `worker` on the items that `take` gives, at most `limit` at a time, until none is processed and there is no
    next one. `take` gives None if there is nothing to start now; it is asked again when an item is finished.

    An exception raised by a worker, or by `take`, cancels all workers and is raised.
    """
    working: set[Record] = set()
    lanes: set[asyncio.Task[None]] = set()
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def start(item: Item | None) -> None:
        """New lanes, as long as there are items."""
        while item is not None:
            task = asyncio.create_task(lane(item, Record(working)))
            lanes.add(task)
            task.add_done_callback(leave)
            item = take() if len(lanes) < limit else None

    async def lane(item: Item | None, record: Record) -> None:
        while item is not None:
            with processing(record):
                await worker(item)
                item, record = take(), Record(working)  # at work before the last one ends: a round waits for it
            if item is not None and len(lanes) < limit:
                start(take())
        record.end()

    def leave(task: asyncio.Task[None]) -> None:
        lanes.discard(task)
        failure = None if task.cancelled() else task.exception()
        if not ended.done() and failure:
            ended.set_exception(failure)
        elif not ended.done() and not lanes:
            ended.set_result(None)

    try:
        start(take())
        if lanes:
            await ended
    finally:
        for task in lanes:
            task.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)

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
    working: set[Record] = set()

    async def lane() -> None:
        for index in waiting:
            with processing(working):
                try:
                    results[index] = await worker(items[index])
                except CallFailed as failure:
                    results[index] = failure
            if on_done:
                on_done(items[index], results[index])  # type: ignore[arg-type]

    lanes = [asyncio.create_task(lane()) for _ in range(min(limit, len(items)))]
    try:
        await asyncio.gather(*lanes)
    finally:
        for task in lanes:
            task.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)
    return results  # type: ignore[return-value]

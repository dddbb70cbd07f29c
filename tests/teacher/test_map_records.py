"""Many records at once: order kept, failures apart, errors that stop everything."""

import asyncio

import pytest

from hornbook.teacher.errors import CallFailed, TeacherError
from hornbook.teacher.map_records import map_records


def test_results_come_in_the_order_of_the_items_whatever_finishes_first() -> None:
    done: list[int] = []

    async def worker(item: int) -> int:
        await asyncio.sleep((7 - item % 8) / 500)
        return item * item

    results = asyncio.run(map_records(range(50), worker, lambda item, result: done.append(item), limit=8))
    assert results == [item * item for item in range(50)]
    assert sorted(done) == list(range(50)) and done != sorted(done)


def test_there_is_no_barrier_a_slow_record_holds_up_nobody() -> None:
    finished: list[int] = []

    async def worker(item: int) -> int:
        await asyncio.sleep(0.3 if item == 0 else 0.001)
        finished.append(item)
        return item

    asyncio.run(map_records(range(100), worker, limit=4))
    assert finished[-1] == 0


def test_a_failed_call_is_its_records_result() -> None:
    async def worker(item: int) -> int:
        if item % 2:
            raise CallFailed(f"no {item}")
        return item

    results = asyncio.run(map_records(range(6), worker))
    assert [str(r) if isinstance(r, CallFailed) else r for r in results] == [0, "no 1", 2, "no 3", 4, "no 5"]


def test_a_teacher_error_cancels_the_rest_and_is_raised() -> None:
    cancelled: list[int] = []

    async def worker(item: int) -> int:
        try:
            await asyncio.sleep(0.01 if item == 3 else 30)
        except asyncio.CancelledError:
            cancelled.append(item)
            raise
        raise TeacherError("gone")

    with pytest.raises(TeacherError, match="gone"):
        asyncio.run(map_records(range(10), worker))
    assert len(cancelled) == 9
    assert asyncio.run(map_records([], worker)) == []

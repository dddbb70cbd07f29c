"""The teacher at the pace a real (mock) server sets: uneven latencies, a cap on calls at a time, silence."""

import asyncio
import random
import time
from pathlib import Path
from typing import Any

from hornbook.teacher.concurrency import ConcurrencyLimit, ConcurrencySlots
from tests.teacher.mock_server import Body, MockServer
from tests.teacher.test_client import ask_all, number_of, texts


def test_heavy_tailed_latencies_cost_no_throughput(tmp_path: Path) -> None:
    chance = random.Random(3)
    seconds = [min(chance.lognormvariate(-3, 1), 2.0) for _ in range(1000)]

    async def run() -> None:
        async with MockServer(latency=lambda body: seconds[number_of(body)]) as server:
            started = time.monotonic()
            results, teacher = await ask_all(server, tmp_path, range(1000), concurrency=50)
            taken = time.monotonic() - started
            assert len(texts(results)) == 1000 and server.most_open == 50
            assert teacher._places.limit.allowed == 50
            assert taken < 3 * sum(seconds) / 50  # server and client share a core; the benchmark asks for 1.1

    asyncio.run(run())


def test_a_server_that_takes_eight_at_a_time_is_asked_about_eight_at_a_time(tmp_path: Path) -> None:
    async def run() -> None:
        refused = 0

        def fault(body: Body, before: int) -> int | None:
            nonlocal refused
            refused += server.open_calls > 8
            return 429 if server.open_calls > 8 else None

        async with MockServer(fault=fault, latency=lambda body: 0.02) as server:
            results, teacher = await ask_all(server, tmp_path, range(600), concurrency=48, backoff=0.02)
            assert len(texts(results)) == 600
            assert 5 <= teacher._places.limit.allowed <= 10
            assert refused < 150

    asyncio.run(run())


def test_places_go_to_who_came_first_and_nobody_who_left(tmp_path: Path) -> None:
    async def run() -> None:
        slots, order = ConcurrencySlots(ConcurrencyLimit(2)), []

        async def visit(name: str) -> None:
            await slots.acquire()
            order.append(name)
            await asyncio.sleep(0.01)
            slots.release()

        tasks: list[asyncio.Task[Any]] = []
        for name in "abcdef":
            tasks.append(asyncio.create_task(visit(name)))
            await asyncio.sleep(0)
        assert slots.in_use == 2
        tasks[2].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert order == ["a", "b", "d", "e", "f"] and slots.in_use == 0

    asyncio.run(run())


def test_a_place_that_comes_as_its_taker_gives_up_goes_to_the_next(tmp_path: Path) -> None:
    async def run() -> None:
        slots = ConcurrencySlots(ConcurrencyLimit(1))
        await slots.acquire()
        gone, next_one = asyncio.create_task(slots.acquire()), asyncio.create_task(slots.acquire())
        await asyncio.sleep(0)
        slots.release()  # to `gone`, who
        gone.cancel()  # is cancelled before it learns of it
        await asyncio.wait_for(next_one, 1)
        assert slots.in_use == 1

    asyncio.run(run())

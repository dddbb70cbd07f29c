"""The limit that finds what a server takes: against simulated servers that refuse, queue, or merely sleep."""

import heapq
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.teacher.concurrency import ConcurrencyLimit

Service = Callable[[random.Random], float]


class Simulation:
    """`calls` calls through `limit`. The server takes seconds drawn from `service`, refuses above `cap` at once, and
    queues above `slots`. Attributes: refused; allowed: the limit after each event; seconds: when all was done.
    """

    def __init__(
        self,
        limit: ConcurrencyLimit,
        calls: int,
        service: Service,
        *,
        cap: int = 10**9,
        slots: int = 10**9,
        seed: int = 0,
    ) -> None:
        dice = random.Random(seed)
        busy: list[float] = []  # when each slot in use falls free
        events: list[tuple[float, int, str, float, int]] = []
        now, todo, flying, working, order = 0.0, calls, 0, 0, 0
        self.refused, self.allowed = 0, [limit.allowed]
        while todo or events:
            while todo and flying < limit.allowed:
                todo, flying, order = todo - 1, flying + 1, order + 1
                if working >= cap:
                    heapq.heappush(events, (now + 0.001, order, "refused", now, flying))
                    continue
                working += 1
                start = heapq.heappop(busy) if len(busy) >= slots else now
                end = max(start, now) + service(dice)
                heapq.heappush(busy, end)
                heapq.heappush(events, (end, order, "answered", now, flying))
            now, _, what, sent, in_flight = heapq.heappop(events)
            if what == "again":
                todo += 1
                continue
            flying -= 1
            if what == "answered":
                working -= 1
                limit.answered("test", in_flight, sent, now, 10)
            else:
                self.refused += 1
                limit.refused(sent, now)
                order += 1
                heapq.heappush(events, (now + 0.05, order, "again", now, 0))
            self.allowed.append(limit.allowed)
        self.seconds = now


UNEVEN: dict[str, Service] = {
    "alike": lambda dice: 0.02,
    "lognormal": lambda dice: dice.lognormvariate(-4, 1),
    "wide lognormal": lambda dice: dice.lognormvariate(-4, 2),
    "Pareto": lambda dice: 0.01 * dice.paretovariate(1.1),
    "one or the other": lambda dice: dice.choice([0.01, 1.0]),
    "seldom slow": lambda dice: 0.01 if dice.random() < 0.95 else 3.0,
}


@pytest.mark.parametrize("service", UNEVEN.values(), ids=UNEVEN)
def test_a_server_that_merely_sleeps_however_unevenly_is_used_in_full(service: Service) -> None:
    for seed in range(20):
        assert min(Simulation(ConcurrencyLimit(50), 1000, service, seed=seed).allowed) == 50


@pytest.mark.parametrize("most", [4, 16, 64, 256])
@pytest.mark.parametrize("name", ["alike", "lognormal"])
def test_a_server_that_takes_eight_at_a_time_gets_eight(most: int, name: str) -> None:
    run = Simulation(ConcurrencyLimit(most), 3000, UNEVEN[name], cap=8)
    goal = min(most, 8)
    settled = run.allowed[-2000:]
    assert abs(sum(settled) / len(settled) - goal) < 0.7 and goal - 2 <= settled[-1] <= goal + 1
    assert run.refused <= 2 * most + 30  # those of the first rush, and a probe now and then
    if name == "alike":
        assert run.seconds < 1.1 * 3000 * 0.02 / goal


def test_it_grows_again_when_the_server_takes_more() -> None:
    limit = ConcurrencyLimit(64)
    Simulation(limit, 2000, UNEVEN["lognormal"], cap=8)
    assert limit.allowed <= 9
    Simulation(limit, 40_000, UNEVEN["lognormal"], cap=32)
    assert 28 <= limit.allowed <= 33


@pytest.mark.parametrize("name", ["alike", "lognormal"])
def test_it_backs_off_where_more_in_flight_only_wait_longer(name: str) -> None:
    run = Simulation(ConcurrencyLimit(256), 6000, UNEVEN[name], slots=8)
    settled = run.allowed[-3000:]
    assert min(settled) >= 8 and sum(settled) / len(settled) < 80
    alone = Simulation(ConcurrencyLimit(8), 6000, UNEVEN[name], slots=8)
    assert run.seconds < 1.03 * alone.seconds  # and loses no throughput by it


def test_longer_answers_later_on_are_not_taken_for_a_crowded_server() -> None:
    limit, dice, now = ConcurrencyLimit(64), random.Random(1), 0.0
    for number in range(2000):  # answers of 5 tokens while few are in flight, then of 500
        tokens = 5 if number < 64 else 500
        sent, now = now, now + 0.01 * tokens * dice.lognormvariate(0, 0.3)
        limit.answered("test", min(number + 1, 64), sent, now, tokens)
    assert limit.allowed == 64


def test_slower_calls_of_another_purpose_are_not_either() -> None:
    limit, now = ConcurrencyLimit(64), 0.0
    for number in range(2000):
        sent, now = now, now + (0.01 if number < 64 else 1.0)
        limit.answered("short" if number < 64 else "long", min(number + 1, 64), sent, now, 10)
    assert limit.allowed == 64


def test_calls_that_hang_once_in_a_while_cost_little() -> None:
    for seed in range(5):
        limit, dice, allowed = ConcurrencyLimit(64), random.Random(seed), []
        for number in range(5000):
            sent = number / 64
            if dice.random() < 0.01:
                limit.refused(sent, sent + 300.0)
            else:
                limit.answered("test", 64, sent, sent + 1.0, 10)
            allowed.append(limit.allowed)
        assert sum(allowed) / len(allowed) > 50


def test_all_refusals_of_one_round_trip_are_one_cut() -> None:
    limit = ConcurrencyLimit(64)
    for number in range(40):
        limit.refused(0.0, 0.1 + number / 1000)
    assert limit.allowed == 32
    limit.refused(0.2, 0.3)
    assert limit.allowed == 16


@settings(max_examples=200)
@given(
    most=st.integers(1, 300),
    signs=st.lists(st.tuples(st.booleans(), st.integers(1, 300), st.floats(0, 10), st.floats(0, 10)), max_size=200),
)
def test_the_limit_is_never_above_most_nor_below_one(most: int, signs: list[tuple[bool, int, float, float]]) -> None:
    limit, now = ConcurrencyLimit(most), 0.0
    for answered, in_flight, pause, seconds in signs:
        sent, now, before = now + pause, now + pause + seconds, limit.allowed
        if answered:
            limit.answered("test", in_flight, sent, now, 5)
            assert limit.allowed <= before + 1
        else:
            limit.refused(sent, now)
            assert limit.allowed <= before
        assert 1 <= limit.allowed <= most

"""Several teachers: shares by weight, records that keep their teacher, budgets apart, one ledger."""

import asyncio
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message
from hornbook.teacher.client import Completion
from hornbook.teacher.errors import BudgetError
from hornbook.teacher.ledger import Ledger
from hornbook.teacher.map_records import map_records
from hornbook.teacher.router import Teachers, open_teachers
from tests.teacher.mock_server import MockServer
from tests.teacher.test_client import settings_for


def teachers_of(weights: dict[str, float]) -> Teachers:
    return Teachers(
        [SimpleNamespace(model=model, settings=SimpleNamespace(weight=w)) for model, w in weights.items()]  # type: ignore[misc]
    )


NAMES = [("kind", str(number)) for number in range(3000)]


def test_records_are_shared_out_by_weight() -> None:
    chosen = Counter(teachers_of({"a": 1, "b": 2, "c": 0.5}).choose(*name).model for name in NAMES)
    for model, share in {"a": 2 / 7, "b": 4 / 7, "c": 1 / 7}.items():
        assert abs(chosen[model] / 3000 - share) < 4 * (share * (1 - share) / 3000) ** 0.5


@given(
    weights=st.dictionaries(st.text(max_size=5), st.floats(0.1, 10), min_size=1, max_size=4),
    more=st.floats(0.1, 10),
)
def test_a_new_or_heavier_teacher_takes_records_over_and_changes_nothing_else(
    weights: dict[str, float], more: float
) -> None:
    before, added = teachers_of(weights), teachers_of({"a new one": more} | dict(reversed(weights.items())))
    first = next(iter(weights))
    heavier = teachers_of(weights | {first: weights[first] + more})
    for name in NAMES[:100]:
        here = before.choose(*name).model
        assert before.choose(*name).model == here
        assert added.choose(*name).model in (here, "a new one")
        assert heavier.choose(*name).model in (here, first)


def test_each_teacher_has_its_own_server_and_all_share_a_ledger(tmp_path: Path) -> None:
    async def run(servers: list[MockServer]) -> list[Completion]:
        settings = [settings_for(server, model=f"m{n}", concurrency=2 + n) for n, server in enumerate(servers)]
        async with open_teachers(settings, tmp_path) as teachers:

            async def worker(number: int) -> Completion:
                teacher = teachers.choose("record", str(number))
                return await teacher.complete([Message("user", f"question {number}")], purpose="test")

            results = await map_records(range(60), worker)
            assert sum(teacher.calls_made for teacher in teachers.teachers.values()) in (0, 60)
        return [result for result in results if isinstance(result, Completion)]

    async def both() -> None:
        async with MockServer(latency=lambda body: 0.01) as one, MockServer(latency=lambda body: 0.01) as two:
            first = await run([one, two])
            assert len(first) == len(one.requests) + len(two.requests) == 60
            assert {body["model"] for body in one.bodies} == {"m0"} and {b["model"] for b in two.bodies} == {"m1"}
            assert (one.most_open, two.most_open) == (2, 3)
            assert await run([one, two]) == first
            assert len(one.requests) + len(two.requests) == 60  # the second time, all from the ledger
            assert len(Ledger(tmp_path)) == 60

    asyncio.run(both())


def test_a_budget_holds_for_its_own_teacher(tmp_path: Path) -> None:
    async def run() -> None:
        async with MockServer() as server:
            settings = [
                settings_for(server, model="poor", budget_tokens=500),
                settings_for(server, model="rich", budget_tokens=10**6),
            ]
            async with open_teachers(settings, tmp_path) as teachers:
                poor, rich = teachers.teachers["poor"], teachers.teachers["rich"]
                for number in range(20):
                    await rich.complete([Message("user", f"question {number}")], purpose="test")
                with pytest.raises(BudgetError):
                    for number in range(100):
                        await poor.complete([Message("user", f"question {number}")], purpose="test", max_tokens=20)
                await rich.complete([Message("user", "one more")], purpose="test")
            assert 0 < Ledger(tmp_path).prompt_tokens["poor"] < 500

    asyncio.run(run())


def test_two_teachers_of_one_name_and_no_teacher_are_errors(tmp_path: Path) -> None:
    async def opened(count: int) -> None:
        async with MockServer() as server, open_teachers([settings_for(server)] * count, tmp_path):
            pass

    for count, message in [(2, "two teachers use model name mock"), (0, "at least one")]:
        with pytest.raises(HornbookError, match=message):
            asyncio.run(opened(count))

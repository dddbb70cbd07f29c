"""The bank: each call has one holder at a time, answers are there for all, and all of it can be pickled."""

import asyncio
import pickle
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hornbook.base.records import Message
from hornbook.teacher.accounting import LocalAccounting
from hornbook.teacher.budget import Reservation, worst_prompt
from hornbook.teacher.errors import BudgetError
from hornbook.teacher.ledger import Call, CallRequest, Ledger, Parameters, call_key
from hornbook.teacher.settings import TeacherSettings


def ask_of(number: int, model: str = "m") -> CallRequest:
    messages, parameters = [Message("user", f"question {number}")], Parameters(0.7, 1.0, 64, [])
    key = call_key(model, messages, parameters, 0)
    return CallRequest(key=key, model=model, purpose="test", messages=messages, parameters=parameters, sample=0)


def answered(ask: CallRequest, text: str = "answer") -> Call:
    return Call(**msgspec.structs.asdict(ask), text=text, finish="stop", prompt_tokens=2, completion_tokens=1)


def bank_in(folder: Path, **settings: Any) -> LocalAccounting:
    return LocalAccounting(TeacherSettings(url="http://x", model="m", **settings), folder, "m")


async def held(bank: LocalAccounting, ask: CallRequest) -> Reservation:
    reservation = await bank.reserve(ask)
    assert isinstance(reservation, Reservation)
    return reservation


@pytest.mark.parametrize("limits", [{}, {"budget_tokens": 100_000}])
def test_who_claims_a_call_that_is_held_gets_its_answer(tmp_path: Path, limits: dict[str, int]) -> None:
    async def run() -> None:
        bank, ask = bank_in(tmp_path, **limits), ask_of(1)
        reservation = await held(bank, ask)
        others = [asyncio.create_task(bank.reserve(ask)) for _ in range(3)]
        await asyncio.sleep(0.01)
        assert not any(other.done() for other in others) and await bank.find(ask.key) is None
        await held(bank, ask_of(2))  # other calls do not wait
        paid = await bank.commit(reservation, answered(ask))
        assert [await other for other in others] == [paid] * 3
        assert await bank.find(ask.key) == await bank.reserve(ask) == paid == Ledger(tmp_path).get(ask.key)

    asyncio.run(run())


def test_a_released_call_goes_to_exactly_one_of_those_who_wait(tmp_path: Path) -> None:
    async def run() -> None:
        bank, ask = bank_in(tmp_path), ask_of(1)
        reservation = await held(bank, ask)
        others = [asyncio.create_task(bank.reserve(ask)) for _ in range(3)]
        others[0].cancel()  # somebody who gave up waiting takes nothing along
        await asyncio.sleep(0.01)
        await bank.release(reservation, not_billed=True)
        await asyncio.sleep(0.01)
        holders = [other for other in others[1:] if other.done()]
        assert len(holders) == 1
        await bank.commit(holders[0].result(), answered(ask))  # type: ignore[arg-type]
        assert {type(result) for result in await asyncio.gather(*others[1:])} == {Reservation, Call}

    asyncio.run(run())


def test_a_release_of_unknown_cost_is_charged_for_good_a_known_one_is_not(tmp_path: Path) -> None:
    ask = ask_of(1)
    worst = worst_prompt(ask) + 64

    async def run() -> None:
        bank = bank_in(tmp_path, budget_tokens=2 * worst - 1)
        await bank.release(await held(bank, ask), not_billed=True)
        await bank.release(await held(bank, ask), not_billed=False)
        with pytest.raises(BudgetError):
            await bank.reserve(ask)
        await bank.close()
        with pytest.raises(BudgetError):  # and it is still charged in the next run
            await bank_in(tmp_path, budget_tokens=2 * worst - 1).reserve(ask)
        assert isinstance(await bank_in(tmp_path, budget_tokens=2 * worst).reserve(ask), Reservation)

    asyncio.run(run())


def test_near_the_limit_a_claim_waits_for_what_is_in_flight(tmp_path: Path) -> None:
    one, two = ask_of(1), ask_of(2)
    worst = worst_prompt(one) + 64

    async def run() -> None:
        bank = bank_in(tmp_path, budget_tokens=worst + 10)
        reservation = await held(bank, one)
        waiting = asyncio.create_task(bank.reserve(two))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        await bank.commit(reservation, answered(one))  # 3 tokens, less than its worst case
        assert isinstance(await waiting, Reservation)

    asyncio.run(run())


def test_a_claim_may_be_settled_twice_without_harm(tmp_path: Path) -> None:
    """A worker thought to be dead may still pay after its claims were released on its behalf."""

    async def run() -> None:
        ask = ask_of(1)
        bank = bank_in(tmp_path, budget_tokens=10_000)
        reservation = await held(bank, ask)
        await bank.release(reservation, not_billed=False)
        second = await held(bank, ask)
        first_paid = await bank.commit(reservation, answered(ask, "late"))
        assert await bank.commit(second, answered(ask, "asked again")) == first_paid
        assert sum(bank.budget._taken()) == 6  # both answers, and no reservation is left

    asyncio.run(run())


def test_what_goes_through_the_interface_can_be_pickled(tmp_path: Path) -> None:
    async def run() -> None:
        bank, ask = bank_in(tmp_path, budget_tokens=10_000), ask_of(1)
        reservation = await held(bank, pickle.loads(pickle.dumps(ask)))
        again = pickle.loads(pickle.dumps(reservation))
        assert again == reservation and again.key == ask.key
        call = await bank.commit(again, pickle.loads(pickle.dumps(answered(ask))))
        assert pickle.loads(pickle.dumps(call)) == answered(ask)

    asyncio.run(run())

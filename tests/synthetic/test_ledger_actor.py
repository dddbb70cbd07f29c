"""The actor of a cluster without a cluster: who holds what, and what becomes of it when a worker is gone."""

import asyncio

import pytest

from hornbook.base.records import Message
from hornbook.synthetic.ledger_actor import LedgerActor, RemoteBank
from hornbook.teacher.budget import Reservation
from hornbook.teacher.errors import BudgetError
from hornbook.teacher.ledger import Call, CallRequest, Parameters
from hornbook.teacher.settings import TeacherSettings


class Handle:
    """A actor as Ray shows it to a worker: methods that are called by `.remote`."""

    def __init__(self, actor):
        self.messages = 0
        for name in ("do", "wait"):
            setattr(self, name, self)
        self.actor = actor

    def remote(self, *args):
        self.messages += 1
        return self.actor.do(*args) if len(args) == 2 else self.actor.wait(*args)


def ask(key, tokens=10):
    return CallRequest(
        key=key, model="m", purpose="p", messages=[Message("user", "?")],
        parameters=Parameters(0.7, 1.0, tokens, []), sample=0,
    )  # fmt: skip


def answer(asked):
    return Call(
        key=asked.key, model="m", purpose="p", messages=asked.messages, parameters=asked.parameters, sample=0,
        text="a", finish="stop", prompt_tokens=1, completion_tokens=1,
    )  # fmt: skip


@pytest.fixture
def actor(tmp_path):
    return LedgerActor(tmp_path)


def bank(actor, worker, **limits):
    return RemoteBank(Handle(actor), worker, TeacherSettings(url="http://localhost", model="m", **limits), "m")


def test_a_call_that_another_worker_holds_is_waited_for_and_its_answer_shared(actor):
    async def go():
        one, other = bank(actor, "one"), bank(actor, "other")
        reservation = await one.reserve(ask("call-1"))
        waiting = asyncio.create_task(other.reserve(ask("call-1")))
        assert isinstance(await other.reserve(ask("call-2")), Reservation)  # who waits keeps nobody else waiting
        assert not waiting.done()
        await one.commit(reservation, answer(ask("call-1")))
        assert (await waiting).text == "a"

    asyncio.run(go())


@pytest.mark.parametrize("late", [False, True])
def test_what_a_dead_worker_held_stays_charged_and_is_free_for_others(actor, late, tmp_path):
    async def go():
        one, other = bank(actor, "one", budget_tokens=1000), bank(actor, "other", budget_tokens=1000)
        if late:  # its message arrives when it is known to be dead
            await actor.gone("one")
            await one.reserve(ask("call-1"))
        else:
            await one.reserve(ask("call-1"))
            await actor.gone("one")
        assert isinstance(await asyncio.wait_for(other.reserve(ask("call-1")), 5), Reservation)

    asyncio.run(go())
    lines = (tmp_path / "holds.jsonl").read_text().splitlines()
    assert sum('"release"' in line for line in lines) == late  # only what was never sent is given back


def test_the_budget_s_error_arrives_as_it_is(actor):
    async def go():
        with pytest.raises(BudgetError, match=r"^the teacher's budget is spent"):
            await bank(actor, "one", budget_tokens=20).reserve(ask("call-1"))

    asyncio.run(go())


def test_questions_that_come_together_travel_together(actor):
    async def go():
        mine = bank(actor, "one")
        holds = await asyncio.gather(*(mine.reserve(ask(f"call-{n}")) for n in range(100)))
        assert mine.actor.messages <= 2
        await asyncio.gather(*(mine.commit(reservation, answer(ask(reservation.key))) for reservation in holds))
        assert mine.actor.messages <= 4 and (await mine.find("call-99")).text == "a"

    asyncio.run(go())

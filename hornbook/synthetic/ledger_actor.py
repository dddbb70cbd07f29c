"""Ledger and budget of a synthesis on a Ray cluster: one actor process, used by the teachers of all workers."""

import asyncio
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec

from hornbook.base.errors import HornbookError, one_line
from hornbook.teacher.accounting import LocalAccounting
from hornbook.teacher.budget import Reservation
from hornbook.teacher.ledger import Call, CallRequest
from hornbook.teacher.settings import TeacherSettings

DIED = (
    "ray: the process that keeps the ledger died; run the same command again to continue: nothing that was answered is "
    "asked again"
)


class LedgerRequest(msgspec.Struct):
    """A call of one of the actor's methods, by name."""

    method: str
    args: tuple[Any, ...]


class LedgerReply(msgspec.Struct):
    """The method's result or error; or a ticket, if it has to wait for another worker."""

    value: Any = None
    error: HornbookError | None = None
    ticket: int | None = None


class LedgerActor:
    """The banks of all teachers, for workers by name. Runs as one asynchronous actor: one event loop, no locks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._banks: dict[str, LocalAccounting] = {}
        self._reservations: dict[str, dict[str, Reservation]] = defaultdict(dict)  # by worker and call key
        self._gone: set[str] = set()  # workers; a message of one that died may still arrive
        self._waiting: dict[int, asyncio.Task[Any]] = {}  # ticket -> its task
        self._tickets = 0

    async def do(self, worker: str, requests: list[LedgerRequest]) -> list[LedgerReply]:
        """Several requests in one message: a message costs a millisecond, a request a tenth of that."""
        tasks = [asyncio.create_task(getattr(self, request.method)(worker, *request.args)) for request in requests]
        if tasks:
            await asyncio.wait(tasks, timeout=0)
        return [_reply(task) if task.done() else self._later(task) for task in tasks]

    async def wait(self, ticket: int) -> LedgerReply:
        task = self._waiting[ticket]
        await asyncio.wait([task])
        del self._waiting[ticket]
        return _reply(task)

    async def open(self, worker: str, settings: TeacherSettings, model: str) -> None:
        if model not in self._banks:
            self._banks[model] = LocalAccounting(settings, self.folder, model)

    async def find(self, worker: str, model: str, key: str) -> Call | None:
        return await self._banks[model].find(key)

    async def reserve(self, worker: str, ask: CallRequest) -> Call | Reservation:
        bank = self._banks[ask.model]
        claimed = await bank.reserve(ask)
        if isinstance(claimed, Reservation):
            if worker in self._gone:  # it died while it waited, before it sent anything
                await bank.release(claimed, not_billed=True)
            else:
                self._reservations[worker][ask.key] = claimed
        return claimed

    async def commit(self, worker: str, reservation: Reservation, call: Call) -> Call:
        self._reservations[worker].pop(reservation.key, None)
        return await self._banks[reservation.model].commit(reservation, call)

    async def waste(self, worker: str, reservation: Reservation, call: Call) -> None:
        self._reservations[worker].pop(reservation.key, None)
        await self._banks[reservation.model].waste(reservation, call)

    async def release(self, worker: str, reservation: Reservation, not_billed: bool) -> None:
        self._reservations[worker].pop(reservation.key, None)
        await self._banks[reservation.model].release(reservation, not_billed=not_billed)

    async def gone(self, worker: str) -> None:
        """The worker has ended. Its calls in flight stay charged, since they may have been answered."""
        self._gone.add(worker)
        for reservation in self._reservations.pop(worker, {}).values():
            await self._banks[reservation.model].release(reservation, not_billed=False)

    async def close(self) -> None:
        for bank in self._banks.values():
            await bank.close()

    def _later(self, task: asyncio.Task[Any]) -> LedgerReply:
        self._tickets += 1
        self._waiting[self._tickets] = task
        return LedgerReply(ticket=self._tickets)


def _reply(task: asyncio.Task[Any]) -> LedgerReply:
    error = task.exception()
    if isinstance(error, HornbookError):
        return LedgerReply(error=error)
    return LedgerReply(task.result())


class RemoteBank:
    """A worker's proxy of a teacher's bank in the actor. Requests made while a message is in flight join the next one.

    All methods raise HornbookError when the actor is gone.
    """

    def __init__(self, actor: Any, worker: str, settings: TeacherSettings, model: str) -> None:
        self.actor, self.worker, self.model = actor, worker, model
        self._open = LedgerRequest("open", (settings, model))
        self._queue: list[tuple[LedgerRequest, asyncio.Future[Any]]] = []
        self._sender: asyncio.Task[None] | None = None
        self._waiting: set[asyncio.Task[None]] = set()

    async def find(self, key: str) -> Call | None:
        found: Call | None = await self._ask("find", self.model, key)
        return found

    async def reserve(self, ask: CallRequest) -> Call | Reservation:
        claimed: Call | Reservation = await self._ask("reserve", ask)
        return claimed

    async def commit(self, reservation: Reservation, call: Call) -> Call:
        kept: Call = await self._ask("commit", reservation, call)
        return kept

    async def waste(self, reservation: Reservation, call: Call) -> None:
        await self._ask("waste", reservation, call)

    async def release(self, reservation: Reservation, *, not_billed: bool) -> None:
        await self._ask("release", reservation, not_billed)

    async def close(self) -> None:
        if self._sender:
            await self._sender

    async def _ask(self, method: str, *args: Any) -> Any:
        return await self._enqueue(LedgerRequest(method, args))

    def _enqueue(self, request: LedgerRequest) -> asyncio.Future[Any]:
        answered = asyncio.get_running_loop().create_future()
        self._queue.append((request, answered))
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send())
        return answered

    async def _send(self) -> None:
        while self._queue:
            sent, self._queue = self._queue, []
            requests = [self._open, *(request for request, _ in sent)]
            try:
                replies = await self._call(self.actor.do, self.worker, requests)
            except HornbookError as error:
                replies = [LedgerReply(error=error)] * len(requests)
            for (_, answered), reply in zip(sent, replies[1:], strict=True):
                if reply.ticket is None:
                    self._resolve(answered, reply)
                else:
                    task = asyncio.create_task(self._wait(answered, reply.ticket))
                    self._waiting.add(task)
                    task.add_done_callback(self._waiting.discard)

    async def _wait(self, answered: asyncio.Future[Any], ticket: int) -> None:
        try:
            reply = await self._call(self.actor.wait, ticket)
        except HornbookError as error:
            reply = LedgerReply(error=error)
        self._resolve(answered, reply)

    async def _call(self, method: Any, *args: Any) -> Any:
        import ray

        try:
            return await method.remote(*args)
        except ray.exceptions.RayActorError:
            raise HornbookError(DIED) from None
        except ray.exceptions.RayError as error:
            raise HornbookError(f"ray: the ledger failed ({one_line(getattr(error, 'cause', error))})") from None

    def _resolve(self, answered: asyncio.Future[Any], reply: LedgerReply) -> None:
        if answered.done():  # cancelled
            if isinstance(reply.value, Reservation):
                self._enqueue(LedgerRequest("release", (reply.value, True)))
        elif reply.error:
            answered.set_exception(reply.error)
        else:
            answered.set_result(reply.value)

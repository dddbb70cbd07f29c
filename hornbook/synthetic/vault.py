"""Ledger and budget of a synthesis on a Ray cluster: in one process, asked by the teachers of all workers."""

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


class Wish(msgspec.Struct):
    """What a worker wants of the vault: one of its methods, by name."""

    method: str
    args: tuple[Any, ...]


class Reply(msgspec.Struct):
    """The method's result or error; or the number of a ticket, if somebody else has to be waited for first."""

    value: Any = None
    error: HornbookError | None = None
    ticket: int | None = None


class Vault:
    """The banks of all teachers, for workers by name. Runs as one asynchronous actor: one event loop, no locks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._banks: dict[str, LocalAccounting] = {}
        self._holds: dict[str, dict[str, Reservation]] = defaultdict(dict)  # worker -> call -> its hold
        self._gone: set[str] = set()  # workers; a message of one that died may still arrive
        self._waiting: dict[int, asyncio.Task[Any]] = {}  # ticket -> what has to wait
        self._tickets = 0

    async def do(self, worker: str, wishes: list[Wish]) -> list[Reply]:
        """Many small questions in one message: a message costs a millisecond, a question a tenth of that."""
        tasks = [asyncio.create_task(getattr(self, wish.method)(worker, *wish.args)) for wish in wishes]
        if tasks:
            await asyncio.wait(tasks, timeout=0)
        return [_reply(task) if task.done() else self._later(task) for task in tasks]

    async def wait(self, ticket: int) -> Reply:
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
            if worker in self._gone:  # it died while it waited, and has sent nothing
                await bank.release(claimed, not_billed=True)
            else:
                self._holds[worker][ask.key] = claimed
        return claimed

    async def commit(self, worker: str, reservation: Reservation, call: Call) -> Call:
        self._holds[worker].pop(reservation.key, None)
        return await self._banks[reservation.model].commit(reservation, call)

    async def waste(self, worker: str, reservation: Reservation, call: Call) -> None:
        self._holds[worker].pop(reservation.key, None)
        await self._banks[reservation.model].waste(reservation, call)

    async def release(self, worker: str, reservation: Reservation, not_billed: bool) -> None:
        self._holds[worker].pop(reservation.key, None)
        await self._banks[reservation.model].release(reservation, not_billed=not_billed)

    async def gone(self, worker: str) -> None:
        """The worker has ended. Nobody knows what became of what it still had in flight."""
        self._gone.add(worker)
        for reservation in self._holds.pop(worker, {}).values():
            await self._banks[reservation.model].release(reservation, not_billed=False)

    async def close(self) -> None:
        for bank in self._banks.values():
            await bank.close()

    def _later(self, task: asyncio.Task[Any]) -> Reply:
        self._tickets += 1
        self._waiting[self._tickets] = task
        return Reply(ticket=self._tickets)


def _reply(task: asyncio.Task[Any]) -> Reply:
    error = task.exception()
    if isinstance(error, HornbookError):
        return Reply(error=error)
    return Reply(task.result())


class RemoteBank:
    """A teacher's bank in the vault, as a worker sees it. What is asked while a message is under way joins the next.

    All methods raise HornbookError when the vault is gone.
    """

    def __init__(self, vault: Any, worker: str, settings: TeacherSettings, model: str) -> None:
        self.vault, self.worker, self.model = vault, worker, model
        self._open = Wish("open", (settings, model))
        self._queue: list[tuple[Wish, asyncio.Future[Any]]] = []
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
        return await self._enqueue(Wish(method, args))

    def _enqueue(self, wish: Wish) -> asyncio.Future[Any]:
        answered = asyncio.get_running_loop().create_future()
        self._queue.append((wish, answered))
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send())
        return answered

    async def _send(self) -> None:
        while self._queue:
            sent, self._queue = self._queue, []
            wishes = [self._open, *(wish for wish, _ in sent)]
            try:
                replies = await self._told(self.vault.do, self.worker, wishes)
            except HornbookError as error:
                replies = [Reply(error=error)] * len(wishes)
            for (_, answered), reply in zip(sent, replies[1:], strict=True):
                if reply.ticket is None:
                    self._hand_over(answered, reply)
                else:
                    task = asyncio.create_task(self._wait(answered, reply.ticket))
                    self._waiting.add(task)
                    task.add_done_callback(self._waiting.discard)

    async def _wait(self, answered: asyncio.Future[Any], ticket: int) -> None:
        try:
            reply = await self._told(self.vault.wait, ticket)
        except HornbookError as error:
            reply = Reply(error=error)
        self._hand_over(answered, reply)

    async def _told(self, method: Any, *args: Any) -> Any:
        import ray

        try:
            return await method.remote(*args)
        except ray.exceptions.RayActorError:
            raise HornbookError(DIED) from None
        except ray.exceptions.RayError as error:
            raise HornbookError(f"ray: the ledger failed ({one_line(getattr(error, 'cause', error))})") from None

    def _hand_over(self, answered: asyncio.Future[Any], reply: Reply) -> None:
        if answered.done():  # nobody wants it any more
            if isinstance(reply.value, Reservation):
                self._enqueue(Wish("release", (reply.value, True)))
        elif reply.error:
            answered.set_exception(reply.error)
        else:
            answered.set_result(reply.value)

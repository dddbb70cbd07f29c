"""Ledger and budget of a synthesis on a Ray cluster: in one process, asked by the teachers of all workers."""

from pathlib import Path
from typing import Any

from hornbook.base.errors import HornbookError
from hornbook.teacher.bank import LocalBank
from hornbook.teacher.budget import Hold
from hornbook.teacher.ledger import Ask, Call
from hornbook.teacher.settings import TeacherSettings


class Vault:
    """The banks of all teachers, for workers by name. Runs as one asynchronous actor: one event loop, no locks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._banks: dict[str, LocalBank] = {}
        self._holds: dict[str, dict[str, Hold]] = {}  # worker -> call -> its hold; a worker that is gone has no entry

    async def open(self, worker: str, settings: TeacherSettings, model: str) -> None:
        self._holds.setdefault(worker, {})
        if model not in self._banks:
            self._banks[model] = LocalBank(settings, self.folder, model)

    async def find(self, model: str, key: str) -> Call | None:
        return await self._banks[model].find(key)

    async def claim(self, worker: str, ask: Ask) -> Call | Hold:
        bank = self._banks[ask.model]
        claimed = await bank.claim(ask)
        if isinstance(claimed, Hold):
            if worker not in self._holds:  # it died while it waited, and has sent nothing
                await bank.release(claimed, known=True)
            else:
                self._holds[worker][ask.key] = claimed
        return claimed

    async def pay(self, worker: str, hold: Hold, call: Call) -> Call:
        self._holds[worker].pop(hold.key, None)
        return await self._banks[hold.model].pay(hold, call)

    async def release(self, worker: str, hold: Hold, known: bool) -> None:
        self._holds[worker].pop(hold.key, None)
        await self._banks[hold.model].release(hold, known=known)

    async def gone(self, worker: str) -> None:
        """The worker has ended. Nobody knows what became of what it still had in flight."""
        for hold in self._holds.pop(worker, {}).values():
            await self._banks[hold.model].release(hold, known=False)

    async def close(self) -> None:
        for bank in self._banks.values():
            await bank.close()


class RemoteBank:
    """A teacher's bank in the vault, as a worker sees it."""

    def __init__(self, vault: Any, worker: str, settings: TeacherSettings, model: str) -> None:
        self.vault, self.worker, self.settings, self.model = vault, worker, settings, model
        self._opened = False

    async def find(self, key: str) -> Call | None:
        found: Call | None = await self._ask("find", self.model, key)
        return found

    async def claim(self, ask: Ask) -> Call | Hold:
        claimed: Call | Hold = await self._ask("claim", self.worker, ask)
        return claimed

    async def pay(self, hold: Hold, call: Call) -> Call:
        kept: Call = await self._ask("pay", self.worker, hold, call)
        return kept

    async def release(self, hold: Hold, *, known: bool) -> None:
        await self._ask("release", self.worker, hold, known)

    async def close(self) -> None: ...

    async def _ask(self, method: str, *args: Any) -> Any:
        import ray

        try:
            if not self._opened:
                await self.vault.open.remote(self.worker, self.settings, self.model)
                self._opened = True
            return await getattr(self.vault, method).remote(*args)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except ray.exceptions.RayActorError:
            raise HornbookError(
                "ray: the process that keeps the ledger died; run the same command again to continue: nothing that was "
                "answered is asked again"
            ) from None

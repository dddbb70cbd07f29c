"""Known answers, budget reservations and one caller at a time for each call, behind one interface.

A teacher of one process has a `LocalBank`. Teachers of several processes share one that lives in one of them: what
goes through the interface can be pickled.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from hornbook.teacher.budget import Budget, Hold
from hornbook.teacher.ledger import Ask, Call, Ledger
from hornbook.teacher.settings import TeacherSettings


class Bank(Protocol):
    async def find(self, key: str) -> Call | None:
        """The answered call `key`, if it is known; claims nothing."""

    async def claim(self, ask: Ask) -> Call | Hold:
        """The known answer, or a hold within the budget: the caller now owes a `pay` or a `release` of it.

        While somebody else holds the same call, waits for what becomes of it. Raises BudgetError.
        """

    async def pay(self, hold: Hold, call: Call) -> Call:
        """The answer is there: durable on return. Returns the answer that counts, should there be an earlier one."""

    async def waste(self, hold: Hold, call: Call) -> None:
        """The answer is empty: what it cost is booked, and the call stays open."""

    async def release(self, hold: Hold, *, known: bool) -> None:
        """There is no answer. `known`: it cost nothing; else its worst case stays charged to the budget for good."""

    async def close(self) -> None: ...


OpenBank = Callable[[TeacherSettings, Path, str], Bank]  # settings, the ledger's folder, the model's name


class LocalBank:
    """Ledger and budget of the model `model` in the folder `folder`, for the callers of one event loop."""

    def __init__(self, settings: TeacherSettings, folder: Path, model: str) -> None:
        self.ledger = Ledger(folder)
        self.budget = Budget(settings, self.ledger, folder, model)
        self._claimed: dict[str, asyncio.Event] = {}  # key -> set when its holder is done

    async def find(self, key: str) -> Call | None:
        return self.ledger.get(key)

    async def claim(self, ask: Ask) -> Call | Hold:
        while holder := self._claimed.get(ask.key):
            await holder.wait()
        if known := self.ledger.get(ask.key):
            return known
        self._claimed[ask.key] = asyncio.Event()
        try:
            return await self.budget.hold(ask)
        except BaseException:
            self._done(ask.key)
            raise

    async def pay(self, hold: Hold, call: Call) -> Call:
        known = False
        try:
            kept = self.ledger.put(call)
            known = True
        finally:
            await self.release(hold, known=known)
        return kept

    async def waste(self, hold: Hold, call: Call) -> None:
        known = False
        try:
            self.ledger.waste(call)
            known = True
        finally:
            await self.release(hold, known=known)

    async def release(self, hold: Hold, *, known: bool) -> None:
        self.budget.settle(hold, known=known)
        self._done(hold.key)

    async def close(self) -> None:
        self.budget.close()
        self.ledger.close()

    def _done(self, key: str) -> None:
        if holder := self._claimed.pop(key, None):
            holder.set()

"""Accounting of calls: known answers, budget reservations, and one caller at a time for each call.

A teacher in one process has a `LocalAccounting`. Teachers in several processes share one that runs in one of them, so
everything that passes the interface can be pickled.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from hornbook.teacher.budget import Budget, Reservation
from hornbook.teacher.ledger import Call, CallRequest, Ledger
from hornbook.teacher.settings import TeacherSettings

Result = TypeVar("Result")


class Accounting(Protocol):
    async def find(self, key: str) -> Call | None:
        """The answered call `key`, if known; reserves nothing."""

    async def reserve(self, request: CallRequest) -> Call | Reservation:
        """The known answer, or reserve budget; a reservation must be committed or released.

        While another caller holds a reservation of the same call, this waits for its result. Raises BudgetError.
        """

    async def commit(self, reservation: Reservation, call: Call) -> Call:
        """Store the answer durably. Returns the answer that counts, which is an earlier one if there is one."""

    async def waste(self, reservation: Reservation, call: Call) -> None:
        """The answer is empty: record its cost; the call stays unanswered."""

    async def release(self, reservation: Reservation, *, not_billed: bool) -> None:
        """There is no answer. `not_billed`: it cost nothing; otherwise its worst case stays charged."""

    async def close(self) -> None: ...


OpenAccounting = Callable[[TeacherSettings, Path, str], Accounting]  # settings, the ledger's folder, the model's name


class LocalAccounting:
    """Ledger and budget of the model `model` in the folder `folder`, for callers in one event loop."""

    def __init__(self, settings: TeacherSettings, folder: Path, model: str) -> None:
        self.ledger = Ledger(folder)
        self.budget = Budget(settings, self.ledger, folder, model)
        self._claimed: dict[str, asyncio.Event] = {}  # key -> set when its holder is done

    async def find(self, key: str) -> Call | None:
        return self.ledger.get(key)

    async def reserve(self, request: CallRequest) -> Call | Reservation:
        while holder := self._claimed.get(request.key):
            await holder.wait()
        if known := self.ledger.get(request.key):
            return known
        self._claimed[request.key] = asyncio.Event()
        try:
            return await self.budget.reserve(request)
        except BaseException:
            self._done(request.key)
            raise

    async def commit(self, reservation: Reservation, call: Call) -> Call:
        return self._booked(reservation, self.ledger.put, call)

    async def waste(self, reservation: Reservation, call: Call) -> None:
        self._booked(reservation, self.ledger.waste, call)

    async def release(self, reservation: Reservation, *, not_billed: bool) -> None:
        self._settle(reservation, not_billed)

    async def close(self) -> None:
        self.budget.close()
        self.ledger.close()

    def _booked(self, reservation: Reservation, book: Callable[[Call], Result], call: Call) -> Result:
        booked = False
        try:
            result = book(call)
            booked = True
        finally:
            self._settle(reservation, booked)
        return result

    def _settle(self, reservation: Reservation, settled: bool) -> None:
        self.budget.settle(reservation, settled=settled)
        self._done(reservation.key)

    def _done(self, key: str) -> None:
        if holder := self._claimed.pop(key, None):
            holder.set()

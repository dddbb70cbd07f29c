"""Who may send a call now: as many as the limit allows, first come, first served, and nobody while silence is asked."""

import asyncio
from collections import deque

from hornbook.teacher.limit import Limit


class Places:
    """`taken` places are in use. What becomes of a call is told to the limit, which decides how many there are."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.taken = 0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._quiet_until = 0.0  # event loop time

    async def take(self) -> None:
        """Wait for a place, and then for the end of a silence; `give_back` it whatever happens."""
        if self.taken < self.limit.allowed and not self._queue:
            self.taken += 1
        else:
            await self._queue_up()
        loop = asyncio.get_running_loop()
        try:
            while (left := self._quiet_until - loop.time()) > 0:
                await asyncio.sleep(left)
        except asyncio.CancelledError:
            self.give_back()
            raise

    def give_back(self) -> None:
        self.taken -= 1
        while self._queue and self.taken < self.limit.allowed:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                self.taken += 1

    def be_quiet(self, seconds: float) -> None:
        """The server wants no calls for so long."""
        self._quiet_until = max(self._quiet_until, asyncio.get_running_loop().time() + seconds)

    async def _queue_up(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the place came at the same moment
                self.give_back()
            raise

"""How many calls a server takes at a time: a limit found out from how it answers, and the queue that holds to it."""

import asyncio
import math
from collections import defaultdict, deque

from hornbook.base.http import ServerPause

PATIENCE = 16  # round trips per step where the limit was cut before
PEACE = 4  # round trips without a refusal: the limit is about right
STEP_BACK = 7 / 8
RARE = 32  # answers since the last refusal: this one is an accident
CROWDED = 0.7  # cut when latency alone grows
MEMORY = 256  # calls that a mean of latencies remembers
ENOUGH_BELOW, ENOUGH_HERE = 8, 64  # calls before two levels are compared
FAR_BELOW = 2  # levels are powers of two: compare with those a quarter as crowded, or less
SLOWER, NO_GAIN = math.log(1.5), math.log(1.25)  # latency certainly this much longer, throughput not this much better


class ConcurrencyLimit:
    """`allowed` calls may be in flight: at first `most`, and never more, never less than 1."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._limit = float(most)
        self._too_many = math.inf  # limit that was cut last
        self._cut = -math.inf  # time of the last cut
        self._answers = 0  # since then
        self._smoothly = 0  # answers since the last refusal
        self._levels: dict[str, dict[int, _Level]] = defaultdict(lambda: defaultdict(_Level))

    @property
    def allowed(self) -> int:
        return int(self._limit)

    def answered(self, purpose: str, in_flight: int, sent: float, now: float, tokens: int) -> None:
        """A call sent at `sent`, when `in_flight` calls were (itself too), has been answered with `tokens` tokens."""
        self._answers += 1
        self._smoothly += 1
        if in_flight >= self.allowed:  # else the limit was not what held us back
            pace = 1 if self._limit < self._too_many - 1 else PATIENCE
            self._limit = min(self.most, self._limit + 1 / (pace * self._limit))
        levels, here = self._levels[purpose], in_flight.bit_length()
        levels[here].add(in_flight, max(now - sent, 1e-6), max(tokens, 1))
        if sent >= self._cut and any(
            levels[here].no_better_than(levels[below]) for below in list(levels) if below <= here - FAR_BELOW
        ):
            self._too_many = self._limit
            self._cut_to(self._limit * CROWDED, now)
            for levels in self._levels.values():
                levels.pop(here, None)  # the next cut needs evidence of its own

    def refused(self, sent: float, now: float) -> None:
        """The server turned away, or did not answer in time, a call sent at `sent`."""
        accident, self._smoothly = self._smoothly >= RARE, 0
        if accident or sent < self._cut:
            return
        peaceful = self._answers >= PEACE * self._limit
        self._too_many = self._limit
        self._cut_to(self._limit * (STEP_BACK if peaceful else 1 / 2), now)

    def _cut_to(self, limit: float, now: float) -> None:
        self._limit, self._cut, self._answers = max(1.0, limit), now, 0


class _Level:
    """Calls sent among about as many others."""

    def __init__(self) -> None:
        self.calls = 0
        self.crowd, self.seconds, self.seconds_per_token = _Mean(), _Mean(), _Mean()

    def add(self, in_flight: int, seconds: float, tokens: int) -> None:
        self.calls += 1
        share = 1 / min(self.calls, MEMORY)
        self.crowd.add(math.log(in_flight), share)
        self.seconds.add(math.log(seconds), share)
        self.seconds_per_token.add(math.log(seconds / tokens), share)

    def no_better_than(self, below: "_Level") -> bool:
        """Certainly slower than `below`, and by Little's law no more throughput."""
        if self.calls < ENOUGH_HERE or below.calls < ENOUGH_BELOW:
            return False
        parts = 1 / min(self.calls, MEMORY) + 1 / min(below.calls, MEMORY)
        more = self.crowd.value - below.crowd.value
        return _slower(self.seconds, below.seconds, parts, more) and _slower(
            self.seconds_per_token, below.seconds_per_token, parts, more
        )


class _Mean:
    """A mean that forgets, and the variance around it."""

    def __init__(self) -> None:
        self.value = self.variance = 0.0

    def add(self, value: float, share: float) -> None:
        off = value - self.value
        self.value += share * off
        self.variance = (1 - share) * (self.variance + share * off * off)


def _slower(here: _Mean, below: _Mean, parts: float, more: float) -> bool:
    slower = here.value - below.value
    # A few calls may all miss the tail, and then seem to vary little: both vary as the wider one does.
    error = math.sqrt(max(here.variance, below.variance) * parts)
    return slower - 3 * error > SLOWER and more - slower < NO_GAIN


class ConcurrencySlots:
    """`in_use` places are in use. What becomes of a call is told to the limit, which decides how many there are."""

    def __init__(self, limit: ConcurrencyLimit) -> None:
        self.limit = limit
        self.in_use = 0
        self._queue: deque[asyncio.Future[None]] = deque()
        self.pause = ServerPause()

    async def acquire(self) -> None:
        """Wait for a place, and then for the end of a silence; `release` it whatever happens."""
        if self.in_use < self.limit.allowed and not self._queue:
            self.in_use += 1
        else:
            await self._queue_up()
        try:
            await self.pause.wait()
        except asyncio.CancelledError:
            self.release()
            raise

    def release(self) -> None:
        self.in_use -= 1
        while self._queue and self.in_use < self.limit.allowed:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                self.in_use += 1

    async def _queue_up(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the place came at the same moment
                self.release()
            raise

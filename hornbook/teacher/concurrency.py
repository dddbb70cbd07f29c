"""An adaptive concurrency limit (additive increase, multiplicative decrease), and a FIFO semaphore of that size."""

import asyncio
import math
from collections import defaultdict, deque

from hornbook.base.http import ServerPause

PATIENCE = 16  # round trips per increase near a limit that was cut before
PEACE = 4  # round trips without a refusal after which the limit is about right
STEP_BACK = 7 / 8
RARE = 32  # answers since the last refusal from which a single refusal is ignored
CROWDED = 0.7  # factor of a cut when only latency grows
MEMORY = 256  # calls in a running mean of latencies
ENOUGH_BELOW, ENOUGH_HERE = 8, 64  # calls before two levels are compared
FAR_BELOW = 2  # levels are powers of two: compare with those of at most a quarter of the concurrency
SLOWER, NO_GAIN = math.log(1.5), math.log(1.25)  # latency certainly longer by this, throughput not better by this


class ConcurrencyLimit:
    """`allowed` calls may be in flight: initially `most`, always between 1 and `most`."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._limit = float(most)
        self._too_many = math.inf  # the limit before the last cut
        self._cut = -math.inf  # time of the last cut
        self._answers = 0  # since then
        self._smoothly = 0  # answers since the last refusal
        self._levels: dict[str, dict[int, _Level]] = defaultdict(lambda: defaultdict(_Level))

    @property
    def allowed(self) -> int:
        return int(self._limit)

    def answered(self, purpose: str, in_flight: int, sent: float, now: float, tokens: int) -> None:
        """A call sent at `sent`, with `in_flight` calls (including itself), was answered with `tokens` tokens."""
        self._answers += 1
        self._smoothly += 1
        if in_flight >= self.allowed:  # otherwise the limit was not the bottleneck
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
                levels.pop(here, None)  # the next cut needs new evidence

    def refused(self, sent: float, now: float) -> None:
        """The server refused a call sent at `sent`, or did not answer it in time."""
        accident, self._smoothly = self._smoothly >= RARE, 0
        if accident or sent < self._cut:
            return
        peaceful = self._answers >= PEACE * self._limit
        self._too_many = self._limit
        self._cut_to(self._limit * (STEP_BACK if peaceful else 1 / 2), now)

    def _cut_to(self, limit: float, now: float) -> None:
        self._limit, self._cut, self._answers = max(1.0, limit), now, 0


class _Level:
    """Statistics of calls sent at about the same concurrency."""

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
        """Whether it is certainly slower than `below` and, by Little's law, has no more throughput."""
        if self.calls < ENOUGH_HERE or below.calls < ENOUGH_BELOW:
            return False
        parts = 1 / min(self.calls, MEMORY) + 1 / min(below.calls, MEMORY)
        more = self.crowd.value - below.crowd.value
        return _slower(self.seconds, below.seconds, parts, more) and _slower(
            self.seconds_per_token, below.seconds_per_token, parts, more
        )


class _Mean:
    """An exponentially weighted mean and variance."""

    def __init__(self) -> None:
        self.value = self.variance = 0.0

    def add(self, value: float, share: float) -> None:
        off = value - self.value
        self.value += share * off
        self.variance = (1 - share) * (self.variance + share * off * off)


def _slower(here: _Mean, below: _Mean, parts: float, more: float) -> bool:
    slower = here.value - below.value
    # A few calls may all miss the tail and seem to vary little, so the larger variance is used for both.
    error = math.sqrt(max(here.variance, below.variance) * parts)
    return slower - 3 * error > SLOWER and more - slower < NO_GAIN


class ConcurrencySlots:
    """A FIFO semaphore whose size is the concurrency limit; paused during Retry-After."""

    def __init__(self, limit: ConcurrencyLimit) -> None:
        self.limit = limit
        self.in_use = 0
        self._queue: deque[asyncio.Future[None]] = deque()
        self.pause = ServerPause()

    async def acquire(self) -> None:
        """Wait for a slot, then for the end of a pause; always `release` it afterwards."""
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
            if turn.done() and not turn.cancelled():  # the slot was assigned at the same moment
                self.release()
            raise

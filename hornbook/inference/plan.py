"""How many rollouts run at a time, and how their cache is laid out, within a bound on its memory."""

from collections import Counter
from typing import NamedTuple

from hornbook.base.errors import HornbookError
from hornbook.inference.trunks import CHUNK, PREFIX, Tokens, round_up

ROWS = 16  # rows computed are rounded up to this: then a row's arithmetic hardly hangs on who shares the batch
MOST_SEATS = 16


class Plan(NamedTuple):
    """Rows of `capacity` own columns each; slots of `columns` columns and `seats` for rows each (shared trunks)."""

    rows: int
    capacity: int
    slots: int
    seats: int
    columns: int

    def tokens(self) -> int:
        """Tokens whose keys and values this holds."""
        return self.rows * self.capacity + self.slots * self.columns


def plan(heads: list[Tokens], limits: list[int], batch_size: int, tokens: int, shared: bool) -> Plan:
    """The plan with the most rows whose cache stays below `tokens`, for requests that start from trunks `heads`.

    Room is left to compute a trunk. Seats are as many as a trunk has requests on average (a power of two).
    Raises HornbookError when not even one row fits.
    """
    requests = Counter(heads)
    columns = round_up(max(map(len, requests)), PREFIX)
    capacity = max(limits)
    room = tokens - 2 * round_up(columns, CHUNK)
    most = round_up(min(batch_size, len(heads)), ROWS)
    for rows in (*range(most, 0, -ROWS), *range(ROWS - 1, 0, -1)):
        if shared:
            seats = min(MOST_SEATS, rows, 1 << (-(-len(heads) // len(requests)) - 1).bit_length())
            chunks = sum(-(-count // seats) for count in requests.values())
            made = Plan(rows, capacity, min(chunks, rows, 2 * -(-rows // seats)), seats, columns)
        else:
            made = Plan(rows, columns + capacity, 0, 0, 0)
        if made.tokens() <= room:
            return made
    raise HornbookError(
        f"cache_gb holds {tokens} tokens; one rollout of {capacity} tokens after a prefix of {columns} needs "
        f"{made.tokens() + tokens - room}"
    )

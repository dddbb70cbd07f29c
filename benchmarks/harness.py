"""What every benchmark needs: a claim with its noise, a meter, a table and a JSON file."""

import math
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from rich.table import Table

from hornbook.base.files import write_json
from hornbook.base.progress import Bar, answers


class Claim(msgspec.Struct):
    """One measured comparison.

    `ratio` says how many times better ours is than the peer's (more, where more is better, else less), with its range
    `low` to `high`; `goal` is what was to be reached, in words, and `met` whether it was. What could not be measured
    is None.
    """

    name: str
    ours: float | None
    peer: float | None
    unit: str
    ratio: float | None
    low: float | None
    high: float | None
    goal: str
    met: bool


class Spent(msgspec.Struct):
    """What a stretch of work took, in seconds."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def meter() -> Iterator[Spent]:
    """Wall time and processor time (all threads and finished child processes) of the block."""
    spent = Spent()
    wall, cpu = time.perf_counter(), cpu_seconds()
    try:
        yield spent
    finally:
        spent.wall, spent.cpu = time.perf_counter() - wall, cpu_seconds() - cpu


def cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def write_claims(path: Path, claims: list[Claim]) -> None:
    """`{"claims": [...]}`, a number that is not finite as null."""
    rows = [
        {key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in row.items()}
        for row in map(msgspec.structs.asdict, claims)
    ]
    write_json(path, {"claims": rows})


def show_claims(claims: list[Claim]) -> None:
    rows = [
        [c.name, number(c.ours), number(c.peer), c.unit, f"{number(c.ratio)}×", span(c.low, c.high), c.goal, mark(c)]
        for c in claims
    ]
    show("Claims", ["", "ours", "peer", "unit", "better", "range", "goal", "met"], rows)


def show(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """A table on standard output: the first column to the left, figures to the right."""
    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right")
    for row in rows:
        table.add_row(*row)
    answers.print(table)


def number(value: float | None) -> str:
    """A figure as a reader wants it: three digits that count, thousands with commas, a dash for none."""
    if value is None or not math.isfinite(value):
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def span(low: float | None, high: float | None) -> str:
    return "" if low is None and high is None else f"{number(low)} to {number(high)}"


def tick(bar: Bar) -> Callable[[int], None]:
    """Counts rollouts, whatever their tokens."""
    return lambda _tokens: bar.advance()


def mark(claim: Claim) -> str:
    return "yes" if claim.met else "no"

"""What the benchmarks share: claims, their options and main loop, a meter, tables and a JSON file."""

import math
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from rich.table import Table

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_json
from hornbook.base.progress import Bar, answers

Bench = TypeVar("Bench")
Command = TypeVar("Command", bound=Callable[..., Any])


class Claim(msgspec.Struct):
    """One measured comparison.

    `ratio` is how many times better ours is than the peer's, with its range `low` to `high`; `goal` is a description of
    the goal, and `met` whether it was reached. What could not be measured is None.
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


def part_options(parts: Sequence[str]) -> Callable[[Command], Command]:
    """The options of a benchmark that consists of parts: `parts`, `quick` and `file`."""

    def add(command: Command) -> Command:
        command = click.option(
            "--json", "file", type=click.Path(path_type=Path), required=True, help="File for the claims."
        )(command)
        command = click.option("--quick", is_flag=True, help="Less of everything: five minutes in all.")(command)
        return click.option("--part", "parts", type=click.Choice(parts), multiple=True, help="Only this part.")(command)

    return add


def run_parts(
    parts: Mapping[str, Callable[[Bench], list[Claim]]],
    chosen: Sequence[str],
    make_bench: Callable[[], Bench],
    file: Path,
    *,
    skip_failed: bool = False,
) -> Bench:
    """Run the chosen parts (by default all), write the claims to `file` and print them.

    An error that a user can fix ends the process with exit code 2; with `skip_failed`, only if the part was chosen.
    """
    claims: list[Claim] = []
    part = ""
    try:
        bench = make_bench()
        for part in chosen or parts:
            try:
                claims += parts[part](bench)
            except HornbookError as error:
                if chosen or not skip_failed:
                    raise
                print(f"error: part {part}: {error}", file=sys.stderr)
            write_claims(file, claims)  # after each part: a later one may be killed
    except HornbookError as error:
        print(f"error: {f'part {part}: ' if part else ''}{error}", file=sys.stderr)
        sys.exit(2)
    show_claims(claims)
    return bench


class Spent(msgspec.Struct):
    """Time spent, in seconds."""

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
    """Write `{"claims": [...]}`; numbers that are not finite become null."""
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
    """Print a table: the first column left-aligned, the others right-aligned."""
    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right")
    for row in rows:
        table.add_row(*row)
    answers.print(table)


def number(value: float | None) -> str:
    """A figure with three significant digits, thousands with commas, a dash for none."""
    if value is None or not math.isfinite(value):
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def span(low: float | None, high: float | None) -> str:
    return "" if low is None and high is None else f"{number(low)} to {number(high)}"


def tick(bar: Bar) -> Callable[[int], None]:
    """A callback that counts rollouts."""
    return lambda _tokens: bar.advance()


def mark(claim: Claim) -> str:
    return "yes" if claim.met else "no"

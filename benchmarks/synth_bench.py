"""What the parts of `benchmarks/synth.py` share: amounts to measure, runs that must succeed, claims, rows."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.harness import Claim, number
from benchmarks.synth_sides import OURS, SIDES, Job, Run, Server, Side, expected_digest, run
from hornbook.base.errors import HornbookError

Figures = Mapping[str, Sequence[float]]  # name of a side → what was measured, round by round


class Bench:
    """The amounts to measure, the working folder, and the rows of the table: the measure, then each side's figure."""

    def __init__(self, *, quick: bool, folder: Path) -> None:
        self.folder = folder / time.strftime("%Y%m%d-%H%M%S")
        self.requests, self.tail_requests = (400, 300) if quick else (2000, 1000)
        self.rounds, self.kills, self.sandbox_runs = (1, 2, 20) if quick else (3, 5, 200)
        self.patience = 20.0 if quick else 90.0  # seconds for a run that may never end
        self.rows: list[tuple[str, list[str]]] = []
        self._places = 0

    def fresh(self, name: str) -> Path:
        """A new folder."""
        self._places += 1
        return self.folder / f"{self._places:03d}-{name}"

    def server(self, latency: str) -> Server:
        return Server(self.fresh("server"), latency)

    def whole(self, side: Side, job: Job, folder: Path, url: str) -> Run:
        """A run that must succeed. Raises HornbookError when it does not."""
        done = run(side, job, folder, url, 5 * self.patience)
        if done.exit_code != 0:
            raise HornbookError(f"{side.name}: ended with {done.exit_code}; see {folder / 'log'}")
        if done.digest != expected_digest(job):
            raise HornbookError(f"{side.name}: other records than the server's answers make; see {folder}")
        return done

    def row(self, what: str, cells: Mapping[str, str]) -> None:
        self.rows.append((what, [cells.get(side.name, "–") for side in SIDES]))

    def figures(self, what: str, figures: Figures) -> None:
        self.row(what, {name: spread(values) for name, values in figures.items()})

    def markdown(self) -> str:
        lines = [["", *(side.name for side in SIDES)], ["---", *("---:" for _ in SIDES)]]
        lines += [[what, *cells] for what, cells in self.rows]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def spread(values: Sequence[float]) -> str:
    """The median, with the range where there is one."""
    if len(values) == 1:
        return number(values[0])
    return f"{number(median(values))} ({number(min(values))} to {number(max(values))})"


def at_most(name: str, values: Sequence[float], unit: str, limit: float) -> Claim:
    goal = f"at most {limit:g} {unit}"
    return Claim(name, median(values), None, unit, None, min(values), max(values), goal, median(values) <= limit)


def shown(name: str, values: Sequence[float], unit: str) -> Claim:
    return Claim(name, median(values), None, unit, None, min(values), max(values), "shown", True)


def beside(name: str, figures: Figures, unit: str) -> list[Claim]:
    """Ours compared with each peer, where less is better: the peer's figure divided by ours, for each round."""
    ours, claims = figures.get(OURS.name, []), []
    for peer in SIDES:
        if peer is OURS or not ours or peer.name not in figures:
            continue
        theirs = figures[peer.name]
        ratios = [other / max(mine, 1e-9) for mine, other in zip(ours, theirs, strict=True)]
        sides = (median(ours), median(theirs), unit)
        claims.append(
            Claim(
                f"{name}, {peer.name}", *sides, median(ratios), min(ratios), max(ratios), "shown", median(ratios) >= 1
            )
        )
    return claims

"""The truth testbed: searches on tabular models, whose p(success | prefix) is known exactly."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.harness import Claim, number, show
from benchmarks.searches import search_positions
from benchmarks.tabular import Tabular, TabularEngine, true_moves
from hornbook.base.progress import progress
from hornbook.inference.settings import Sampling
from hornbook.pts.judged_rollouts import OracleVerdict, RolloutJournal, RolloutRunner
from hornbook.pts.settings import PtsSettings
from hornbook.pts.types import JudgedRollout, Prefix, RolloutTask, Solution

P_GAP = 0.2
LARGE = 1.5  # a large move is of this many P_GAP
FOUND = 0.9  # share of the large moves, that is to be found
TABLES, QUICK_TABLES = 12, 3  # of some 900 positions each
NEAR = 6  # tokens within which an opposite move may cancel a move
SEARCHES: list[tuple[str, dict[str, Any]]] = [
    ("subdivide", {"rollouts": 10}),
    ("subdivide", {"rollouts": 30}),
    ("subdivide", {"rollouts": 100}),
    ("adaptive", {}),
    ("adaptive", {"error_rate": 0.05}),
    ("adaptive", {"error_rate": 0.2}),
    ("adaptive", {"proof": True, "max_rollouts": 256}),
]


@dataclass
class Tally:
    """Positions searched; pivots reported and of them false; large moves, large moves that another cancels within
    `NEAR` tokens, and those found; tokens sampled."""

    positions: int = 0
    said: int = 0
    false: int = 0
    large: int = 0
    large_found: int = 0
    cancelling: int = 0
    cancelling_found: int = 0
    tokens: int = 0

    @property
    def wrong(self) -> float:
        return share(self.false, self.said)

    @property
    def hit(self) -> float:
        return share(self.large_found, self.large)


def run(*, quick: bool, seed: int) -> list[Claim]:
    """Measure, print the table, and return the claims."""
    tables = [Tabular(seed + turn) for turn in range(QUICK_TABLES if quick else TABLES)]
    searches = SEARCHES[:4] if quick else SEARCHES
    tallies = {f"{kind} {name(options)}".strip(): tally(kind, options, tables, seed) for kind, options in searches}
    columns = ["search", "pivots", "false", "share false", "large moves", "found", "cancelling", "found", "tokens"]
    rows = []
    for search, t in tallies.items():
        figures = (t.said, t.false, t.wrong, t.large, t.hit)
        cancelled = (t.cancelling, share(t.cancelling_found, t.cancelling), t.tokens)
        rows.append([search, *map(number, (*figures, *cancelled))])
    positions = next(iter(tallies.values())).positions
    show(f"truth: {positions:,.0f} positions of {len(tables)} tabular models, p_gap {P_GAP:g}", columns, rows)
    ours, peer = tallies["adaptive"], tallies["subdivide rollouts=30"]
    error_rate = PtsSettings().error_rate
    return [
        Claim(
            "(truth) share of pivots below p_gap, beside subdivide n = 30", ours.wrong, peer.wrong, "share",
            peer.wrong / ours.wrong if ours.wrong else None, None, None,
            f"at most {error_rate:g}", ours.wrong <= error_rate,
        ),
        Claim(
            "(truth) large moves found, beside subdivide n = 30", ours.hit, peer.hit, "share",
            ours.hit / peer.hit if peer.hit else None, None, None, f"at least {FOUND:g}", ours.hit >= FOUND,
        ),
    ]  # fmt: skip


def tally(kind: str, options: dict[str, Any], tables: list[Tabular], seed: int) -> Tally:
    """How a search fares on one solution of each start of each table."""
    total = Tally()
    with TemporaryDirectory() as folder, progress(f"{kind} {name(options)}", len(tables), "tables") as bar:
        for turn, model in enumerate(tables):
            runner = table_runner(model, Path(folder) / f"{turn}.journal", seed + turn)
            solutions = draw_solutions(runner)
            moves, tokens = search_positions(kind, solutions, runner, p_gap=P_GAP, **options)
            total.tokens += sum(tokens)
            for solution, said in zip(solutions, moves, strict=True):
                start = runner.cases[solution.case].prompt[1]
                count(total, true_moves(model, start, solution.tokens), set(said))
            bar.advance()
    return total


def count(total: Tally, true_T: np.ndarray, said: set[int]) -> None:
    """Add one solution: the true move of each of its tokens, and the positions that were reported."""
    size_T = np.abs(true_T) + 1e-9
    large = {int(place) for place in np.flatnonzero(size_T >= LARGE * P_GAP)}
    cancelling = {place for place in large if cancelled(true_T, place)}
    total.positions += len(true_T)
    total.said += len(said)
    total.false += sum(bool(size_T[place] < P_GAP) for place in said)
    total.large += len(large)
    total.large_found += len(large & said)
    total.cancelling += len(cancelling)
    total.cancelling_found += len(cancelling & said)


def cancelled(true_T: np.ndarray, place: int) -> bool:
    """Whether a run of tokens that holds `place` and at most `NEAR` more moves p(success) by less than p_gap."""
    windows = [
        (start, end)
        for start in range(max(0, place - NEAR), place + 1)
        for end in range(place + 1, min(len(true_T), start + NEAR + 1) + 1)
    ]
    return any(
        abs(true_T[start:end].sum()) < P_GAP
        and (np.sign(true_T[start:end]) * np.sign(true_T[place]) * np.abs(true_T[start:end])).min() <= -P_GAP
        for start, end in windows
    )  # fmt: skip


def table_runner(model: Tabular, journal: Path, seed: int) -> RolloutRunner:
    cases = model.cases()

    def judge(asked: list[Any]) -> list[OracleVerdict]:
        return [model.judge(question, tokens) for question, tokens in asked]

    sampling = Sampling(max_new_tokens=model.length + 1)
    return RolloutRunner(TabularEngine(model, seed), judge, cases, sampling, RolloutJournal(journal, str(seed)), 4096)


def draw_solutions(runner: RolloutRunner) -> list[Solution]:
    """One solution of each case."""
    wave = [RolloutTask(Prefix(case, ()), "solutions", 0) for case in range(len(runner.cases))]
    made: list[JudgedRollout] = runner.run(wave)
    return [Solution(case, tuple(o.tokens), o.logprobs, o.success) for case, o in enumerate(made)]


def name(options: dict[str, Any]) -> str:
    return " ".join(key if value is True else f"{key}={value:g}" for key, value in options.items())


def share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0

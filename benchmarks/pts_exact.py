"""The truth testbed: searches on tabular models, whose p(success | prefix) is known exactly."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.harness import Claim, number, show
from benchmarks.searches import search_positions
from benchmarks.tabular import Tabular, TabularEngine, true_moves
from hornbook.base.progress import progress
from hornbook.inference.settings import Sampling
from hornbook.pivotal.journal import Journal
from hornbook.pivotal.outcomes import Outcome, Prefix, Solution, Trial
from hornbook.pivotal.settings import PtsSettings
from hornbook.pivotal.trials import Trials, Verdict

P_GAP = 0.2
FOUND = 0.9  # share of the large moves, those of 1.5 P_GAP and more, that is to be found
TABLES, QUICK_TABLES = 12, 3  # of some 900 positions each
SEARCHES: list[tuple[str, dict[str, Any]]] = [
    ("subdivide", {"rollouts": 10}),
    ("subdivide", {"rollouts": 30}),
    ("subdivide", {"rollouts": 100}),
    ("adaptive", {}),
]


def run(*, quick: bool, seed: int) -> list[Claim]:
    """Measure, print the table, and return the claims."""
    tables = [Tabular(seed + turn) for turn in range(QUICK_TABLES if quick else TABLES)]
    tallies = {f"{kind} {name(options)}".strip(): tally(kind, options, tables, seed) for kind, options in SEARCHES}
    positions = next(iter(tallies.values()))[0]
    columns = ["search", "pivots", "false", "share false", "large moves", "found", "tokens"]
    rows = []
    for search, (_, said, false, large, found, tokens) in tallies.items():
        rows.append([search, *map(number, (said, false, share(false, said), large, share(found, large), tokens))])
    show(f"truth: {positions:,.0f} positions of {len(tables)} tabular models, p_gap {P_GAP:g}", columns, rows)
    _, said, false, large, found, _ = tallies["adaptive"]
    _, peer_said, peer_false, _, peer_found, _ = tallies["subdivide rollouts=30"]
    error_rate = PtsSettings().error_rate
    wrong, peer_wrong = share(false, said), share(peer_false, peer_said)
    hit, peer_hit = share(found, large), share(peer_found, large)
    return [
        Claim(
            "(truth) share of pivots below p_gap, beside subdivide n = 30", wrong, peer_wrong, "share",
            peer_wrong / wrong if wrong else None, None, None, f"at most {error_rate:g}", wrong <= error_rate,
        ),
        Claim(
            "(truth) large moves found, beside subdivide n = 30", hit, peer_hit, "share",
            hit / peer_hit if peer_hit else None, None, None, f"at least {FOUND:g}", hit >= FOUND,
        ),
    ]  # fmt: skip


def tally(kind: str, options: dict[str, Any], tables: list[Tabular], seed: int) -> np.ndarray:
    """Positions, pivots reported, of them false, large moves, of them found, and tokens sampled."""
    total = np.zeros(6)
    with TemporaryDirectory() as folder, progress(f"{kind} {name(options)}", len(tables), "tables") as bar:
        for turn, model in enumerate(tables):
            trials = table_trials(model, Path(folder) / f"{turn}.journal", seed + turn)
            solutions = draw_solutions(trials)
            trials.tokens = 0
            moves, tokens = search_positions(kind, solutions, trials, p_gap=P_GAP, **options)
            for solution, said in zip(solutions, moves, strict=True):
                start = trials.cases[solution.case].prompt[1]
                true = np.abs(true_moves(model, start, solution.tokens)) + 1e-9
                large = {int(position) for position in np.flatnonzero(true >= 1.5 * P_GAP)}
                false = sum(true[position] < P_GAP for position in said)
                total += [len(true), len(said), false, len(large), len(large & said.keys()), 0]
            total[5] += sum(tokens)
            bar.advance()
    return total


def table_trials(model: Tabular, journal: Path, seed: int) -> Trials:
    cases = model.cases()

    def judge(asked: list[Any]) -> list[Verdict]:
        return [model.judge(question, tokens) for question, tokens in asked]

    sampling = Sampling(max_new_tokens=model.length + 1)
    return Trials(TabularEngine(model, seed), judge, cases, sampling, Journal(journal, str(seed)), 4096)


def draw_solutions(trials: Trials) -> list[Solution]:
    """One solution of each case."""
    wave = [Trial(Prefix(case, ()), "solutions", 0) for case in range(len(trials.cases))]
    made: list[Outcome] = trials.run(wave)
    return [Solution(case, tuple(o.tokens), o.logprobs, o.success) for case, o in enumerate(made)]


def name(options: dict[str, Any]) -> str:
    return " ".join(f"{key}={value:g}" for key, value in options.items())


def share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0

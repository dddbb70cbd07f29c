"""What a true pivot costs with everything counted, on worlds where every p(success) is known.

A world is a tabular model with a question for each of its states, of which a third is in range. The tokens are all that
a way samples, those of questions that it sets aside included. A pivot is true if the token moves p(success) by p_gap,
exactly, and the way that was said; a token that several solutions share counts once.
"""

import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from benchmarks.harness import Claim, number, show
from benchmarks.pts_exact import table_runner
from benchmarks.searches import tokens
from benchmarks.tabular import Tabular, true_moves
from hornbook.base.progress import progress
from hornbook.base.rng import rng
from hornbook.pts.adaptive import adaptive
from hornbook.pts.judged_rollouts import RolloutRunner
from hornbook.pts.rollout_pools import Pools
from hornbook.pts.screening import choose_solutions, root, success_share
from hornbook.pts.search import make_chains, round_size
from hornbook.pts.settings import PtsSettings
from hornbook.pts.subdivide import search_by_halves
from hornbook.pts.types import Prefix

WORLDS, QUICK_WORLDS = 6, 1
OPEN_SHARE, JUMP = 0.1, 0.1  # of a world's places
QUESTIONS = 150  # of a world
DRAWS = 10_000


class Way(NamedTuple):
    """A way to search: `in_range` keeps questions whose share of successes lies in 0.2 to 0.8, else all that vary."""

    name: str
    settings: PtsSettings
    in_range: bool = False


FIGURE_4 = PtsSettings(search="subdivide", screening=10, rollouts=10, solutions_per_question=1)
TO_THE_END = PtsSettings(question_tokens=0)
WAYS = [
    Way("subdivide, n = 10", FIGURE_4, in_range=True),
    Way(
        "16 rollouts, one solution, to the end",
        PtsSettings(screening=16, solutions_per_question=1, question_tokens=0),
        in_range=True,
    ),
    Way("4 rollouts, all searched, to the end", TO_THE_END),
    Way("4 rollouts, all searched, 120 tokens a question", PtsSettings(question_tokens=120)),
    Way("hornbook pts", PtsSettings()),
]
QUICK_WAYS = [WAYS[0], WAYS[-1]]


class Bill(NamedTuple):
    """What a way spent, and what it found."""

    questions: int
    in_range: int
    searched: int
    tokens: int
    claimed: int
    true: int

    @property
    def price(self) -> float:
        return self.tokens / self.true if self.true else float("inf")


def run(*, quick: bool, seed: int) -> list[Claim]:
    """Measure, print the table, and return the claims."""
    worlds = [
        Tabular(seed + turn, open_share=OPEN_SHARE, jump=JUMP, states=QUESTIONS, all_starts=True)
        for turn in range(QUICK_WORLDS if quick else WORLDS)
    ]
    bills = {way.name: total(way, worlds, seed) for way in (QUICK_WAYS if quick else WAYS)}
    first = next(iter(bills.values()))
    title = f"worlds: {first.questions:,} questions, {first.in_range:,} in range, everything counted"
    columns = ["way", "searched", "tokens", "pivots", "true", "share true", "tokens a true pivot"]
    show(title, columns, [line(name, bill) for name, bill in bills.items()])
    return [claim(bills["hornbook pts"], first, seed)]


def line(name: str, bill: Bill) -> list[str]:
    right = bill.true / bill.claimed if bill.claimed else None
    return [name, *map(number, (bill.searched, bill.tokens, bill.claimed, bill.true, right, bill.price))]


def claim(ours: Bill, peer: Bill, seed: int) -> Claim:
    """The noise is that of the counts (Gamma, Jeffreys' prior)."""
    draw = rng(seed, "worlds")
    many = draw.gamma(ours.true + 0.5, size=DRAWS) / draw.gamma(peer.true + 0.5, size=DRAWS)
    low, high = np.quantile(peer.tokens / ours.tokens * many, [0.025, 0.975])
    ratio = peer.price / ours.price
    name = "(worlds) tokens a true pivot, beside subdivide n = 10"
    return Claim(name, ours.price, peer.price, "tokens", ratio, float(low), float(high), "5×", ratio >= 5)


def total(way: Way, worlds: list[Tabular], seed: int) -> Bill:
    """Over all worlds."""
    bills = []
    with TemporaryDirectory() as folder, progress(way.name, len(worlds), "worlds") as bar:
        for turn, world in enumerate(worlds):
            bills.append(spend(way, world, table_runner(world, Path(folder) / f"{turn}.journal", seed + turn), seed))
            bar.advance()
    return Bill(*(sum(column) for column in zip(*bills, strict=True)))


def spend(way: Way, world: Tabular, runner: RolloutRunner, seed: int) -> Bill:
    """One way in one world."""
    settings, pools = way.settings, Pools(runner, seed)
    every = range(len(runner.cases))
    pools.extend(dict.fromkeys(map(root, every), settings.screening), {})
    low, high = (0.2, 0.8) if way.in_range else (1e-9, 1 - 1e-9)
    kept = [case for case in every if low <= success_share(pools.of(root(case))) <= high]
    solutions = choose_solutions(kept, pools, settings.solutions_per_question)
    units = [tokens(solution) for solution in solutions]
    if settings.search == "subdivide":
        found = search_by_halves(solutions, units, pools, settings)
    else:
        chains = make_chains(solutions, units, pools, settings)
        found = adaptive(chains, pools, settings, seed, round_size(chains))
    right: dict[Prefix, bool] = {}
    for finding in found.findings:
        solution = solutions[finding.solution]
        moves = true_moves(world, start(runner, solution.case), solution.tokens)
        said = math.copysign(1, finding.delta) * float(moves[finding.start])
        right[solution.prefix(finding.end)] = said >= settings.p_gap - 1e-9
    truly = sum(0.2 <= world.p_success(start(runner, case), ()) <= 0.8 for case in every)
    return Bill(len(runner.cases), truly, len(kept), runner.tokens, len(right), sum(right.values()))


def start(runner: RolloutRunner, case: int) -> int:
    """The state that a question begins in."""
    return runner.cases[case].prompt[1]

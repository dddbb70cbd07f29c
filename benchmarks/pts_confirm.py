"""Part (b): what a confirmed pivot costs on a real model, all in, beside the way codelion/pts samples.

Both sides get the same questions, of which about a third is in range, and nothing else. What a side samples counts from
the first token on: for questions that it then sets aside as for those that it searches. Ours is `hornbook pts` by its
defaults, up to its pivots. Fresh rollouts then say of each pivot, ours and the peer's by one rule, whether it holds.
"""

import math
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from benchmarks.harness import Claim, number, show
from benchmarks.models import Bench, load, smollm2
from benchmarks.pts_peer import Claimed, Peer
from benchmarks.pts_questions import questions
from benchmarks.pts_truth import roll
from benchmarks.searches import tokens
from hornbook.base.progress import progress
from hornbook.base.rng import rng
from hornbook.base.workspace import Workspace
from hornbook.inference.settings import Sampling
from hornbook.inference.torch_engine import TorchEngine
from hornbook.pts.adaptive import adaptive
from hornbook.pts.judged_rollouts import RolloutRunner
from hornbook.pts.rollout_pools import Pools
from hornbook.pts.screening import choose_solutions, screen
from hornbook.pts.search import make_chains, round_size
from hornbook.pts.settings import PtsSettings
from hornbook.pts.subdivide import differ
from hornbook.pts.types import Prefix
from hornbook.tokenizer.chat import stop_ids

P_GAP = 0.2
SURE = 2.576  # standard errors of 99 %: fresh rollouts end early where p_gap lies further off than this
DRAWS = 10_000


class Size(NamedTuple):
    """How much is measured."""

    each: int  # questions of each task
    seeds: int
    max_new_tokens: int
    fresh: int  # most fresh rollouts a side
    look: int  # of them, between two looks

    def sampling(self) -> Sampling:
        return Sampling(temperature=0.8, max_new_tokens=self.max_new_tokens)


FULL, QUICK = Size(6, 3, 100, 50, 25), Size(3, 1, 48, 16, 8)


class Found(NamedTuple):
    """What a side claims, and what it sampled for it."""

    claimed: list[Claimed]
    searched: int
    tokens: int


class Cost(NamedTuple):
    """What a side spent, and how many of its pivots hold."""

    questions: int
    searched: int
    tokens: int
    claimed: int
    confirmed: int


def run(*, quick: bool, cache: Path, seed: int) -> list[Claim]:
    """Measure each seed, print the table, and return the claims. Tokens are counted, not seconds: all cores work."""
    threads = os.cpu_count() or 1
    size = QUICK if quick else FULL
    sides: dict[str, list[Cost]] = {"hornbook pts": [], "the peer's way": []}
    for turn in range(seed, seed + size.seeds):
        bench = load(smollm2(cache), questions(size.each, turn), threads)
        for name, found in (
            ("hornbook pts", search_ours(bench, size.sampling(), turn)),
            ("the peer's way", search_peer(bench, size.sampling(), turn)),
        ):
            sides[name].append(settle(found, bench, size, turn, name))
    rows = [line(f"{name}, seed {seed + turn}", c) for name, costs in sides.items() for turn, c in enumerate(costs)]
    ours, peer = (Cost(*(sum(column) for column in zip(*costs, strict=True))) for costs in sides.values())
    rows += [line("hornbook pts, all seeds", ours), line("the peer's way, all seeds", peer)]
    columns = ["search", "questions", "searched", "tokens, all in", "pivots", "confirmed", "tokens a confirmed one"]
    show("(b) SmolLM2-135M-Instruct: everything counted", columns, rows)
    return costs_compared(ours, peer, seed)


def line(name: str, cost: Cost) -> list[str]:
    price = each(cost.tokens, cost.confirmed)
    return [name, *map(number, (cost.questions, cost.searched, cost.tokens, cost.claimed, cost.confirmed, price))]


def search_ours(bench: Bench, sampling: Sampling, seed: int) -> Found:
    """`hornbook pts` with its defaults, up to its pivots."""
    settings = PtsSettings(p_gap=P_GAP)
    with TemporaryDirectory() as folder:
        runner = bench.runner(Path(folder) / "journal", sampling, seed=seed)
        pools = Pools(runner, seed)
        kept = screen(settings, Workspace(Path(folder), name="ours", seed=seed), pools)
        solutions = choose_solutions(kept, pools, settings.solutions_per_question)
        chains = make_chains(solutions, [tokens(solution) for solution in solutions], pools, settings)
        findings = adaptive(chains, pools, settings, seed, round_size(chains)).findings
    claimed: dict[Prefix, Claimed] = {}  # solutions of a question that begin alike share their pivots
    for finding in findings:
        solution = solutions[finding.solution]
        pivot = Claimed(solution.case, solution.tokens, finding.start, finding.delta)
        claimed.setdefault(solution.prefix(finding.end), pivot)
    return Found(list(claimed.values()), len(kept), runner.tokens)


def search_peer(bench: Bench, sampling: Sampling, seed: int) -> Found:
    engine = TorchEngine(bench.network, bench.tokenizer, batch_size=256, seed=seed + 1000)
    peer = Peer(engine, bench.tokenizer, bench.judge, sampling, p_gap=P_GAP)
    claimed = peer.search(bench.cases)
    return Found(claimed, peer.searched, peer.tokens)


def settle(found: Found, bench: Bench, size: Size, seed: int, name: str) -> Cost:
    """Which pivots hold: fresh rollouts after the prefix with and without the token agree in sign and reach p_gap.

    Up to `size.fresh` a side; they end early where a 99 % interval leaves no doubt.
    """
    longer = size.sampling().model_copy(update={"max_new_tokens": 2 * size.max_new_tokens})  # room after any prefix
    with TemporaryDirectory() as folder:
        fresh = bench.runner(Path(folder) / "journal", longer, seed=seed + 2000)
        referee = Referee(found.claimed, fresh, set(stop_ids(bench.tokenizer)))
        with progress(f"confirming {name}", len(found.claimed), "pivots") as bar:
            referee.ask(size.fresh, size.look, bar.advance)
    confirmed = sum(confirms(claimed.delta, referee.move(claimed)[0]) for claimed in found.claimed)
    return Cost(len(bench.cases), found.searched, found.tokens, len(found.claimed), confirmed)


class Referee:
    """Fresh rollouts on both sides of what is claimed."""

    def __init__(self, claimed: list[Claimed], fresh: RolloutRunner, stops: set[int]) -> None:
        self.claimed, self.fresh = claimed, fresh
        self.seen: dict[Prefix, list[bool]] = {side: [] for one in claimed for side in sides(one)}
        self.known: dict[Prefix, float] = {}  # whole solutions
        ended = [sides(one)[1] for one in claimed if one.tokens[one.position] in stops]
        asked = [(fresh.cases[prefix.case].question, list(prefix.tokens)) for prefix in ended]
        for prefix, verdict in zip(ended, fresh.judge(asked), strict=True):
            self.known[prefix] = float(verdict.success)

    def ask(self, most: int, look: int, settled: Callable[[int], None]) -> None:
        """Sample up to `most` rollouts a side, so many between two looks."""
        left = self.claimed
        for begun in range(0, most, look):
            wanted = {side: range(begun, begun + look) for one in left for side in sides(one) if side not in self.known}
            for side, outcomes in roll(self.fresh, wanted, "fresh").items():
                self.seen[side] += [outcome.success for outcome in outcomes]
            doubtful = [one for one in left if self.in_doubt(one)]
            settled(len(left) - len(doubtful))
            left = doubtful

    def in_doubt(self, one: Claimed) -> bool:
        move, error = self.move(one)
        return abs(move * math.copysign(1, one.delta) - P_GAP) <= SURE * error

    def move(self, one: Claimed) -> tuple[float, float]:
        """p after minus before, with its standard error (shares drawn a little to the middle, after Agresti)."""
        (before, a), (after, b) = (self._p(side) for side in sides(one))
        return after - before, math.hypot(a, b)

    def _p(self, side: Prefix) -> tuple[float, float]:
        if side in self.known:
            return self.known[side], 0.0
        n, right = len(self.seen[side]), sum(self.seen[side])
        drawn = (right + 2) / (n + 4)
        return right / n, math.sqrt(drawn * (1 - drawn) / n)


def sides(one: Claimed) -> tuple[Prefix, Prefix]:
    """The prefix before a token, and with it."""
    return Prefix(one.case, one.tokens[: one.position]), Prefix(one.case, one.tokens[: one.position + 1])


def confirms(claimed: float, fresh: float) -> bool:
    return claimed * fresh > 0 and differ(fresh, 0.0, P_GAP)


def costs_compared(ours: Cost, peer: Cost, seed: int) -> list[Claim]:
    """Tokens for each confirmed pivot, and the share confirmed.

    The noise is that of the counts: for each side a count drawn from its posterior (Gamma for a number of pivots, Beta
    for a share, both with Jeffreys' prior), 95 % of the ratio.
    """
    draw = rng(seed, "counts")
    many = draw.gamma(ours.confirmed + 0.5, size=DRAWS) / draw.gamma(peer.confirmed + 0.5, size=DRAWS)
    a, b = each(ours.tokens, ours.confirmed), each(peer.tokens, peer.confirmed)
    ratio = b / a if math.isfinite(a) else 0.0
    low, high = np.quantile(peer.tokens / ours.tokens * many, [0.025, 0.975])
    name = "(b) sampled tokens, all in, per confirmed pivot"
    found = [Claim(name, a, b, "tokens", ratio, float(low), float(high), "2×", ratio >= 2)]
    shares = [draw.beta(side.confirmed + 0.5, side.claimed - side.confirmed + 0.5, size=DRAWS) for side in (ours, peer)]
    a, b = (side.confirmed / side.claimed if side.claimed else 0.0 for side in (ours, peer))
    low, high = np.quantile(shares[0] / shares[1], [0.025, 0.975])
    ratio = a / b if b else math.inf
    found.append(Claim("(b) share confirmed", a, b, "share", ratio, float(low), float(high), "ours 0.9", a >= 0.9))
    return found


def each(amount: float, confirmed: int) -> float:
    return amount / confirmed if confirmed else math.inf

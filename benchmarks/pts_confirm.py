"""Part (b): what a pivot costs that fresh rollouts confirm, beside the way codelion/pts samples, on a real model."""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.harness import Claim, Spent, meter, number, show, tick
from benchmarks.models import Bench, load, smollm2
from benchmarks.pts_peer import Claimed, Peer
from benchmarks.pts_questions import questions
from benchmarks.pts_truth import roll
from benchmarks.searches import tokens
from hornbook.base.errors import HornbookError
from hornbook.base.progress import progress
from hornbook.base.seeds import rng
from hornbook.base.settings import digest
from hornbook.inference.settings import Sampling
from hornbook.pivotal.adaptive import adaptive
from hornbook.pivotal.outcomes import Outcome, Prefix, Solution
from hornbook.pivotal.pools import Pools
from hornbook.pivotal.screening import choose_solutions, root, share
from hornbook.pivotal.search import make_chains
from hornbook.pivotal.settings import PtsSettings
from hornbook.pivotal.subdivide import differ
from hornbook.pivotal.trials import Trials
from hornbook.tokenizer.chat import stop_ids

P_GAP = 0.2
FRESH = 100  # rollouts a side that confirm a pivot
# Chosen on the questions of another seed: what is cheapest for each confirmed pivot, not what finds most of them
ERROR_RATE = 0.05
WAVE = 128  # rollouts made together
TOKENS = 80  # ours may sample for each question; they go where they decide most, over all of them
SOLUTIONS = 3  # of each question, out of its screening, of which ours may take what it likes; the peer gets the first
DRAWS = 10_000


class Size(NamedTuple):
    """How much is measured."""

    each: int  # questions screened of each task ...
    screening: int  # ... by so many rollouts, which are given to both sides, as are the solutions out of them
    ours: int  # questions searched by ours ...
    peer: int  # ... and, of these, by the peer, which is slow
    max_new_tokens: int

    def sampling(self) -> Sampling:
        return Sampling(temperature=0.8, max_new_tokens=self.max_new_tokens)


FULL, QUICK = Size(120, 16, 120, 16, 100), Size(2, 8, 2, 1, 32)


class Found(NamedTuple):
    """What a side claims, and what it spent on it."""

    claimed: list[Claimed]
    questions: int
    tokens: int
    spent: Spent


class Cost(NamedTuple):
    """What a side spent, and how many of its pivots hold."""

    questions: int
    tokens: int
    cpu: float  # seconds
    wall: float
    claimed: int
    confirmed: int


class Asked(NamedTuple):
    """The questions in range, and the rollouts that showed it."""

    bench: Bench  # its cases are these
    made: list[list[Outcome]]  # of each, from its prompt

    def p(self, case: int) -> float:
        return share(self.made[case])

    def pools(self, trials: Trials, seed: int) -> Pools:
        """As they are when the screening has ended."""
        pools = Pools(trials, seed)
        for case, outcomes in enumerate(self.made):
            pools.of(root(case)).extend(outcomes)
        return pools


def run(*, quick: bool, cache: Path, threads: int, seed: int) -> list[Claim]:
    """Measure, print the table, and return the claims. Raises HornbookError when no question is in range."""
    size = QUICK if quick else FULL
    asked = screen(load(smollm2(cache), questions(size.each, seed), threads), size, cache, seed)
    bench, sampling = asked.bench, size.sampling()
    journal = cache / "searches" / f"confirm-{len(bench.cases)}.journal"
    journal.unlink(missing_ok=True)  # replayed rollouts would cost no time
    pools = asked.pools(bench.trials(journal, sampling, seed=seed + 1), seed)
    solutions = choose_solutions(list(range(len(bench.cases))), pools, SOLUTIONS)
    first: dict[int, Solution] = {}
    for solution in solutions:
        first.setdefault(solution.case, solution)
    ours = search_ours(pools, solutions, seed)
    theirs = search_peer(asked, list(first.values())[: size.peer], sampling, seed)
    stops = set(stop_ids(bench.tokenizer))
    # the peer's rule: `max_new_tokens` more may follow any prefix
    longer = sampling.model_copy(update={"max_new_tokens": 2 * size.max_new_tokens})
    mine = settle(ours, bench.trials(cache / "fresh-ours.journal", sampling, seed=seed + 2), stops)
    peers = settle(theirs, bench.trials(cache / "fresh-peer.journal", longer, seed=seed + 3), stops)
    columns = ["search", "questions", "pivots", "confirmed", "tokens", "CPU s", "wall s"]
    title = f"(b) SmolLM2-135M-Instruct: pivots that {FRESH} fresh rollouts a side confirm; below, for each"
    sampled = sum(len(outcome.tokens) for outcomes in asked.made for outcome in outcomes)
    given = ["(screening, paid by neither)", number(len(bench.cases)), "", "", number(sampled), "", ""]
    show(title, columns, [given, *lines("adaptive", mine), *lines("the peer's way", peers)])
    return costs_compared(mine, peers, seed)


def screen(everything: Bench, size: Size, cache: Path, seed: int) -> Asked:
    """The questions with 0.2 ≤ p(success) ≤ 0.8, shuffled; the rollouts are kept in `cache`."""
    ids = [case.question.id for case in everything.cases]
    name = f"screened-{digest([everything.fingerprint, ids, size.screening, size.max_new_tokens, seed])}.journal"
    trials = everything.trials(cache / name, size.sampling(), seed=seed)
    with progress("screening", len(ids) * size.screening, "rollouts") as bar:
        wave = {Prefix(case, ()): range(size.screening) for case in range(len(ids))}
        made = list(roll(trials, wave, "screening", tick(bar)).values())
    kept = [case for case in range(len(ids)) if 0.2 <= share(made[case]) <= 0.8]
    if not kept:
        raise HornbookError(f"the model solves none of {len(ids)} questions sometimes; try another --seed")
    order = [kept[place] for place in rng(seed, "order").permutation(len(kept))][: size.ours]
    return Asked(everything._replace(cases=[everything.cases[case] for case in order]), [made[case] for case in order])


def search_ours(pools: Pools, solutions: list[Solution], seed: int) -> Found:
    """All at once, within the budget."""
    many = len({solution.case for solution in solutions})
    settings = PtsSettings(p_gap=P_GAP, error_rate=ERROR_RATE, max_tokens=TOKENS * many)
    with meter() as spent:
        chains = make_chains(solutions, [tokens(solution) for solution in solutions], pools, P_GAP)
        findings = adaptive(chains, pools, settings, seed, WAVE).findings
    claimed: dict[Prefix, Claimed] = {}  # solutions of a question that begin alike share their pivots
    for finding in findings:
        solution = solutions[finding.solution]
        pivot = Claimed(solution.case, solution.tokens, finding.start, finding.delta)
        claimed.setdefault(solution.prefix(finding.end), pivot)
    return Found(list(claimed.values()), many, pools.trials.tokens, spent)


def search_peer(asked: Asked, solutions: list[Solution], sampling: Sampling, seed: int) -> Found:
    """One after another."""
    bench = asked.bench
    peer = Peer(bench.network, bench.tokenizer, bench.judge, sampling, p_gap=P_GAP)
    claimed: list[Claimed] = []
    with meter() as spent, progress("the peer's way", len(solutions), "questions") as bar:
        for solution in solutions:
            claimed += peer.search(bench.cases[solution.case], solution, asked.p(solution.case), seed)
            bar.advance()
    return Found(claimed, len(solutions), peer.tokens, spent)


def settle(found: Found, fresh: Trials, stops: set[int]) -> Cost:
    """Which of the pivots claimed `FRESH` new rollouts a side confirm: same sign, and at least `P_GAP`."""
    sides = [[Prefix(c.case, c.tokens[:end]) for end in (c.position, c.position + 1)] for c in found.claimed]
    ended = [Prefix(c.case, c.tokens) for c in found.claimed if c.tokens[-1] in stops]
    verdicts = fresh.judge([(fresh.cases[case].question, list(tokens)) for case, tokens in ended])
    p = {prefix: float(verdict.success) for prefix, verdict in zip(ended, verdicts, strict=True)}
    wave = {prefix: range(FRESH) for side in sides for prefix in side if prefix not in p}
    with progress("confirming", len(wave) * FRESH, "rollouts") as bar:
        for prefix, outcomes in roll(fresh, wave, "fresh", tick(bar)).items():
            p[prefix] = share(outcomes)
    moves = [p[after] - p[before] for before, after in sides]
    confirmed = sum(confirms(c.delta, move) for c, move in zip(found.claimed, moves, strict=True))
    spent = found.spent
    return Cost(found.questions, found.tokens, spent.cpu, spent.wall, len(found.claimed), confirmed)


def confirms(claimed: float, fresh: float) -> bool:
    return claimed * fresh > 0 and differ(fresh, 0.0, P_GAP)


def costs_compared(ours: Cost, peer: Cost, seed: int) -> list[Claim]:
    """Costs for each confirmed pivot, and the share confirmed.

    The noise is that of the counts: for each side a count drawn from its posterior (Gamma for a number of pivots, Beta
    for a share, both with Jeffreys' prior), 95 % of the ratio.
    """
    draw = rng(seed, "counts")
    many = draw.gamma(ours.confirmed + 0.5, size=DRAWS) / draw.gamma(peer.confirmed + 0.5, size=DRAWS)
    found = []
    for name, unit, mine, theirs, goal in (
        ("sampled tokens", "tokens", ours.tokens, peer.tokens, 5.0),
        ("CPU-seconds", "s", ours.cpu, peer.cpu, 20.0),
        ("wall time", "s", ours.wall, peer.wall, 1.0),
    ):
        a, b = each(mine, ours.confirmed), each(theirs, peer.confirmed)
        ratio = b / a if math.isfinite(a) else 0.0
        low, high = np.quantile(theirs / mine * many, [0.025, 0.975])
        what = f"(b) {name} per confirmed pivot"
        found.append(Claim(what, a, b, unit, ratio, float(low), float(high), f"{goal:g}×", ratio >= goal))
    shares = [draw.beta(side.confirmed + 0.5, side.claimed - side.confirmed + 0.5, size=DRAWS) for side in (ours, peer)]
    a, b = (side.confirmed / side.claimed if side.claimed else 0.0 for side in (ours, peer))
    low, high = np.quantile(shares[0] / shares[1], [0.025, 0.975])
    ratio = a / b if b else math.inf
    found.append(Claim("(b) share confirmed", a, b, "share", ratio, float(low), float(high), "ours 0.9", a >= 0.9))
    return found


def each(amount: float, confirmed: int) -> float:
    return amount / confirmed if confirmed else math.inf


def lines(name: str, cost: Cost) -> list[list[str]]:
    whole = [cost.questions, cost.claimed, cost.confirmed, cost.tokens, cost.cpu, cost.wall]
    per = [each(amount, cost.confirmed) for amount in (cost.tokens, cost.cpu, cost.wall)]
    return [
        [name, *map(number, whole)],
        ["  a confirmed pivot", "", "", "", *map(number, per)],
    ]

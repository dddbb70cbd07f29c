"""Part (b): what a pivot costs that fresh rollouts confirm, beside the way codelion/pts samples, on a real model."""

import math
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from benchmarks.harness import Claim, Spent, meter, number, show, tick
from benchmarks.models import Bench, load, smollm2
from benchmarks.pts_peer import Claimed, Peer
from benchmarks.pts_questions import questions
from benchmarks.pts_truth import roll
from benchmarks.searches import search_positions
from hornbook.base.errors import HornbookError
from hornbook.base.files import read_json, write_json
from hornbook.base.progress import progress
from hornbook.base.seeds import rng
from hornbook.base.settings import digest
from hornbook.inference.settings import Sampling
from hornbook.pivotal.outcomes import Case, Prefix, Solution
from hornbook.pivotal.subdivide import differ
from hornbook.pivotal.trials import Trials
from hornbook.tokenizer.chat import stop_ids

P_GAP = 0.2
FRESH = 100  # rollouts a side that confirm a pivot
# Chosen on the questions of another seed: what is cheapest for each confirmed pivot, not what finds most of them
THRIFTY: dict[str, Any] = {"error_rate": 0.05, "wave": 128}
TOKENS = 200  # ours may sample for each question; they go where they decide most, over all of them
DRAWS = 10_000


class Size(NamedTuple):
    """How much is measured."""

    each: int  # questions screened of each task ...
    screening: int  # ... by so many rollouts, which neither side pays for
    ours: int  # questions searched by ours ...
    peer: int  # ... and, of these, by the peer, which is slow
    max_new_tokens: int

    def sampling(self) -> Sampling:
        return Sampling(temperature=0.8, max_new_tokens=self.max_new_tokens)


FULL, QUICK = Size(120, 16, 120, 12, 100), Size(2, 8, 2, 1, 32)


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


def run(*, quick: bool, cache: Path, threads: int, seed: int) -> list[Claim]:
    """Measure, print the table, and return the claims. Raises HornbookError when no question is in range."""
    size = QUICK if quick else FULL
    everything = load(smollm2(cache), questions(size.each, seed), threads)
    bench = everything._replace(cases=in_range(everything, size, cache, seed)[: size.ours])
    ours, theirs = search_ours(bench, size, cache, seed), search_peer(bench, size, seed)
    stops = set(stop_ids(bench.tokenizer))
    # the peer's rule: `max_new_tokens` more may follow any prefix
    longer = size.sampling().model_copy(update={"max_new_tokens": 2 * size.max_new_tokens})
    mine = settle(ours, bench.trials(cache / "fresh-ours.journal", size.sampling(), seed=seed + 2), stops)
    peers = settle(theirs, bench.trials(cache / "fresh-peer.journal", longer, seed=seed + 3), stops)
    columns = ["search", "questions", "pivots", "confirmed", "tokens", "CPU s", "wall s"]
    title = f"(b) SmolLM2-135M-Instruct: pivots that {FRESH} fresh rollouts a side confirm; below, for each"
    show(title, columns, [*lines("adaptive", mine), *lines("the peer's way", peers)])
    return costs_compared(mine, peers, seed)


def in_range(bench: Bench, size: Size, cache: Path, seed: int) -> list[Case]:
    """The cases with 0.2 ≤ p(success) ≤ 0.8, shuffled; the shares are kept in `cache`."""
    asked = [case.question.id for case in bench.cases]
    file = cache / f"screened-{digest([bench.fingerprint, asked, size.screening, size.max_new_tokens, seed])}.json"
    if not file.exists():
        trials = bench.trials(file.with_suffix(".journal"), size.sampling(), seed=seed)
        with progress("screening", len(asked) * size.screening, "rollouts") as bar:
            everything = {Prefix(number, ()): range(size.screening) for number in range(len(asked))}
            made = roll(trials, everything, "screening", tick(bar))
        shares = {asked[at.case]: sum(o.success for o in outcomes) / size.screening for at, outcomes in made.items()}
        write_json(file, shares)
    p = msgspec.convert(read_json(file), dict[str, float])
    kept = [case for case in bench.cases if 0.2 <= p[case.question.id] <= 0.8]
    if not kept:
        raise HornbookError(f"{file}: the model solves none of {len(asked)} questions sometimes; try another --seed")
    return [kept[place] for place in rng(seed, "order").permutation(len(kept))]


def search_ours(bench: Bench, size: Size, cache: Path, seed: int) -> Found:
    """One solution of each case searched, all at once, within the budget; the solutions are paid for out of it."""
    journal = cache / "searches" / f"confirm-{len(bench.cases)}.journal"
    journal.unlink(missing_ok=True)  # replayed rollouts would cost no time
    trials = bench.trials(journal, size.sampling(), seed=seed + 1)
    with meter() as spent:
        solutions = finished(trials)
        budget = TOKENS * len(bench.cases)
        moves, _ = search_positions("adaptive", solutions, trials, p_gap=P_GAP, max_tokens=budget, **THRIFTY)
    claimed = [
        Claimed(solution.case, solution.tokens, position, move)
        for solution, found in zip(solutions, moves, strict=True)
        for position, move in found.items()
    ]
    return Found(claimed, len(bench.cases), trials.tokens, spent)


def finished(trials: Trials) -> list[Solution]:
    """One solution of each case, if it finished."""
    made = roll(trials, {Prefix(case, ()): range(1) for case in range(len(trials.cases))}, "solutions")
    return [
        Solution(prefix.case, tuple(o.tokens), o.logprobs, o.success)
        for prefix, (o,) in made.items()
        if o.finish == "stop"
    ]


def search_peer(bench: Bench, size: Size, seed: int) -> Found:
    """The first cases, one generation each."""
    peer = Peer(bench.network, bench.tokenizer, bench.judge, size.sampling(), p_gap=P_GAP)
    claimed: list[Claimed] = []
    asked = bench.cases[: size.peer]
    with meter() as spent, progress("the peer's way", len(asked), "questions") as bar:
        for index, case in enumerate(asked):
            claimed += peer.search(case, index, 1, seed)
            bar.advance()
    return Found(claimed, len(asked), peer.tokens, spent)


def settle(found: Found, fresh: Trials, stops: set[int]) -> Cost:
    """Which of the pivots claimed `FRESH` new rollouts a side confirm: same sign, and at least `P_GAP`."""
    sides = [[Prefix(c.case, c.tokens[:end]) for end in (c.position, c.position + 1)] for c in found.claimed]
    ended = [Prefix(c.case, c.tokens) for c in found.claimed if c.tokens[-1] in stops]
    verdicts = fresh.judge([(fresh.cases[case].question, list(tokens)) for case, tokens in ended])
    p = {prefix: float(verdict.success) for prefix, verdict in zip(ended, verdicts, strict=True)}
    wave = {prefix: range(FRESH) for side in sides for prefix in side if prefix not in p}
    with progress("confirming", len(wave) * FRESH, "rollouts") as bar:
        for prefix, outcomes in roll(fresh, wave, "fresh", tick(bar)).items():
            p[prefix] = sum(outcome.success for outcome in outcomes) / FRESH
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

"""From a pivotal token to a preference between two single tokens (report §4.3)."""

from collections import defaultdict

import msgspec

from hornbook.base.records import Pair, Pivot, make_id
from hornbook.pivotal.estimates import Estimator
from hornbook.pivotal.outcomes import Outcome, Prefix
from hornbook.pivotal.subdivide import differ

CANDIDATES = 2  # tokens tried for the other side of a pair


class Fork(msgspec.Struct):
    """A pivot, the prefix before it, and the tokens that may stand against it."""

    pivot: Pivot
    before: Prefix
    others: list[int]

    def after(self, token: int) -> Prefix:
        return Prefix(self.before.case, (*self.before.tokens, token))

    def ends(self) -> list[Prefix]:
        return [self.after(token) for token in self.others]


def find_forks(pivots: list[tuple[Pivot, Prefix]], search: Estimator, fresh: Estimator) -> list[Fork]:
    """Candidates for the other side of each pivot, out of the rollouts already made at the prefix before it."""
    made = [search.outcomes.get(before, []) + fresh.outcomes.get(before, []) for _, before in pivots]
    return [
        Fork(pivot, before, opposites(pivot, outcomes)) for (pivot, before), outcomes in zip(pivots, made, strict=True)
    ]


def make_pairs(forks: list[Fork], search: Estimator, fresh: Estimator, p_gap: float) -> list[Pair]:
    """One pair for each pivot whose opposite was found; `search` holds estimates of all `Fork.ends`.

    A pivot that raises p(success) is the accepted token, one that lowers it the rejected one. The other side must
    move p(success) the other way, by rollouts of its own, and lie at least `p_gap` from the pivot.
    """
    pairs: dict[str, Pair] = {}
    for fork in forks:
        pivot, sign = fork.pivot, 1 if fork.pivot.delta > 0 else -1
        p_before = (fresh if fresh.known(fork.before) else search).estimate(fork.before).p
        moves = {token: search.estimate(fork.after(token)).p - p_before for token in fork.others}
        other = min(moves, key=lambda token: (sign * moves[token], token), default=None)
        if other is None or sign * moves[other] >= 0 or not differ(moves[other], pivot.delta, p_gap):
            continue
        chosen, rejected = (pivot.token, other) if sign > 0 else (other, pivot.token)
        pair = _pair(pivot, chosen, rejected)
        pairs.setdefault(pair.id, pair)
    return list(pairs.values())


def opposites(pivot: Pivot, outcomes: list[Outcome]) -> list[int]:
    """First tokens after which rollouts ended, more often than on the whole, the other way than the pivot pushes.

    Those with most such rollouts beyond their share come first.
    """
    raises = pivot.delta > 0
    share = sum(outcome.success != raises for outcome in outcomes) / max(1, len(outcomes))
    excess: defaultdict[int, float] = defaultdict(float)
    for outcome in outcomes:
        excess[outcome.tokens[0]] += (outcome.success != raises) - share
    ranked = sorted(excess, key=lambda token: (-excess[token], token))
    return [token for token in ranked if excess[token] > 1e-9 and token != pivot.token][:CANDIDATES]


def _pair(pivot: Pivot, chosen: int, rejected: int) -> Pair:
    prompt = pivot.prompt_tokens + pivot.solution_tokens[: pivot.position]
    return Pair(
        id=make_id("pair", "pivotal", str(prompt), str(chosen), str(rejected)),
        parents=[pivot.id],
        kind="pivotal",
        prompt_tokens=prompt,
        chosen_tokens=[chosen],
        rejected_tokens=[rejected],
    )

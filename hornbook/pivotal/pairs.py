"""From a pivotal token to a preference between two single tokens (report §4.3)."""

from collections import defaultdict

import msgspec

from hornbook.base.progress import Bar
from hornbook.base.records import Pair, Pivot, make_id
from hornbook.pivotal.estimates import Estimator
from hornbook.pivotal.outcomes import Outcome, Prefix
from hornbook.pivotal.subdivide import differ

CANDIDATES = 2  # tokens tried for the other side of a pair


class Fork(msgspec.Struct):
    """A pivot, and the tokens that may stand against it."""

    pivot: Pivot
    before: Prefix
    others: list[int]

    def after(self, token: int) -> Prefix:
        return Prefix(self.before.case, (*self.before.tokens, token))


def make_pairs(
    pivots: list[tuple[Pivot, Prefix]],
    search: Estimator,
    fresh: Estimator,
    n: int,
    p_gap: float,
    bar: Bar | None = None,
) -> list[Pair]:
    """One pair for each pivot whose opposite was found.

    A pivot that raises p(success) is the accepted token, one that lowers it the rejected one. The other side is a
    token with which rollouts from the same prefix began: the first of failed ones, or of successful ones. It is tried
    with `n` rollouts of its own, and must move p(success) the other way and lie at least `p_gap` from the pivot.
    Pivots come with the prefix before them; `search` and `fresh` hold the rollouts made there.
    """
    forks = [Fork(pivot, before, opposites(pivot, _made(before, search, fresh))) for pivot, before in pivots]
    search.gather((fork.after(token) for fork in forks for token in fork.others), n, bar)
    pairs: dict[str, Pair] = {}
    for fork in forks:
        pivot, sign = fork.pivot, 1 if fork.pivot.delta > 0 else -1
        p_before = (fresh if fresh.known(fork.before) else search).estimate(fork.before).p
        p_after = p_before + pivot.delta
        moves = {token: sign * search.estimate(fork.after(token)).p for token in fork.others}
        other = min(moves, key=lambda token: (moves[token], token), default=None)
        if other is None or moves[other] >= sign * p_before or not differ(sign * moves[other], p_after, p_gap):
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


def _made(prefix: Prefix, *estimators: Estimator) -> list[Outcome]:
    return [outcome for estimator in estimators for outcome in estimator.outcomes.get(prefix, [])]


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

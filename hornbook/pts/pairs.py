"""From a pivot to a preference: the pivotal token against one that pushes the other way (report §4.3)."""

from collections import defaultdict
from collections.abc import Callable

import msgspec

from hornbook.base.records import Pair, Pivot, make_id
from hornbook.base.workspace import Workspace
from hornbook.pts.confidence_sequence import Counts, believe
from hornbook.pts.rollout_pools import Pools
from hornbook.pts.settings import PtsSettings
from hornbook.pts.types import Branch, Outcome, Prefix, onward

CANDIDATES = 2  # beginnings tried for the other side of a pair
FirstUnit = Callable[[list[int]], int]  # tokens of a rollout -> how many its first unit (token, sentence) has


class Contest(msgspec.Struct):
    """A pivot that looks for its opposite.

    `right` of `n` rollouts from the prefix `before` it succeeded, made or drawn by the search; `made` are rollouts that
    left the pivot aside, with what they have of it in common first.
    """

    pivot: Pivot
    before: Prefix
    right: int
    n: int
    made: list[tuple[list[int], Outcome]]
    others: list[list[int]] = []

    def after(self, other: list[int]) -> Branch:
        return onward(Prefix(self.before.case, (*self.before.tokens, *other)))


def find_pairs(
    contests: list[Contest], pools: Pools, again: Pools, settings: PtsSettings, work: Workspace, first_unit: FirstUnit
) -> list[Pair]:
    """One pair for each pivot whose opposite was found among the rollouts made before it.

    A pivot that raises p(success) is the accepted side, one that lowers it the rejected one. The other side must itself
    be seen to move p(success) by p_gap the other way, in new rollouts of its own; `again` is for more of them before
    the pivot.
    """
    verdicts: dict[Branch, bool] = {}  # of beginnings that are a whole solution
    for contest in contests:
        contest.others = _opposites(contest, first_unit, verdicts)
    pairs: dict[str, Pair] = {}
    with work.progress("opposites", len(contests), "pivots") as bar:
        for attempt in range(CANDIDATES):
            tried = [contest for contest in contests if len(contest.others) > attempt]
            _settle(tried, attempt, pools, again, settings, verdicts)
            for contest in tried:
                other = contest.others[attempt]
                if _moves(contest, other, pools, again, settings, verdicts) >= 1 - settings.error_rate:
                    pair = _pair(contest.pivot, other)
                    pairs.setdefault(pair.id, pair)
                    contest.others = []
                    bar.advance()
    return list(pairs.values())


def _opposites(contest: Contest, first_unit: FirstUnit, verdicts: dict[Branch, bool]) -> list[list[int]]:
    """Beginnings after which rollouts went the other way than the pivot pushes, the clearest first."""
    raises = contest.pivot.delta > 0
    began: defaultdict[tuple[int, ...], list[bool]] = defaultdict(list)
    for common, outcome in contest.made:
        unit = tuple((common + outcome.tokens)[: first_unit(common + outcome.tokens)])
        began[unit].append(outcome.success != raises)
        if len(unit) == len(common) + len(outcome.tokens):
            verdicts[contest.after(list(unit))] = outcome.success
    began.pop(tuple(contest.pivot.solution_tokens[contest.pivot.position :][: contest.pivot.length]), None)
    share = sum(map(sum, began.values())) / max(1, sum(map(len, began.values())))
    worth = {unit: (sum(against) + share) / (len(against) + 1) for unit, against in began.items()}
    ranked = sorted(worth, key=lambda unit: (-worth[unit], -len(began[unit]), unit))
    return [list(unit) for unit in ranked if sum(began[unit])][:CANDIDATES]


def _settle(
    contests: list[Contest],
    attempt: int,
    pools: Pools,
    again: Pools,
    settings: PtsSettings,
    verdicts: dict[Branch, bool],
) -> None:
    """Sample after the others, and before them where less is known, until each is seen to move p(success) or not."""
    looking = [contest for contest in contests if contest.after(contest.others[attempt]) not in verdicts]
    while looking:
        branches = [contest.after(contest.others[attempt]) for contest in looking]
        pools.extend({branch: len(pools.of(branch)) + 2 + len(pools.of(branch)) // 2 for branch in branches}, {})
        short = [c for c, branch in zip(looking, branches, strict=True) if _before(c, again)[1] < len(pools.of(branch))]
        again.extend({onward(c.before): len(again.of(onward(c.before))) + 4 for c in short}, {})
        looking = [
            contest
            for contest, branch in zip(looking, branches, strict=True)
            if len(pools.of(branch)) < settings.max_rollouts
            and settings.error_rate
            < _moves(contest, contest.others[attempt], pools, again, settings, verdicts)
            < 1 - settings.error_rate
        ]


def _before(contest: Contest, again: Pools) -> tuple[int, int]:
    """Successes and rollouts from the prefix before a pivot."""
    branch = onward(contest.before)
    return contest.right + again.right(branch), contest.n + len(again.of(branch))


def _moves(
    contest: Contest,
    other: list[int],
    pools: Pools,
    again: Pools,
    settings: PtsSettings,
    verdicts: dict[Branch, bool],
) -> float:
    """Probability that `other` moves p(success) by p_gap, the other way than the pivot does."""
    branch = contest.after(other)
    right, n = pools.right(branch), len(pools.of(branch))
    if branch in verdicts:
        right, n = verdicts[branch] * settings.max_rollouts, settings.max_rollouts
    belief = believe(Counts(right, n, *_before(contest, again)), settings.p_gap)
    return belief.falls if contest.pivot.delta > 0 else belief.rises


def _pair(pivot: Pivot, other: list[int]) -> Pair:
    prompt = pivot.prompt_tokens + pivot.solution_tokens[: pivot.position]
    own = pivot.solution_tokens[pivot.position : pivot.position + pivot.length]
    chosen, rejected = (own, other) if pivot.delta > 0 else (other, own)
    return Pair(
        id=make_id("pair", "pivotal", str(prompt), str(chosen), str(rejected)),
        parents=[pivot.id],
        kind="pivotal",
        prompt_tokens=prompt,
        chosen_tokens=chosen,
        rejected_tokens=rejected,
    )

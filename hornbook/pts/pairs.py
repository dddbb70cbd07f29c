"""Preference pairs from pivots: the pivotal token against another that the model takes instead of it (report §4.3)."""

from collections import defaultdict
from collections.abc import Callable

import msgspec

from hornbook.base.records import Pair, Pivot, make_id
from hornbook.base.workspace import Workspace
from hornbook.pts.confidence_sequence import GRID, likelihood
from hornbook.pts.rollout_pools import Pools
from hornbook.pts.settings import PtsSettings
from hornbook.pts.types import Branch, JudgedRollout, Prefix, continuations

CANDIDATES = 2  # tried for the other side of a pair
FirstUnit = Callable[[list[int]], int]  # tokens of a rollout -> how many its first unit (token, sentence) has


class OppositeSearch(msgspec.Struct):
    """The search for the opposite of a pivot.

    `made` are rollouts that diverge within the pivot, each with the tokens that it has in common with it. `others` are
    the candidates.
    """

    pivot: Pivot
    before: Prefix
    made: list[tuple[list[int], JudgedRollout]]
    others: list[list[int]] = []

    @property
    def own(self) -> list[int]:
        return self.pivot.solution_tokens[self.pivot.position :][: self.pivot.length]

    def after(self, unit: list[int]) -> Branch:
        return continuations(Prefix(self.before.case, (*self.before.tokens, *unit)))


def find_pairs(
    searches: list[OppositeSearch],
    pools: Pools,
    settings: PtsSettings,
    work: Workspace,
    first_unit: FirstUnit,
) -> list[Pair]:
    """A pair for each pivot whose opposite is found among the rollouts from the prefix before it.

    A pivot that raises p(success) is the chosen side, one that lowers it the rejected one. After the other side
    p(success) must differ by p_gap from what it is after the pivot, as shown by new rollouts.
    """
    verdicts: dict[Branch, bool] = {}  # of candidates that are a whole solution
    for search in searches:
        search.others = _opposites(search, first_unit, verdicts)
    pairs: dict[str, Pair] = {}
    with work.progress("opposites", len(searches), "pivots") as bar:
        for attempt in range(CANDIDATES):
            tried = [search for search in searches if len(search.others) > attempt]
            _sample_until_decided(tried, attempt, pools, settings, verdicts)
            for search in tried:
                other = search.others[attempt]
                if _differs(search, other, pools, settings, verdicts) >= 1 - settings.error_rate:
                    pair = _pair(search, other)
                    pairs.setdefault(pair.id, pair)
                    search.others = []
                    bar.advance()
    return list(pairs.values())


def _opposites(search: OppositeSearch, first_unit: FirstUnit, verdicts: dict[Branch, bool]) -> list[list[int]]:
    """First units after which rollouts had the other verdict than the pivot promotes, the highest share first."""
    raises = search.pivot.delta > 0
    began: defaultdict[tuple[int, ...], list[bool]] = defaultdict(list)
    for common, outcome in search.made:
        unit = tuple((common + outcome.tokens)[: first_unit(common + outcome.tokens)])
        began[unit].append(outcome.success != raises)
        if len(unit) == len(common) + len(outcome.tokens):
            verdicts[search.after(list(unit))] = outcome.success
    began.pop(tuple(search.own), None)
    share = sum(map(sum, began.values())) / max(1, sum(map(len, began.values())))
    worth = {unit: (sum(against) + share) / (len(against) + 1) for unit, against in began.items()}
    ranked = sorted(worth, key=lambda unit: (-worth[unit], -len(began[unit]), unit))
    return [list(unit) for unit in ranked if sum(began[unit])][:CANDIDATES]


def _sample_until_decided(
    searches: list[OppositeSearch], attempt: int, pools: Pools, settings: PtsSettings, verdicts: dict[Branch, bool]
) -> None:
    """Sample after each candidate until it is clear whether it differs."""
    looking = [search for search in searches if search.after(search.others[attempt]) not in verdicts]
    while looking:
        branches = [search.after(search.others[attempt]) for search in looking]
        pools.extend({branch: len(pools.of(branch)) + 2 + len(pools.of(branch)) // 2 for branch in branches}, {})
        looking = [
            search
            for search, branch in zip(looking, branches, strict=True)
            if len(pools.of(branch)) < settings.max_rollouts
            and settings.error_rate
            < _differs(search, search.others[attempt], pools, settings, verdicts)
            < 1 - settings.error_rate
        ]


def _differs(
    search: OppositeSearch, other: list[int], pools: Pools, settings: PtsSettings, verdicts: dict[Branch, bool]
) -> float:
    """Probability that p(success) after `other` is p_gap below (above) that after a pivot that raises (lowers) it.

    The prior of p(success) after `other` is uniform.
    """
    branch = search.after(other)
    right, n = pools.right(branch), len(pools.of(branch))
    if branch in verdicts:
        right, n = verdicts[branch] * settings.max_rollouts, settings.max_rollouts
    posterior = likelihood(right, n)
    if search.pivot.delta > 0:
        differing = search.pivot.p_after - settings.p_gap + 1e-9 >= GRID
    else:
        differing = search.pivot.p_after + settings.p_gap - 1e-9 <= GRID
    return float(posterior[differing].sum() / posterior.sum())


def _pair(search: OppositeSearch, other: list[int]) -> Pair:
    pivot = search.pivot
    prompt = pivot.prompt_tokens + pivot.solution_tokens[: pivot.position]
    own = search.own
    chosen, rejected = (own, other) if pivot.delta > 0 else (other, own)
    return Pair(
        id=make_id("pair", "pivotal", str(prompt), str(chosen), str(rejected)),
        parents=[pivot.id],
        kind="pivotal",
        prompt_tokens=prompt,
        chosen_tokens=chosen,
        rejected_tokens=rejected,
    )

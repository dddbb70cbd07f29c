"""Select the questions to search, those solved sometimes but not always, and solutions of them.

A question is kept if the verdicts of a few rollouts differ. The search then estimates p(success); only questions within
the report's range (§4.3: 0.2 to 0.8) give pairs.
"""

from hornbook.base.errors import HornbookError
from hornbook.base.workspace import Workspace
from hornbook.pts.rollout_pools import Pools
from hornbook.pts.settings import PtsSettings
from hornbook.pts.types import Branch, JudgedRollout, Prefix, Solution, continuations


def screen(settings: PtsSettings, work: Workspace, pools: Pools) -> list[int]:
    """The cases to search, after `screening` rollouts of each.

    Raises HornbookError when there is none.
    """
    roots = [root(case) for case in range(len(pools.runner.cases))]
    with work.progress("screening", len(roots) * settings.screening, "rollouts") as bar:
        pools.extend(dict.fromkeys(roots, settings.screening), {}, lambda _: bar.advance())
    kept = [branch.along.case for branch in roots if _is_kept(settings, pools.of(branch))]
    work.note("screened", len(roots))
    work.note("searched", len(kept))
    if not kept:
        p = [success_share(pools.of(branch)) for branch in roots]
        never, always = sum(value == 0 for value in p), sum(value == 1 for value in p)
        raise HornbookError(
            f"no question has p(success) between {settings.p_low:g} and {settings.p_high:g}: of {len(p)} screened, "
            f"{never} were never solved and {always} always in {settings.screening} rollouts; give easier or harder "
            "questions, or more rollouts (--screening)"
        )
    return kept


def _is_kept(settings: PtsSettings, made: list[JudgedRollout]) -> bool:
    """Whether verdicts differ, or agree on a bound that the range includes (0 or 1)."""
    right = sum(outcome.success for outcome in made)
    return (right > 0 or settings.p_low == 0) and (right < len(made) or settings.p_high == 1)


def root(case: int) -> Branch:
    """Rollouts from the prompt."""
    return continuations(Prefix(case, ()))


def success_share(made: list[JudgedRollout]) -> float:
    """Share of successes."""
    return sum(outcome.success for outcome in made) / len(made)


def choose_solutions(cases: list[int], pools: Pools, per_question: int) -> list[Solution]:
    """Finished solutions from the screening rollouts, alternately successes and failures."""
    chosen: list[Solution] = []
    for turn, case in enumerate(cases):
        distinct = {tuple(o.tokens): o for o in pools.of(root(case)) if o.finish == "stop"}
        sides = [[o for o in distinct.values() if o.success == wanted] for wanted in (True, False)]
        for number in range(per_question):
            side = sides[(turn + number) % 2] or sides[(turn + number + 1) % 2]
            if side:
                outcome = side.pop(0)
                chosen.append(Solution(case, tuple(outcome.tokens), outcome.logprobs, outcome.success))
    return chosen

"""Which questions are worth a search, and which of their solutions: those solved sometimes, but not always.

A few rollouts say so: a question is kept if their verdicts differ. What p(success) is comes out of the search; that it
lies in the range of the report (§4.3: 0.2 to 0.8) is asked of a question when its pairs are written.
"""

from hornbook.base.errors import HornbookError
from hornbook.base.workspace import Workspace
from hornbook.pts.rollout_pools import Pools
from hornbook.pts.settings import PtsSettings
from hornbook.pts.types import Branch, Outcome, Prefix, Solution, onward


def screen(settings: PtsSettings, work: Workspace, pools: Pools) -> list[int]:
    """The cases that are searched, after `screening` rollouts of each.

    Raises HornbookError when there is none.
    """
    roots = [root(case) for case in range(len(pools.trials.cases))]
    with work.progress("screening", len(roots) * settings.screening, "rollouts") as bar:
        pools.extend(dict.fromkeys(roots, settings.screening), {}, lambda _: bar.advance())
    kept = [branch.along.case for branch in roots if _worth_it(settings, pools.of(branch))]
    work.note("screened", len(roots))
    work.note("searched", len(kept))
    if not kept:
        p = [share(pools.of(branch)) for branch in roots]
        never, always = sum(value == 0 for value in p), sum(value == 1 for value in p)
        raise HornbookError(
            f"no question has p(success) between {settings.p_low:g} and {settings.p_high:g}: of {len(p)} screened, "
            f"{never} were never solved and {always} always in {settings.screening} rollouts; give easier or harder "
            "questions, or more rollouts (--screening)"
        )
    return kept


def _worth_it(settings: PtsSettings, made: list[Outcome]) -> bool:
    """Verdicts differ, or agree on what the range admits: it may begin at 0, or end at 1."""
    right = sum(outcome.success for outcome in made)
    return (right > 0 or settings.p_low == 0) and (right < len(made) or settings.p_high == 1)


def root(case: int) -> Branch:
    """Rollouts from the prompt."""
    return onward(Prefix(case, ()))


def share(made: list[Outcome]) -> float:
    """Of successes."""
    return sum(outcome.success for outcome in made) / len(made)


def choose_solutions(cases: list[int], pools: Pools, per_question: int) -> list[Solution]:
    """Finished solutions out of the rollouts already made, successes and failures by turns."""
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

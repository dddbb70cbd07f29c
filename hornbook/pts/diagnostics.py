"""Statistics of a search, and warnings when it went badly (report §9)."""

from hornbook.base.workspace import Workspace
from hornbook.pts.judged_rollouts import RolloutRunner
from hornbook.pts.search import SearchResult
from hornbook.pts.settings import PtsSettings

HISTOGRAM_BINS = 10
FEW_IN_RANGE = 0.1  # of the questions screened
FEW_PIVOTS = 0.25  # per solution
FEW_CONFIRMED = 0.5  # of the pivots
MANY_UNFINISHED = 0.5  # of the rollouts
MANY_BROKEN = 0.05


def record_diagnostics(settings: PtsSettings, work: Workspace, found: SearchResult, runner: RolloutRunner) -> None:
    """Write counts, notes and warnings to the workspace."""
    pivots, confirmed = len(found.pivots), sum(pivot.confirmed for pivot in found.pivots)
    broken = runner.broken()
    work.count(tokens=runner.tokens, rollouts=len(runner.made), pivots=pivots, solutions=len(found.solutions))
    work.note("solutions", len(found.solutions))
    work.note("pivots", pivots)
    work.note("confirmed", confirmed if settings.confirm else None)
    work.note("raising", sum(pivot.delta > 0 for pivot in found.pivots))
    work.note("pairs", len(found.pairs))
    work.note("rollouts", len(runner.made))
    work.note("sampled_tokens", runner.tokens)
    work.note("unfinished", runner.unfinished())
    work.note("oracle_failures", dict(sorted(broken.items())))
    work.note("tokens_by_step", found.spent)
    screened, in_range = len(found.difficulties), sum(row.in_range for row in found.difficulties)
    bins = [min(int(row.p * HISTOGRAM_BINS), HISTOGRAM_BINS - 1) for row in found.difficulties]
    work.note("p_histogram", [bins.count(number) for number in range(HISTOGRAM_BINS)])
    work.note("in_range", in_range)
    work.conclude(cost_per_pivot(settings, found, runner.tokens))
    if in_range < FEW_IN_RANGE * screened:
        work.warn(
            f"only {in_range} of {screened} questions have p(success) between {settings.p_low:g} and "
            f"{settings.p_high:g}; most are too easy or too hard for this model to learn from"
        )
    if pivots < FEW_PIVOTS * len(found.solutions):
        work.warn(f"few pivotal tokens: {pivots} in {len(found.solutions)} solutions")
    wrong_way = sum(pivot.error for pivot in found.pivots)
    work.note("expected_false", round(wrong_way, 2))
    if settings.confirm and confirmed < FEW_CONFIRMED * pivots:
        work.warn(f"only {confirmed} of {pivots} pivotal tokens confirmed by fresh rollouts; use more rollouts")
    if runner.unfinished() > MANY_UNFINISHED:
        work.warn(
            f"{runner.unfinished():.0%} of the rollouts did not finish within "
            f"{settings.max_new_tokens} tokens and count as failures"
        )
    if broken.total() > MANY_BROKEN * len(runner.made):
        work.warn(f"the oracle broke on {broken.total()} of {len(runner.made)} rollouts, which count as failures")


def cost_per_pivot(settings: PtsSettings, found: SearchResult, tokens: int) -> str:
    """One line: tokens sampled per pivot, including screening, confirmation and pairs."""
    what = "confirmed pivot" if settings.confirm else "pivot"
    count = sum(pivot.confirmed or not settings.confirm for pivot in found.pivots)
    aside = sum(row.n * row.tokens for row in found.difficulties if not row.searched)
    steps = ", ".join(f"{step} {amount:,}" for step, amount in found.spent.items() if amount)
    steps = steps.replace("screening", f"screening (of questions set aside: {aside:,.0f})", 1)
    each = f"{tokens / count:,.0f} tokens a {what}, all in" if count else f"no {what} was found"
    return f"{count:,} {what}{'s' * (count != 1)} for {tokens:,} sampled tokens: {each} ({steps})"

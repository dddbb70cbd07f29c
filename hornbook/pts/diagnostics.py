"""What a search has to say for itself: its figures, and the signs that it went badly (report §9)."""

from hornbook.base.workspace import Workspace
from hornbook.pts.judged_rollouts import Trials
from hornbook.pts.search import Found
from hornbook.pts.settings import PtsSettings

HISTOGRAM_BINS = 10
FEW_IN_RANGE = 0.1  # of the questions screened
FEW_PIVOTS = 0.25  # per solution
FEW_CONFIRMED = 0.5  # of the pivots
MANY_UNFINISHED = 0.5  # of the rollouts
MANY_BROKEN = 0.05


def book(settings: PtsSettings, work: Workspace, found: Found, trials: Trials) -> None:
    """Counts, notes and warnings."""
    pivots, confirmed = len(found.pivots), sum(pivot.confirmed for pivot in found.pivots)
    broken = trials.broken()
    work.count(tokens=trials.tokens, rollouts=len(trials.made), pivots=pivots, solutions=len(found.solutions))
    work.note("solutions", len(found.solutions))
    work.note("pivots", pivots)
    work.note("confirmed", confirmed if settings.confirm else None)
    work.note("raising", sum(pivot.delta > 0 for pivot in found.pivots))
    work.note("pairs", len(found.pairs))
    work.note("rollouts", len(trials.made))
    work.note("sampled_tokens", trials.tokens)
    work.note("unfinished", trials.unfinished())
    work.note("oracle_failures", dict(sorted(broken.items())))
    work.note("tokens_by_step", found.spent)
    screened, in_range = len(found.difficulties), sum(row.in_range for row in found.difficulties)
    bins = [min(int(row.p * HISTOGRAM_BINS), HISTOGRAM_BINS - 1) for row in found.difficulties]
    work.note("p_histogram", [bins.count(number) for number in range(HISTOGRAM_BINS)])
    work.note("in_range", in_range)
    work.conclude(price(settings, found, trials.tokens))
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
    if trials.unfinished() > MANY_UNFINISHED:
        work.warn(
            f"{trials.unfinished():.0%} of the rollouts did not finish within "
            f"{settings.max_new_tokens} tokens and count as failures"
        )
    if broken.total() > MANY_BROKEN * len(trials.made):
        work.warn(f"the oracle broke on {broken.total()} of {len(trials.made)} rollouts, which count as failures")


def price(settings: PtsSettings, found: Found, tokens: int) -> str:
    """What a pivot cost, with everything that was sampled: for questions set aside, for confirming, for pairs."""
    what = "confirmed pivot" if settings.confirm else "pivot"
    count = sum(pivot.confirmed or not settings.confirm for pivot in found.pivots)
    aside = sum(row.n * row.tokens for row in found.difficulties if not row.searched)
    steps = ", ".join(f"{step} {amount:,}" for step, amount in found.spent.items() if amount)
    steps = steps.replace("screening", f"screening (of questions set aside: {aside:,.0f})", 1)
    each = f"{tokens / count:,.0f} tokens a {what}, all in" if count else f"no {what} came of it"
    return f"{count:,} {what}{'s' * (count != 1)} for {tokens:,} sampled tokens: {each} ({steps})"

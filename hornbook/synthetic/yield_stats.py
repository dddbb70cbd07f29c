"""Statistics of a synthesis: yields per kind and stage, rejection reasons, calls, diversity."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from hornbook.base.records import Question, Sample
from hornbook.base.workspace import FAILED_CALLS, Workspace
from hornbook.synthetic.diversity import measure, near_duplicates, warn_of_sameness
from hornbook.synthetic.engine import RecordOutcome
from hornbook.synthetic.kind import Seed
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.postfilter import written_by_teacher
from hornbook.synthetic.settings import SynthSettings


def record_yields(
    outcomes: Sequence[RecordOutcome],
    made: Sequence[Sample],
    kept: Sequence[Sample],
    settings: SynthSettings,
    work: Workspace,
) -> None:
    """Record counts, rejections, and the notes `yields` and `diversity`, from the finished records in seed order."""
    for outcome in outcomes:
        if outcome.rejected:
            work.reject(outcome.job.seed.id, f"{outcome.job.kind.name}, {outcome.rejected}")
    work.count(
        records_in=len(outcomes),
        records_out=len(kept),
        tokens=sum(stage["tokens"] for outcome in outcomes for stage in outcome.stages.values()),
        teacher_calls=len({key for outcome in outcomes for key in outcome.calls}),
    )
    names = sorted(load_kind(name).name for name in settings.kinds)
    work.note("yields", {name: _yield(name, outcomes, made, kept) for name in names})
    diversity = {}
    for name in names:
        mine = [sample for sample in made if sample.kind == name]
        texts, grades = [written_by_teacher(sample) for sample in mine], [sample.grade for sample in mine]
        seeds = [seed_text(outcome.job.seed) for outcome in outcomes if outcome.job.kind.name == name]
        diversity[name] = measure(texts, near_duplicates(texts, settings.near_duplicate), seeds, grades)
        warn_of_sameness(name, diversity[name], settings.diversity, work)
    work.note("diversity", diversity)
    _warn_of_poor_yield(names, outcomes, work)


def warn_of_losses(outcomes: Sequence[RecordOutcome], kept: Sequence[Sample], work: Workspace) -> None:
    """Warn if no record is left, and of records whose calls failed."""
    failures = Counter(outcome.failed for outcome in outcomes if outcome.failed)
    if not kept:
        reasons = ", ".join(f"{reason} {count}" for reason, count in work.rejected.most_common(3))
        weak = "this teacher is too weak for these kinds"
        why = "most calls failed" if 2 * failures.total() > len(outcomes) else weak
        work.warn(f"none of {len(outcomes)} records is left ({reasons}): {why}")
    if failures:
        [(reason, _)] = failures.most_common(1)
        work.count(**{FAILED_CALLS: failures.total()})
        work.warn(f"{failures.total()} records got no answer ({reason}); run the same command to retry them")


def _yield(
    name: str, outcomes: Sequence[RecordOutcome], made: Sequence[Sample], kept: Sequence[Sample]
) -> dict[str, Any]:
    mine = [outcome for outcome in outcomes if outcome.job.kind.name == name]
    facts: dict[str, list[float]] = defaultdict(list)
    for outcome in mine:
        for fact, value in outcome.facts.items():
            facts[fact].append(value)
    return {
        "seeds": len(mine),
        "passed": sum(bool(outcome.made) for outcome in mine),
        "made": sum(sample.kind == name for sample in made),
        "kept": sum(sample.kind == name for sample in kept),
        "teachers": dict(Counter(outcome.teacher for outcome in mine)),
        "calls": len({key for outcome in mine for key in outcome.calls}),
        "tokens": sum(stage["tokens"] for outcome in mine for stage in outcome.stages.values()),
        "stages": _stages(mine),
        "rejected": dict(Counter(outcome.rejected.split(":")[0] for outcome in mine if outcome.rejected).most_common()),
        "facts": {
            fact: {"n": len(values), "mean": round(sum(values) / len(values), 4)}
            for fact, values in sorted(facts.items())
        },
    }


def seed_text(seed: Seed) -> str:
    return seed.prompt if isinstance(seed, Question) else seed.text


def _stages(outcomes: Sequence[RecordOutcome]) -> dict[str, dict[str, int]]:
    """Stage → records that reached it, records that passed it, calls and answered tokens."""
    table: dict[str, dict[str, int]] = {}
    names = [name for outcome in outcomes[:1] for name in outcome.job.kind.stages]
    for name in names:
        here = [outcome for outcome in outcomes if name in outcome.stages]
        stopped = sum(bool(outcome.rejected) and list(outcome.stages)[-1] == name for outcome in here)
        table[name] = {
            "records": len(here),
            "passed": len(here) - stopped,
            "calls": sum(outcome.stages[name]["calls"] for outcome in here),
            "tokens": sum(outcome.stages[name]["tokens"] for outcome in here),
        }
    return table


def _warn_of_poor_yield(names: Sequence[str], outcomes: Sequence[RecordOutcome], work: Workspace) -> None:
    for name in names:
        mine = [outcome for outcome in outcomes if outcome.job.kind.name == name]
        faults = [outcome.rejected for outcome in mine if outcome.rejected.startswith("fault")]
        if mine and not any(outcome.made for outcome in mine):
            work.warn(f"{name}: none of {len(mine)} records passed its checks")
        if faults:
            work.warn(f"{name}: {len(faults)} records failed by an error in the kind itself, first {faults[0]}")

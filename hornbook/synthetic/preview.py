"""A few records of each kind with all that was asked for them, before money is spent (`hornbook synth --preview N`).

The jobs are the first ones of the run that follows with the same arguments, and their calls are in its ledger, so that
they are not made again. With curation by the teacher only some pages are graded, so that the run may take other seeds.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from hornbook.base.records import Question, Sample
from hornbook.base.workspace import Workspace
from hornbook.synthetic.collection import sample_of
from hornbook.synthetic.engine import RecordOutcome
from hornbook.synthetic.kind import Seed
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.plan import plan_kinds
from hornbook.synthetic.settings import SynthSettings
from hornbook.synthetic.stage import run_plans, seeds_for
from hornbook.synthetic.yield_stats import Yields, seed_text

SEEDS_FOR_EACH = 8  # passages to be accepted for each record, where the teacher grades them


class PreviewedRecord(msgspec.Struct):
    """What came of one job: `calls` are keys in the ledger, `rejected` says why there are no `samples`."""

    seed: str
    origin: str
    seed_text: str
    axes: dict[str, str]
    teacher: str
    rejected: str
    calls: list[str]
    samples: list[Sample]
    facts: dict[str, float]


class PreviewedKind(msgspec.Struct):
    """A kind's first jobs; `checks` are all that can reject a record of it."""

    name: str
    about: str
    wanted: int
    accepted: int
    checks: list[str]
    records: list[PreviewedRecord]


class _Shown:
    """Keeps what came of all jobs, by kind."""

    def __init__(self, yields: Yields) -> None:
        self.yields = yields
        self.outcomes: list[RecordOutcome] = []

    def add(self, outcome: RecordOutcome, most: int) -> int:
        self.yields.add(outcome)
        self.outcomes.append(outcome)
        return len(outcome.made[:most])

    def stops(self, kind: str) -> bool:
        return False


def preview(
    settings: SynthSettings, work: Workspace, count: int, *, documents: Sequence[Path], questions: Sequence[Path] = ()
) -> list[PreviewedKind]:
    """`count` accepted records of each kind, or as many as are wanted, with those rejected on the way. Only the ledger
    is written. Raises HornbookError and TeacherError as the stage does."""
    enough = min(seeds for seeds in (settings.passages.seeds, SEEDS_FOR_EACH * count) if seeds)
    few = settings.model_copy(update={"passages": settings.passages.model_copy(update={"seeds": enough})})
    plans = plan_kinds(settings, seeds_for(few, work, documents, questions), work.seed)
    for plan in plans:
        plan.wanted = min(plan.wanted, count)
    shown = _Shown(Yields([plan.name for plan in plans]))
    order = run_plans(plans, shown, settings, work)
    shown.yields.require_answers()
    shown.yields.require_sound()
    return [
        PreviewedKind(
            queue.plan.name,
            queue.plan.kind.about,
            queue.plan.wanted,
            queue.accepted,
            list(queue.plan.kind.checks),
            [_record(outcome) for outcome in shown.outcomes if outcome.job.kind.name == queue.plan.name],
        )
        for queue in order.queues
    ]


def _record(outcome: RecordOutcome) -> PreviewedRecord:
    return PreviewedRecord(
        seed=outcome.job.seed.id,
        origin=_origin(outcome.job.seed),
        seed_text=seed_text(outcome.job.seed),
        axes=outcome.axes,
        teacher=outcome.teacher,
        rejected=outcome.rejected,
        calls=outcome.calls,
        samples=[sample_of(outcome, made) for made in outcome.made],
        facts=outcome.facts,
    )


def _origin(seed: Seed) -> str:
    """Where a seed comes from, for people."""
    if isinstance(seed, Passage):
        return f"{seed.origin or seed.document}, lines {seed.first_line} to {seed.last_line}"
    return f"{seed.task}" if isinstance(seed, Question) else seed.origin

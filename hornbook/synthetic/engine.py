"""Runs records through the stages of their kind: one asyncio task per record, no barriers, results in seed order."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.records import Message
from hornbook.base.rng import rng
from hornbook.synthetic.axes import brief, draw_axes
from hornbook.synthetic.kind import Kind, KindSettings, Made, RecordContext, Rejected, Seed
from hornbook.synthetic.passages import Page, Passage, PassageSettings
from hornbook.synthetic.prompts import source_of
from hornbook.teacher.errors import CallFailed, nothing_answered
from hornbook.teacher.map_records import map_records
from hornbook.teacher.router import Teachers


class RecordJob(msgspec.Struct):
    """One record to generate: a seed, the kind that is applied to it, and which draw of the axes it is of that seed."""

    kind: Kind
    settings: KindSettings
    seed: Seed
    draw: int = 0


class RecordOutcome(msgspec.Struct):
    """The result of a job: what was made, or why nothing was, and its cost.

    The job's seed is the record's own copy: changes to it (a description) do not affect other records.
    """

    job: RecordJob
    made: list[Made]
    calls: list[str]  # keys in the teacher's ledger, in order
    stages: dict[str, dict[str, int]]  # stage → calls, tokens
    facts: dict[str, float]
    teacher: str  # name of the model that wrote it
    rejected: str = ""  # "check: detail"
    failed: str = ""  # why one of its calls failed


async def run_jobs(
    jobs: Sequence[RecordJob],
    teachers: Teachers,
    cutting: PassageSettings,
    seed: int,
    on_done: Callable[[RecordOutcome], None],
    wanted: Callable[[RecordJob], bool] = lambda job: True,
) -> list[RecordOutcome]:
    """The outcomes in the order of the jobs. All calls of a record go to the same teacher.
    A job that is no longer `wanted` when it would start is left out.

    A failed check, a failed call or a bug in a kind fails only that record. Raises TeacherError when the teacher cannot
    be used any further.
    """

    async def work(job: RecordJob) -> RecordOutcome | None:
        if not wanted(job):
            return None
        job = msgspec.structs.replace(job, seed=_own(job.seed))
        teacher = teachers.choose(job.kind.name, job.seed.id)
        again = [job.draw] if job.draw else []
        drawing = rng(seed, "record", job.kind.name, job.seed.id, *again)
        ask = RecordContext(teacher, job.kind, job.settings, cutting, drawing, verifier=teachers.verifier)
        ask.values |= drawn_values(job, seed)
        made: list[Made] = []
        rejected = failed = ""
        try:
            made = _with_thinking(await job.kind.make(job.seed, ask, job.settings), ask.thoughts)
            _declared(job.kind, [check for one in made for check in one.checks])
        except Rejected as reason:
            rejected = str(reason) if reason.check in job.kind.checks else f"fault: undeclared check {reason.check!r}"
        except CallFailed as failure:
            failed = str(failure)
            rejected = f"teacher call failed: {failed}"
        except HornbookError:
            raise
        except Exception as error:  # a bug in the kind must not stop the other records
            rejected = f"fault: {one_line(error)}"
        outcome = RecordOutcome(job, made, ask.calls, ask.stages, ask.facts, teacher.model, rejected, failed)
        on_done(outcome)
        return outcome

    results = await map_records(jobs, work, limit=teachers.records_at_once)
    return [result for result in results if isinstance(result, RecordOutcome)]


def drawn_values(job: RecordJob, seed: int) -> dict[str, Any]:
    """What the templates of a record see: its seed, what is known about it, and what is drawn for it."""
    own_language = getattr(job.seed, "language", "")
    axes = draw_axes(job.kind.axes, rng(seed, "axes", job.kind.name, job.seed.id, job.draw), own_language)
    source = source_of(job.seed) if isinstance(job.seed, Passage | Page) else ""
    return {"seed": job.seed, "source": source, "axes": axes, "brief": brief(axes), "options": job.kind.options}


def require_answers(outcomes: Sequence[RecordOutcome]) -> None:
    """Raises TeacherError, with the endpoint's message, if calls failed and none was answered."""
    failures = Counter(outcome.failed for outcome in outcomes if outcome.failed)
    if failures and not any(outcome.calls for outcome in outcomes):
        raise nothing_answered(f"teacher {', '.join(sorted({outcome.teacher for outcome in outcomes}))}", failures)


def _with_thinking(made: list[Made], thoughts: dict[str, str]) -> list[Made]:
    """Add the teacher's thinking before each turn that is one of its answers verbatim."""

    def whole(turn: Message) -> Message:
        thought = thoughts.get(turn.content.strip()) if turn.role == "assistant" else None
        return (
            msgspec.structs.replace(turn, content=f"<think>\n{thought}\n</think>\n\n{turn.content}")
            if thought
            else turn
        )

    return [msgspec.structs.replace(one, messages=[whole(turn) for turn in one.messages]) for one in made]


def _own(seed: Seed) -> Seed:
    if isinstance(seed, Page):
        return msgspec.structs.replace(seed, passages=[msgspec.structs.replace(passage) for passage in seed.passages])
    return msgspec.structs.replace(seed)


def _declared(kind: Kind, checks: list[str]) -> None:
    """Raises ValueError for a check that the kind does not declare; the catalogue shows the declared ones."""
    for check in checks:
        if check not in kind.checks:
            raise ValueError(f"{kind.name} does not declare the check {check!r}")

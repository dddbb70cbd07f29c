"""Takes records through the stages of their kind: one asyncio task per record, no barriers (report §2.2)."""

from collections.abc import Callable
from typing import Any

import msgspec

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.records import Message
from hornbook.base.rng import derive, rng
from hornbook.synthetic.axes import brief, draw_axes
from hornbook.synthetic.kind import Kind, KindSettings, Made, RecordContext, Rejected, Seed
from hornbook.synthetic.passages import Page, Passage, PassageSettings
from hornbook.synthetic.prompts import source_of
from hornbook.teacher.errors import CallFailed
from hornbook.teacher.router import Teachers


class RecordJob(msgspec.Struct):
    """One record to generate: a seed, the kind that is applied to it, for which time it is applied to that seed, and
    its number among the jobs of the kind, by which its axes are drawn (without one, by the seed)."""

    kind: Kind
    settings: KindSettings
    seed: Seed
    draw: int = 0
    number: int | None = None


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
    axes: dict[str, str] = {}  # what was drawn for it


async def make_record(
    job: RecordJob,
    teachers: Teachers,
    cutting: PassageSettings,
    seed: int,
    needed: Callable[[], bool] = lambda: True,
) -> RecordOutcome:
    """What comes of a job. All its calls go to the same teacher; those of one that is not `needed` any more are not
    made.

    A failed check, a failed call or a bug in a kind fails only that record. Raises TeacherError when the teacher cannot
    be used any further.
    """
    job = msgspec.structs.replace(job, seed=_own(job.seed))
    teacher = teachers.choose(job.kind.name, job.seed.id)
    again = [job.draw] if job.draw else []
    drawing = rng(seed, "record", job.kind.name, job.seed.id, *again)
    ask = RecordContext(
        teacher, job.kind, job.settings, cutting, drawing, drawn_values(job, seed), verifier=teachers.verifier
    )
    ask.needed = needed
    made: list[Made] = []
    rejected = failed = ""
    try:
        made = _with_thinking(await job.kind.make(job.seed, ask, job.settings), ask.thoughts)
        _declared(job, [check for one in made for check in one.checks])
    except Rejected as reason:
        declared = job.kind.checks_with(job.settings)
        rejected = str(reason) if reason.check in declared else f"fault: undeclared check {reason.check!r}"
    except CallFailed as failure:
        failed = str(failure)
        rejected = f"teacher call failed: {failed}"
    except HornbookError:
        raise
    except Exception as error:  # a bug in the kind must not stop the other records
        made, rejected = [], f"fault: {one_line(error)}"
    return RecordOutcome(
        job, made, ask.calls, ask.stages, ask.facts, teacher.model, rejected, failed, ask.values["axes"]
    )


def drawn_values(job: RecordJob, seed: int) -> dict[str, Any]:
    """What the templates of a record see: its seed, what is known about it, and what is drawn for it."""
    number = derive(seed, job.seed.id) % 2**40 + job.draw if job.number is None else job.number
    axes = draw_axes(job.kind.axes, number, seed, job.kind.name, getattr(job.seed, "language", ""))
    source = source_of(job.seed) if isinstance(job.seed, Passage | Page) else ""
    return {"seed": job.seed, "source": source, "axes": axes, "brief": brief(axes), "options": job.kind.options}


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


def _declared(job: RecordJob, checks: list[str]) -> None:
    """Raises ValueError for a check that the kind does not declare; the catalogue shows the declared ones."""
    for check in checks:
        if check not in job.kind.checks_with(job.settings):
            raise ValueError(f"{job.kind.name} does not declare the check {check!r}")

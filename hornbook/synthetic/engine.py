"""Runs records through the stages of their kind: each record a task of its own, no barriers, results in seed order."""

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.records import Message
from hornbook.base.rng import rng
from hornbook.synthetic.kind import Ask, Kind, KindSettings, Made, Rejected, Seed
from hornbook.synthetic.passages import Page, PassageSettings
from hornbook.teacher.errors import CallFailed, nothing_answered
from hornbook.teacher.map_records import map_records
from hornbook.teacher.router import Teachers


class Job(msgspec.Struct):
    """One record to be: a seed and the kind that makes something of it."""

    kind: Kind
    settings: KindSettings
    seed: Seed


class Outcome(msgspec.Struct):
    """What became of a job: what was made, or why nothing was; and what it took.

    The job's seed is the record's own copy: what the record wrote into it (a description) changes no other record.
    """

    job: Job
    made: list[Made]
    calls: list[str]  # keys in the teacher's ledger, in the order asked
    stages: dict[str, dict[str, int]]  # stage → calls, tokens
    facts: dict[str, float]
    teacher: str  # name of the model that wrote it
    rejected: str = ""  # "check: detail"
    failed: str = ""  # why a call of it was not answered


async def run_jobs(
    jobs: Sequence[Job],
    teachers: Teachers,
    cutting: PassageSettings,
    seed: int,
    on_done: Callable[[Outcome], None],
    wanted: Callable[[Job], bool] = lambda job: True,
) -> list[Outcome]:
    """The outcomes of the jobs, in their order, whatever the order of the answers. A record keeps its teacher.
    A job that is not `wanted` any more when its turn comes is left out.

    A record that fails, by a check, a failed call or a fault in its kind, fails alone. Raises TeacherError when the
    teacher cannot be asked any further.
    """

    async def work(job: Job) -> Outcome | None:
        if not wanted(job):
            return None
        job = msgspec.structs.replace(job, seed=_own(job.seed))
        teacher = teachers.choose(job.kind.name, job.seed.id)
        ask = Ask(teacher, job.kind, job.settings, cutting, rng(seed, "record", job.kind.name, job.seed.id))
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
        except Exception as error:  # a fault of the kind: it must not cost the other records
            rejected = f"fault: {one_line(error)}"
        outcome = Outcome(job, made, ask.calls, ask.stages, ask.facts, teacher.model, rejected, failed)
        on_done(outcome)
        return outcome

    results = await map_records(jobs, work)
    return [result for result in results if isinstance(result, Outcome)]


def require_answers(outcomes: Sequence[Outcome]) -> None:
    """Raises TeacherError, with the endpoint's own words, where calls failed and not one was answered."""
    failures = Counter(outcome.failed for outcome in outcomes if outcome.failed)
    if failures and not any(outcome.calls for outcome in outcomes):
        raise nothing_answered(f"teacher {', '.join(sorted({outcome.teacher for outcome in outcomes}))}", failures)


def _with_thinking(made: list[Made], thoughts: dict[str, str]) -> list[Made]:
    """What was made, with the thinking before each turn that is an answer of the teacher's word for word."""

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
    """The catalogue shows what a kind names; a check that it does not name is a fault."""
    for check in checks:
        if check not in kind.checks:
            raise ValueError(f"{kind.name} names no check {check!r}")

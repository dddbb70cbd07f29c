"""The synth stage: documents, questions and a teacher → checked, traceable records (report §2.2, D)."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec

from hornbook.base import asynchronous
from hornbook.base.errors import HornbookError
from hornbook.base.rng import rng
from hornbook.base.workspace import Workspace
from hornbook.data.readers.load import stream_records
from hornbook.oracles.load_questions import read_questions
from hornbook.synthetic.code_seeds import functions
from hornbook.synthetic.collection import Collection
from hornbook.synthetic.curation import curate
from hornbook.synthetic.engine import RecordJob, make_record
from hornbook.synthetic.job_order import Collects, JobOrder
from hornbook.synthetic.kind import Material
from hornbook.synthetic.passages import Page, Passage, passages
from hornbook.synthetic.plan import KindPlan, plan_kinds
from hornbook.synthetic.ray_runner import run_on_ray
from hornbook.synthetic.seed_sampling import name_subjects
from hornbook.synthetic.settings import SynthSettings
from hornbook.synthetic.shipped_recordings import recorded_seeds, shipped_folder
from hornbook.synthetic.words import Rarity
from hornbook.teacher.map_records import work_off
from hornbook.teacher.recorded import find_ledger
from hornbook.teacher.router import TeacherUsage, open_teachers

AHEAD = 4  # times as many records as are under way may be finished before their turn
Show = Callable[[TeacherUsage], None]


def synth(
    settings: SynthSettings,
    work: Workspace,
    *,
    documents: Sequence[Path] = (),
    questions: Sequence[Path] = (),
) -> None:
    """Write samples.parquet, questions.parquet (new ones, with the plurality's answers), and the seeds that are not
    records of the input: passages.parquet (cut from documents) and tasks.parquet (drawn by the kinds themselves).

    Of each kind so many records as are wanted, the first in the order of its jobs that pass; or as many as pass of the
    tries that it has. Every sample has as parents its passage and document, its document, or its question, and the keys
    of its teacher calls in order. After a restart, no call that is in the ledger is made again; a killed run leaves
    what was finished in parts (`samples/part-00000.parquet`). Raises HornbookError when the input contains no seed, or
    a kind's own code fails where none of its records passes, and TeacherError when the teacher cannot be reached.
    """
    material = seeds_for(settings, work, documents, questions)
    plans = plan_kinds(settings, material, work.seed)
    collection = Collection(settings, work, material, [plan.name for plan in plans])
    order = run_plans(plans, collection, settings, work)
    collection.yields.require_answers()
    collection.finish(order.queues)
    collection.yields.require_sound()


def seeds_for(
    settings: SynthSettings, work: Workspace, documents: Sequence[Path], questions: Sequence[Path]
) -> Material:
    """What seeds are chosen from: the inputs, with the passages that the teacher accepts if it is to grade them.

    Raises HornbookError where there are neither inputs nor a recording with seeds of its own.
    """
    if not (documents or questions):
        folder = shipped_folder(settings.teacher)
        if folder is None:
            if settings.teacher and settings.teacher.recorded:
                find_ledger(settings.teacher.recorded)  # says which recordings there are, if it is none
            raise HornbookError("synth: no documents and no questions; give files of documents, or --questions")
        documents, questions = recorded_seeds(folder)
    material = gather(settings, work, documents, questions)
    grades = settings.passages.curation == "teacher" and material.pages
    return curated(material, settings, work) if grades else material


def gather(settings: SynthSettings, work: Workspace, documents: Sequence[Path], questions: Sequence[Path]) -> Material:
    """Passages, functions and questions of the inputs, sorted by id, without duplicates.

    Raises HornbookError for a missing or unreadable input.
    """
    columns = settings.columns
    pages = {page.id: page for page in stream_records(documents, "documents", work.reject, columns=columns)}
    asked = read_questions(questions, work.reject, columns=columns) if questions else []
    found = {question.id: question for question in asked}
    ordered = [pages[name] for name in sorted(pages)]
    rarity = Rarity(page.text for page in ordered)
    cut = {passage.id: passage for page in ordered for passage in passages(page, settings.passages, rarity)}
    name_subjects(list(cut.values()))
    code = {passage.id: passage for page in ordered for passage in functions(page)}
    within: dict[str, list[Passage]] = defaultdict(list)
    for passage in cut.values():
        within[passage.document].append(passage)
    return Material(
        passages=list(cut.values()),
        functions=list(code.values()),
        questions=[found[name] for name in sorted(found)],
        pages=[
            Page(
                id=page.id, text=page.text, origin=page.origin, passages=within[page.id], language=page.language or "en"
            )
            for page in ordered
            if page.id in within
        ],
        cutting=settings.passages,
    )


def curated(material: Material, settings: SynthSettings, work: Workspace) -> Material:
    """The material with the passages that the teacher accepts, and the pages that have one.

    Raises HornbookError when it accepts none, and TeacherError as `curate` does.
    """
    wanted = settings.passages.seeds or max(-(-kind.records // kind.per_seed) for kind in settings.kinds.values())

    async def ask() -> list[Passage]:
        async with open_teachers(settings.writers, work.ledger) as teachers:
            dice = rng(work.seed, "curation")
            return await curate(material.pages, teachers, settings.passages, wanted, dice, work.reject)

    accepted = {passage.id: passage for passage in asynchronous.run_coroutine(ask())}
    if wanted and not accepted:
        raise HornbookError(
            f"synth: the teacher accepts no passage of {len(material.pages)} pages{work.first_set_aside()}"
        )
    pages = [
        msgspec.structs.replace(page, passages=[accepted.get(one.id, one) for one in page.passages])
        for page in material.pages
        if any(one.id in accepted for one in page.passages)
    ]
    return msgspec.structs.replace(material, passages=[accepted[name] for name in sorted(accepted)], pages=pages)


def run_plans(plans: Sequence[KindPlan], collection: Collects, settings: SynthSettings, work: Workspace) -> JobOrder:
    """Run jobs until there are all records that are wanted, or no more can be had; `collection` takes them in order."""
    ahead = AHEAD * max(model.records_at_once for model in settings.writers)
    order = JobOrder(plans, collection, ahead)
    with live(work, order) as show:
        if settings.runner == "ray":
            run_on_ray(order, settings, work.ledger, work.seed, show)
        else:
            asynchronous.run_coroutine(_run_here(order, settings, work, show))
    return order


async def _run_here(order: JobOrder, settings: SynthSettings, work: Workspace, show: Show) -> None:
    async with open_teachers(settings.writers, work.ledger, verifier=settings.verifier) as teachers:

        async def work_on(job: RecordJob) -> None:
            needed = partial(order.needs, job)
            order.done(await make_record(job, teachers, settings.passages, work.seed, needed))
            show(teachers.spent())

        await work_off(order.take, work_on, limit=teachers.records_at_once)


@contextmanager
def live(work: Workspace, order: JobOrder) -> Iterator[Show]:
    """A progress line: records accepted and tried, calls so far and per second, tokens, cost."""
    shown, begin = 0, time.monotonic()
    with work.progress("", order.wanted, "records") as bar:

        def show(spent: TeacherUsage) -> None:
            nonlocal shown
            accepted, tried = order.accepted, sum(queue.counted for queue in order.queues)
            rate = spent.calls / max(1e-3, time.monotonic() - begin)
            money = f", {spent.money:.2f} spent" if spent.money else ""
            note = f"of {tried} tried, {spent.calls:,} calls ({rate:.1f}/s), {spent.tokens:,} tokens{money}"
            bar.advance(accepted - shown, note)
            shown = accepted

        yield show

"""The synth stage: documents, questions and a teacher → checked, traceable records (report §2.2, D)."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from hornbook.base import asynchronous
from hornbook.base.errors import HornbookError
from hornbook.base.files import write_records
from hornbook.base.records import Question, Sample, make_id
from hornbook.base.rng import rng
from hornbook.base.workspace import Workspace
from hornbook.data.readers.load import stream_records
from hornbook.oracles.load_questions import read_questions
from hornbook.synthetic.code_seeds import functions
from hornbook.synthetic.coverage import Coverage
from hornbook.synthetic.curation import curate
from hornbook.synthetic.diversity_monitor import DiversityMonitor
from hornbook.synthetic.engine import RecordJob, RecordOutcome, require_answers, run_jobs
from hornbook.synthetic.kind import Made, Material, Seed
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.passages import Page, Passage, passages
from hornbook.synthetic.postfilter import filter_samples
from hornbook.synthetic.ray_runner import run_on_ray
from hornbook.synthetic.seed_sampling import name_subjects
from hornbook.synthetic.settings import SynthSettings
from hornbook.synthetic.words import Rarity
from hornbook.synthetic.yield_stats import record_yields, warn_of_losses
from hornbook.teacher.router import TeacherUsage, open_teachers


def synth(
    settings: SynthSettings,
    work: Workspace,
    *,
    documents: Sequence[Path],
    questions: Sequence[Path] = (),
) -> None:
    """Write samples.parquet, questions.parquet (new ones, with the plurality's answers), and the seeds that are not
    records of the input: passages.parquet (cut from documents) and tasks.parquet (drawn by the kinds themselves).

    Every sample has as parents its passage and document, its document, or its question, and the keys of its teacher
    calls in order. After a restart, no call that is in the ledger is made again. Raises HornbookError when the input
    contains no seed, and TeacherError when the teacher cannot be reached.
    """
    material = gather(settings, work, documents, questions)
    if settings.passages.curation == "teacher" and material.pages:
        material = curated(material, settings, work)
    jobs = plan_jobs(settings, work, material)
    outcomes = _run(jobs, settings, work)
    require_answers(outcomes)
    pairs = [(outcome, made, _sample(outcome, made)) for outcome in outcomes for made in outcome.made]
    samples = [sample for _, _, sample in pairs]
    kept = filter_samples(samples, settings, work)
    record_yields(outcomes, samples, kept, settings, work)
    warn_of_losses(outcomes, kept, work)
    ids = {sample.id for sample in kept}
    asked = [_question(outcome, made) for outcome, made, sample in pairs if sample.id in ids and made.question]
    seeds = _passages(outcomes)
    write_records(work.path / "samples.parquet", Sample, kept)
    write_records(work.path / "questions.parquet", Question, asked)
    write_records(work.path / "passages.parquet", Passage, [seeds[name] for name in sorted(seeds)])
    given = {question.id for question in material.questions}
    begun = [outcome.job.seed for outcome in outcomes]
    tasks = {seed.id: seed for seed in begun if isinstance(seed, Question) and seed.id not in given}
    write_records(work.path / "tasks.parquet", Question, [tasks[name] for name in sorted(tasks)])


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
    wanted = settings.passages.seeds or max(kind.records for kind in settings.kinds.values())

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


def plan_jobs(settings: SynthSettings, work: Workspace, material: Material) -> list[RecordJob]:
    """The jobs of all kinds, by name of kind; each kind samples its seeds with its own random generator.

    Raises HornbookError when there are no seeds at all.
    """
    jobs: list[RecordJob] = []
    coverage = Coverage()
    coverage.offer(material.passages)
    for name, chosen in sorted(settings.kinds.items()):
        kind = load_kind(name)
        seeds = kind.seeds(material, chosen.records, rng(work.seed, "seeds", kind.name), chosen)
        jobs += [RecordJob(kind, chosen, seed) for seed in seeds]
        if len(seeds) < chosen.records:
            work.warn(f"{kind.name}: only {len(seeds)} of {chosen.records} seeds found ({kind.seeded_by})")
    if not jobs:
        raise HornbookError(
            f"synth: the input has no seeds: {len(material.passages)} passages, {len(material.functions)} functions "
            f"and {len(material.questions)} questions; expected documents of prose or Python"
        )
    for job in jobs:
        if isinstance(job.seed, Passage) and job.seed.information != "function":
            coverage.draw(job.seed)
    work.note("coverage", coverage.table())
    return jobs


def _run(jobs: list[RecordJob], settings: SynthSettings, work: Workspace) -> list[RecordOutcome]:
    """The outcomes in the order of the jobs, without those of kinds that were stopped."""
    watch = DiversityMonitor(jobs, settings)
    with live(work, len(jobs)) as show:

        def on_done(outcome: RecordOutcome, spent: TeacherUsage) -> None:
            watch.saw(outcome)
            show(outcome, spent)

        if settings.runner == "ray":
            outcomes = run_on_ray(jobs, settings, work.ledger, work.seed, on_done, watch.wants)
        else:
            outcomes = asynchronous.run_coroutine(_run_here(jobs, settings, work, on_done, watch.wants))
    for name, place in sorted(watch.stopped.items()):
        work.warn(f"{name}: stopped after {place} seeds: too many near-duplicates")
    return [outcome for outcome in outcomes if watch.wants(outcome.job)]


async def _run_here(
    jobs: list[RecordJob],
    settings: SynthSettings,
    work: Workspace,
    on_done: Callable[[RecordOutcome, TeacherUsage], None],
    wanted: Callable[[RecordJob], bool],
) -> list[RecordOutcome]:
    async with open_teachers(settings.writers, work.ledger, verifier=settings.verifier) as teachers:

        def done(outcome: RecordOutcome) -> None:
            on_done(outcome, teachers.spent())

        return await run_jobs(jobs, teachers, settings.passages, work.seed, done, wanted)


@contextmanager
def live(work: Workspace, total: int) -> Iterator[Callable[[RecordOutcome, TeacherUsage], None]]:
    """A progress line: records done and passed, calls so far and per second, tokens, cost."""
    passed, begin = 0, time.monotonic()
    with work.progress("", total, "records") as bar:

        def show(outcome: RecordOutcome, spent: TeacherUsage) -> None:
            nonlocal passed
            passed += bool(outcome.made)
            rate = spent.calls / max(1e-3, time.monotonic() - begin)
            money = f", {spent.money:.2f} spent" if spent.money else ""
            bar.advance(1, f"{passed} passed, {spent.calls:,} calls ({rate:.1f}/s), {spent.tokens:,} tokens{money}")

        yield show


def _sample(outcome: RecordOutcome, made: Made) -> Sample:
    kind, seed = outcome.job.kind, outcome.job.seed
    content = [part for message in made.messages for part in (message.role, message.content)]
    worse = [made.rejected] if made.rejected else []
    return Sample(
        id=make_id("sample", kind.name, seed.id, made.text, *content, *worse),
        parents=parents_of(seed),
        calls=outcome.calls,
        source=kind.source,
        kind=kind.name,
        text=made.text,
        messages=made.messages,
        checks=made.checks,
        grade=made.grade,
        rejected=made.rejected,
    )


def parents_of(seed: Seed) -> list[str]:
    """The records behind a seed: a passage and its document, a page's documents, or a question."""
    if isinstance(seed, Page):
        return seed.parents or [seed.id]
    return [seed.id, *seed.parents] if isinstance(seed, Passage) else [seed.id]


def _passages(outcomes: list[RecordOutcome]) -> dict[str, Passage]:
    """The passages used as seeds, by id; with the description of the first record that had it described."""
    seeds: dict[str, Passage] = {}
    for outcome in outcomes:
        seed = outcome.job.seed
        if isinstance(seed, Passage) and not (seed.id in seeds and seeds[seed.id].calls):
            seeds[seed.id] = seed
    return seeds


def _question(outcome: RecordOutcome, made: Made) -> Question:
    """The new question of a record, with the record's parents and calls."""
    assert made.question is not None
    seed = outcome.job.seed
    made.question.parents, made.question.calls = [seed.id, *seed.parents], outcome.calls
    return made.question

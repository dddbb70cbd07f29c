"""What a synthesis has made so far: records without duplicates, in parts on the disk, and what is counted about them.

Outcomes come in the order of their jobs. Memory grows with the signatures of records and the keys of calls, not with
texts.
"""

from collections import Counter
from collections.abc import Sequence

from hornbook.base.files import write_records
from hornbook.base.record_parts import RecordParts
from hornbook.base.records import Question, Sample, make_id
from hornbook.base.workspace import Workspace
from hornbook.synthetic.coverage import Coverage
from hornbook.synthetic.diversity_monitor import DiversityMonitor
from hornbook.synthetic.engine import RecordOutcome
from hornbook.synthetic.job_order import KindQueue
from hornbook.synthetic.kind import Made, Material, Seed
from hornbook.synthetic.passages import Page, Passage
from hornbook.synthetic.postfilter import Duplicates, contaminated
from hornbook.synthetic.settings import SynthSettings
from hornbook.synthetic.yield_stats import Yields


class Collection:
    """The records of a run; see `job_order.Collects`."""

    def __init__(self, settings: SynthSettings, work: Workspace, material: Material, kinds: Sequence[str]) -> None:
        self.settings, self.work = settings, work
        self.yields = Yields(kinds)
        self.kept = 0
        self._samples = RecordParts(work.path / "samples.parquet", Sample)
        self._questions = RecordParts(work.path / "questions.parquet", Question)
        self._tasks = RecordParts(work.path / "tasks.parquet", Question)
        self._asked: dict[str, str] = {}  # sample → its question
        self._seeds: dict[str, Passage] = {}
        self._given = {question.id for question in material.questions}
        self._duplicates = Duplicates(settings.near_duplicate)
        self._monitor = DiversityMonitor(settings)
        self._topics, self._axes = Coverage(), Coverage({})
        self._topics.offer(material.passages)

    def add(self, outcome: RecordOutcome, most: int) -> int:
        """Take at most `most` of the outcome's records; returns how many were new."""
        kind = self.yields.kinds[outcome.job.kind.name]
        self.yields.add(outcome)
        self._monitor.saw(outcome)
        self._add_seed(outcome)
        if outcome.rejected:
            self.work.reject(outcome.job.seed.id, f"{outcome.job.kind.name}, {outcome.rejected}")
        accepted = 0
        for made in outcome.made:
            if accepted == most:
                break
            sample = sample_of(outcome, made)
            if reason := self._duplicates.reason(sample):
                self.work.reject(sample.id, f"{sample.kind}, {reason}")
                kind.duplicates += 1
                continue
            self._samples.add(sample)
            if made.question:
                self._questions.add(_question(outcome, made))
                self._asked[sample.id] = made.question.id
            accepted += 1
        self._axes.record(outcome.axes, accepted > 0)
        kind.kept += accepted
        self.kept += accepted
        return accepted

    def stops(self, kind: str) -> bool:
        return kind in self._monitor.stopped

    def finish(self, queues: Sequence[KindQueue]) -> None:
        """Leave out what repeats a benchmark, write the files of the stage, and its figures."""
        unwanted = contaminated(self._samples, self.settings, self.work)
        questions = {self._asked[sample] for sample in unwanted if sample in self._asked}
        for name, count in Counter(unwanted.values()).items():
            self.yields.kinds[name].kept -= count
        self.yields.book(queues, self.settings, self.work)
        self.work.note("coverage", self._topics.table())
        self.work.note("axes", self._axes.table())
        self._samples.join(lambda sample: sample.id not in unwanted)
        self._questions.join(lambda question: question.id not in questions)
        self._tasks.join()
        seeds = [self._seeds[name] for name in sorted(self._seeds)]
        write_records(self.work.path / "passages.parquet", Passage, seeds)

    def _add_seed(self, outcome: RecordOutcome) -> None:
        """A passage is kept with the description of the first record that had it described."""
        seed = outcome.job.seed
        if isinstance(seed, Passage):
            if not (seed.id in self._seeds and self._seeds[seed.id].calls):
                self._seeds[seed.id] = seed
            if seed.information != "function":
                self._topics.draw(seed)
        elif isinstance(seed, Question) and outcome.job.draw == 0 and seed.id not in self._given:
            self._tasks.add(seed)


def sample_of(outcome: RecordOutcome, made: Made) -> Sample:
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
        axes=outcome.axes,
    )


def parents_of(seed: Seed) -> list[str]:
    """The records behind a seed: a passage and its document, a page's documents, or a question."""
    if isinstance(seed, Page):
        return seed.parents or [seed.id]
    return [seed.id, *seed.parents] if isinstance(seed, Passage) else [seed.id]


def _question(outcome: RecordOutcome, made: Made) -> Question:
    """The new question of a record, with the record's parents and calls."""
    assert made.question is not None
    seed = outcome.job.seed
    made.question.parents, made.question.calls = [seed.id, *seed.parents], outcome.calls
    return made.question

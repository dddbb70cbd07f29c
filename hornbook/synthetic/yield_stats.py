"""Statistics of a synthesis: yields per kind and stage, rejection reasons, calls, diversity."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from hornbook.base.errors import HornbookError
from hornbook.base.records import Question
from hornbook.base.workspace import FAILED_CALLS, Workspace
from hornbook.synthetic.diversity import measure, warn_of_sameness
from hornbook.synthetic.engine import RecordOutcome
from hornbook.synthetic.job_order import KindQueue
from hornbook.synthetic.kind import Seed
from hornbook.synthetic.settings import SynthSettings
from hornbook.teacher.errors import nothing_answered

MEASURED = 512  # records of a kind whose diversity is measured, evenly spaced
Item = TypeVar("Item")


class EvenSample(Generic[Item]):
    """Every item, or every second, fourth ... one, so that there are at most `most`."""

    def __init__(self, most: int = MEASURED) -> None:
        self.most, self.step, self.seen = most, 1, 0
        self.items: list[Item] = []

    def add(self, item: Item) -> None:
        if self.seen % self.step == 0:
            self.items.append(item)
            if len(self.items) > self.most:
                self.items, self.step = self.items[::2], 2 * self.step
        self.seen += 1

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)


class KindYield(msgspec.Struct):
    """What came of the jobs of a kind, so far. `passed` are those that gave records, `made` these records."""

    seeds: int = 0
    passed: int = 0
    made: int = 0
    kept: int = 0
    duplicates: int = 0
    tokens: int = 0
    faults: int = 0
    first_fault: str = ""
    calls: set[int] = msgspec.field(default_factory=set)  # hashes of the calls' keys
    teachers: Counter[str] = msgspec.field(default_factory=Counter)
    rejected: Counter[str] = msgspec.field(default_factory=Counter)
    facts: dict[str, list[float]] = msgspec.field(default_factory=lambda: defaultdict(lambda: [0, 0.0]))  # n, sum
    stages: dict[str, dict[str, int]] = {}
    texts: EvenSample[tuple[str, float]] = msgspec.field(default_factory=EvenSample)  # with their grades
    seed_texts: EvenSample[str] = msgspec.field(default_factory=EvenSample)

    def add(self, outcome: RecordOutcome) -> None:
        """A job whose turn has come."""
        self.seeds += 1
        self.passed += bool(outcome.made)
        self.made += len(outcome.made)
        self.teachers[outcome.teacher] += 1
        self.calls.update(map(hash, outcome.calls))
        self.seed_texts.add(seed_text(outcome.job.seed))
        for one in outcome.made:
            self.texts.add((one.written(), one.grade))
        if outcome.rejected:
            self.rejected[outcome.rejected.split(":")[0]] += 1
        if outcome.rejected.startswith("fault"):
            self.faults += 1
            self.first_fault = self.first_fault or outcome.rejected
        for name, value in outcome.facts.items():
            self.facts[name][0] += 1
            self.facts[name][1] += value
        self._add_stages(outcome)

    def _add_stages(self, outcome: RecordOutcome) -> None:
        """Stage → records that reached it, records that passed it, calls and answered tokens."""
        if not self.stages:
            empty = {"records": 0, "passed": 0, "calls": 0, "tokens": 0}
            self.stages = {name: dict(empty) for name in outcome.job.kind.stages}
        last = next(reversed(outcome.stages), "")
        for name, used in outcome.stages.items():
            row = self.stages[name]
            row["records"] += 1
            row["passed"] += not (outcome.rejected and name == last)
            row["calls"] += used["calls"]
            row["tokens"] += used["tokens"]
            self.tokens += used["tokens"]

    def row(self, queue: KindQueue) -> dict[str, Any]:
        """The figures for the notes."""
        return {
            "wanted": queue.plan.wanted,
            "ended": queue.ended,
            "seeds": self.seeds,
            "passed": self.passed,
            "made": self.made,
            "kept": self.kept,
            "teachers": dict(self.teachers),
            "calls": len(self.calls),
            "tokens": self.tokens,
            "stages": self.stages,
            "rejected": dict(self.rejected.most_common()),
            "facts": {
                name: {"n": int(n), "mean": round(total / n, 4)} for name, (n, total) in sorted(self.facts.items())
            },
        }


class Yields:
    """The yields of all kinds of a run."""

    def __init__(self, kinds: Sequence[str]) -> None:
        self.kinds = {name: KindYield() for name in kinds}
        self.failures: Counter[str] = Counter()  # why calls failed

    def add(self, outcome: RecordOutcome) -> None:
        self.kinds[outcome.job.kind.name].add(outcome)
        if outcome.failed:
            self.failures[outcome.failed] += 1

    def require_answers(self) -> None:
        """Raises TeacherError, with the endpoint's message, if calls failed and none was answered."""
        if self.failures and not any(kind.calls for kind in self.kinds.values()):
            teachers = {name for kind in self.kinds.values() for name in kind.teachers}
            raise nothing_answered(f"teacher {', '.join(sorted(teachers))}", self.failures)

    def require_sound(self) -> None:
        """Raises HornbookError for a kind none of whose records passed, where its own code failed."""
        for name, kind in self.kinds.items():
            if kind.faults and not kind.passed:
                raise HornbookError(f"{name}: {_told(kind)}")

    def book(self, queues: Sequence[KindQueue], settings: SynthSettings, work: Workspace) -> None:
        """The counts, and the notes `yields` and `diversity`, with warnings."""
        kinds = self.kinds.values()
        work.count(
            records_in=sum(kind.seeds for kind in kinds),
            records_out=sum(kind.kept for kind in kinds),
            tokens=sum(kind.tokens for kind in kinds),
            teacher_calls=len(set().union(*(kind.calls for kind in kinds))),
        )
        work.note("yields", {queue.plan.name: self.kinds[queue.plan.name].row(queue) for queue in queues})
        diversity = {}
        for name, kind in self.kinds.items():
            texts, grades = [text for text, _ in kind.texts], [grade for _, grade in kind.texts]
            diversity[name] = measure(texts, kind.duplicates, list(kind.seed_texts), grades, kind.made)
            warn_of_sameness(name, diversity[name], settings.diversity, work)
        work.note("diversity", diversity)
        for queue in queues:
            self._warn_of_poor_yield(queue, work)
        self._warn_of_losses(work)

    def _warn_of_poor_yield(self, queue: KindQueue, work: Workspace) -> None:
        name, kind = queue.plan.name, self.kinds[queue.plan.name]
        if queue.ended != "reached":
            why = {
                "seeds": f"there are no more seeds ({queue.plan.kind.seeded_by})",
                "tries": f"{queue.plan.settings.tries:g} tries for each",
                "stopped": "too many near-duplicates",
            }[queue.ended]
            reasons = ", ".join(f"{reason} {count}" for reason, count in kind.rejected.most_common(3))
            ended = f"stopped after {kind.seeds} seeds" if queue.ended == "stopped" else f"{kind.seeds} seeds tried"
            rejected = f"; rejected: {reasons}" if reasons else ""
            work.warn(f"{name}: {queue.accepted} of {queue.plan.wanted} records; {ended}: {why}{rejected}")
        if kind.seeds and not kind.passed:
            work.warn(f"{name}: none of {kind.seeds} records passed its checks")
        if kind.faults:
            work.warn(f"{name}: {_told(kind)}")

    def _warn_of_losses(self, work: Workspace) -> None:
        """Warn if no record is left, and of records whose calls failed."""
        tried = sum(kind.seeds for kind in self.kinds.values())
        if not any(kind.kept for kind in self.kinds.values()):
            reasons = ", ".join(f"{reason} {count}" for reason, count in work.rejected.most_common(3))
            faults = any(kind.faults for kind in self.kinds.values())
            weak = "the kinds are at fault" if faults else "this teacher is too weak for these kinds"
            why = "most calls failed" if 2 * self.failures.total() > tried else weak
            work.warn(f"none of {tried} records is left ({reasons}): {why}")
        if self.failures:
            [(reason, _)] = self.failures.most_common(1)
            work.count(**{FAILED_CALLS: self.failures.total()})
            work.warn(f"{self.failures.total()} records got no answer ({reason}); run the same command to retry them")


def _told(kind: KindYield) -> str:
    return f"{kind.faults} records failed by an error in the kind itself, first {kind.first_fault}"


def seed_text(seed: Seed) -> str:
    return seed.prompt if isinstance(seed, Question) else seed.text

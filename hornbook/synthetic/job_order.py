"""Which jobs start, and in which order their results count: the first that pass, whenever they are finished.

Kinds take turns: the first jobs of all kinds count first, then the second ones. A job starts as soon as it may be
needed: while the records that are there, and those that may still come of what is under way, are fewer than are wanted.
What is made beyond that counts for nothing, so that the same jobs give the same records at any speed of the teacher.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from hornbook.synthetic.engine import RecordJob, RecordOutcome
from hornbook.synthetic.plan import KindPlan

LEAST_AHEAD = 64  # jobs of a kind that may be finished or under way before their turn


class Collects(Protocol):
    """Takes outcomes in their order."""

    def add(self, outcome: RecordOutcome, most: int) -> int:
        """Take at most `most` of the outcome's records; returns how many were good."""

    def stops(self, kind: str) -> bool:
        """Whether the kind is to be ended."""


class KindQueue(msgspec.Struct):
    """The state of a kind. `ended` says why nothing more of it counts, once that is so."""

    plan: KindPlan
    started: int = 0
    counted: int = 0  # jobs whose turn was
    accepted: int = 0  # records
    hoped: int = 0  # records that may come of jobs that have started and were not counted
    all_started: bool = False
    ended: str = ""  # reached, seeds, tries, stopped
    outcomes: dict[int, RecordOutcome] = {}  # finished before their turn


class JobOrder:
    """Attributes: queues: the kinds, in the order of their turns."""

    def __init__(self, plans: Sequence[KindPlan], collection: Collects, ahead: int = LEAST_AHEAD) -> None:
        """`ahead` is the number of all jobs that may be finished or under way before their turn."""
        self.queues = [KindQueue(plan, ended="" if plan.wanted else "reached") for plan in plans]
        self._by_name = {queue.plan.name: queue for queue in self.queues}
        self._collection = collection
        self._ahead = max(LEAST_AHEAD, ahead // max(1, len(plans)))
        self._turn = 0

    @property
    def wanted(self) -> int:
        """The number of records of all kinds together."""
        return sum(queue.plan.wanted for queue in self.queues)

    @property
    def accepted(self) -> int:
        return sum(queue.accepted for queue in self.queues)

    def take(self) -> RecordJob | None:
        """The next job to start; None if none may start now."""
        while ready := [queue for queue in self.queues if self._may_start(queue)]:
            queue = min(ready, key=lambda one: one.started)
            job = next(queue.plan.jobs, None)
            if job is not None:
                queue.started += 1
                queue.hoped += 1
                return job
            queue.all_started = True
            self._count()
        return None

    def needs(self, job: RecordJob) -> bool:
        """Whether a job that has started may still count."""
        return not self._by_name[job.kind.name].ended

    def done(self, outcome: RecordOutcome) -> None:
        """A job is finished; it counts when its turn comes."""
        queue = self._by_name[outcome.job.kind.name]
        if queue.ended:
            return
        assert outcome.job.number is not None
        queue.outcomes[outcome.job.number] = outcome
        queue.hoped += len(outcome.made) - 1
        self._count()

    def _may_start(self, queue: KindQueue) -> bool:
        needed = queue.accepted + queue.hoped < queue.plan.wanted
        return needed and not queue.ended and not queue.all_started and queue.started - queue.counted < self._ahead

    def _count(self) -> None:
        """Count the outcomes whose turn has come."""
        while not all(queue.ended for queue in self.queues):
            queue = self.queues[self._turn % len(self.queues)]
            if not queue.ended:
                outcome = queue.outcomes.pop(queue.counted, None)
                if outcome is not None:
                    self._count_one(queue, outcome)
                elif queue.all_started and queue.counted == queue.started:
                    queue.ended = "tries" if queue.started >= queue.plan.most else "seeds"
                else:
                    return
            self._turn += 1

    def _count_one(self, queue: KindQueue, outcome: RecordOutcome) -> None:
        queue.counted += 1
        queue.hoped -= len(outcome.made)
        queue.accepted += self._collection.add(outcome, queue.plan.wanted - queue.accepted)
        if queue.accepted >= queue.plan.wanted:
            queue.ended = "reached"
        elif self._collection.stops(queue.plan.name):
            queue.ended = "stopped"
        if queue.ended:
            queue.outcomes.clear()

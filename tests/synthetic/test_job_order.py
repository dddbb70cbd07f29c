"""The first records in the order of the jobs that pass are kept, whatever is finished first."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.records import Question
from hornbook.synthetic.engine import RecordJob, RecordOutcome
from hornbook.synthetic.job_order import LEAST_AHEAD, JobOrder
from hornbook.synthetic.kind import Kind, KindSettings, Made
from hornbook.synthetic.plan import KindPlan


def plan(name, wanted, jobs, tries=4.0):
    kind = Kind("", "synthetic", "2.2", "", None, None, (), (), lambda settings: 1, name=name)
    settings = KindSettings(records=wanted, tries=tries)
    made = (
        RecordJob(kind, settings, Question(id=f"{name}{n}", task="t", prompt="p"), number=n)
        for n in range(min(jobs, round(wanted * tries)))
    )
    return KindPlan(kind, settings, wanted, made)


class Kept:
    """Keeps all records, and stops a kind when it has one named "stop"."""

    def __init__(self):
        self.texts, self.stopped = [], set()

    def add(self, outcome, most):
        texts = [made.text for made in outcome.made][:most]
        self.texts += texts
        self.stopped |= {outcome.job.kind.name for text in texts if text.endswith("stop")}
        return len(texts)

    def stops(self, kind):
        return kind in self.stopped


def run(plans, makes, lanes, dice):
    """Work off all jobs, the next finished by chance; returns what was kept, the order, and how many were started."""
    kept = Kept()
    order = JobOrder(plans, kept)
    running, started = [], Counter()
    while True:
        while len(running) < lanes and (job := order.take()) is not None:
            running.append(job)
            started[job.kind.name] += 1
        if not running:
            return kept.texts, {queue.plan.name: (queue.ended, queue.accepted) for queue in order.queues}, started
        job = running.pop(dice.randrange(len(running)))
        made = [Made([], text=text) for text in makes(job.kind.name, job.number)]
        order.done(RecordOutcome(job, made, [], {}, {}, "m"))


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 40)), min_size=1, max_size=4),
    st.integers(0, 5), st.integers(1, 30), st.randoms(use_true_random=False),
)  # fmt: skip
def test_the_same_records_at_any_speed(kinds, luck, lanes, dice):
    def makes(name, number):
        return [f"{name}-{number}-{n}" for n in range(random.Random(f"{luck}{name}{number}").choice([0, 0, 1, 1, 3]))]

    def plans():
        return [plan(f"k{n}", wanted, jobs) for n, (wanted, jobs) in enumerate(kinds)]

    one_by_one = run(plans(), makes, 1, dice)
    assert run(plans(), makes, lanes, dice)[:2] == one_by_one[:2]
    for n, (wanted, jobs) in enumerate(kinds):
        ended, accepted = one_by_one[1][f"k{n}"]
        possible = [text for number in range(min(jobs, 4 * wanted)) for text in makes(f"k{n}", number)]
        assert [text for text in one_by_one[0] if text.startswith(f"k{n}-")] == possible[:wanted]
        assert accepted == min(wanted, len(possible)) and (ended == "reached") == (accepted == wanted)


def test_no_more_is_started_than_may_be_needed():
    _, ended, started = run([plan("a", 10, 100)], lambda name, number: ["x"], 50, random.Random(1))
    assert ended == {"a": ("reached", 10)} and started["a"] == 10
    _, ended, started = run([plan("a", 10, 100)], lambda name, number: ["x"] * (number % 2), 50, random.Random(1))
    assert ended == {"a": ("reached", 10)} and started["a"] <= 30


@pytest.mark.parametrize(
    ("jobs", "makes", "why"),
    [
        (100, lambda name, number: [], "tries"),
        (7, lambda name, number: [], "seeds"),
        (100, lambda name, number: ["x stop"], "stopped"),
        (0, lambda name, number: [], "seeds"),
    ],
)
def test_it_is_known_why_a_kind_ends(jobs, makes, why):
    _, ended, _ = run([plan("a", 5, jobs), plan("b", 2, 9)], lambda n, k: ["y"] if n == "b" else makes(n, k), 4,
                      random.Random(2))  # fmt: skip
    assert ended["a"][0] == why and ended["b"] == ("reached", 2)


def test_a_slow_job_holds_up_only_so_many_of_its_kind():
    order = JobOrder([plan("a", 10_000, 10_000), plan("b", 3, 9)], Kept())
    taken = list(iter(order.take, None))
    assert Counter(job.kind.name for job in taken) == {"a": LEAST_AHEAD, "b": 3}
    for job in taken[1:]:
        order.done(RecordOutcome(job, [Made([], text="x")], [], {}, {}, "m"))
    assert order.accepted == 0 and order.take() is None
    order.done(RecordOutcome(taken[0], [Made([], text="x")], [], {}, {}, "m"))
    assert order.accepted == LEAST_AHEAD + 3 and order.take() is not None

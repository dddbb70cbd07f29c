"""What each kind makes is watched while it is made: sameness ends a kind at one seed, in whatever order it came."""

import random

from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.records import Question
from hornbook.synthetic.diversity import coverage, measure, repeating
from hornbook.synthetic.diversity_monitor import EVERY, DiversityMonitor
from hornbook.synthetic.engine import RecordJob, RecordOutcome
from hornbook.synthetic.kind import KindSettings, Made
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.settings import SynthSettings

KIND = load_kind("textbook")
WORDS = [f"word{number}" for number in range(4000)]


def settings(**limits):
    values = {"teacher": {"local": "smollm2"}, "kinds": ["textbook"], "diversity": limits, "benchmarks": []}
    return SynthSettings.parse(values, "")


def outcomes(texts):
    jobs = [RecordJob(KIND, KindSettings(), Question(id=f"q{n}", task="t", prompt="p")) for n in range(len(texts))]
    return jobs, [
        RecordOutcome(job, [Made([], text=text)] if text else [], [], {}, {}, "m")
        for job, text in zip(jobs, texts, strict=True)
    ]


def different(number):
    return " ".join(random.Random(number).sample(WORDS, 30))


@given(st.randoms(), st.integers(0, 200))
def test_a_kind_that_repeats_itself_ends_at_the_same_seed_in_any_order(dice, good):
    texts = [different(n) if n < good else "always the very same words again" for n in range(256)]
    jobs, made = outcomes(texts)
    ends = []
    for shuffled in (False, True):
        order = list(made)
        if shuffled:
            dice.shuffle(order)
        watch = DiversityMonitor(jobs, settings(stop_at=0.5))
        for outcome in order:
            watch.saw(outcome)
        ends.append(watch.stopped.get("textbook"))
    assert ends[0] == ends[1]
    assert ends[0] is not None and good < ends[0] <= good + 3 * EVERY
    assert [job for job in jobs if watch.wants(job)] == jobs[: ends[0]]


def test_different_records_go_on_and_sameness_goes_on_unless_asked_to_stop():
    jobs, made = outcomes([different(n) for n in range(128)])
    watch = DiversityMonitor(jobs, settings(stop_at=0.1))
    for outcome in made:
        watch.saw(outcome)
    assert not watch.stopped
    jobs, made = outcomes(["the same"] * 128)
    watch = DiversityMonitor(jobs, settings())
    for outcome in made:
        watch.saw(outcome)
    assert not watch.stopped and all(map(watch.wants, jobs))


def test_coverage_is_the_share_of_the_seeds_topics_that_are_used():
    seeds = ["Glaciers carry gravel downhill.", "Violins resonate loudly."]
    assert coverage(["The glacier has gravel."], seeds) == round(2 / 7, 4)
    assert coverage([], seeds) == 0.0 and coverage(["anything"], []) == 0.0


def test_spreads_and_repetition():
    figures = measure(["one two three", "one two three four five"], 0, grades=[0.2, 1.0])
    assert figures["words"]["low"] < figures["words"]["mean"] == 4.0 < figures["words"]["high"]
    assert figures["grade"]["mean"] == 0.6
    assert repeating(["the same text here"] * 4, 0.7) == 0.75

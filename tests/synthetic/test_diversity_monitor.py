"""What each kind makes is watched while it is made: sameness ends a kind at one seed."""

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
    values = {"teacher": {"local": "smollm2"}, "kinds": ["textbook"], "diversity": limits, "against": []}
    return SynthSettings.parse(values, "")


def outcomes(texts):
    jobs = [RecordJob(KIND, KindSettings(), Question(id=f"q{n}", task="t", prompt="p")) for n in range(len(texts))]
    return [
        RecordOutcome(job, [Made([], text=text)] if text else [], [], {}, {}, "m")
        for job, text in zip(jobs, texts, strict=True)
    ]


def watched(texts, **limits):
    watch = DiversityMonitor(settings(**limits))
    for outcome in outcomes(texts):
        watch.saw(outcome)
    return watch.stopped


def different(number):
    return " ".join(random.Random(number).sample(WORDS, 30))


@given(st.integers(0, 200))
def test_a_kind_that_repeats_itself_is_stopped_soon_after(good):
    texts = [different(n) if n < good else "always the very same words again" for n in range(256)]
    end = watched(texts, stop_at=0.5)["textbook"]
    assert good < end <= good + 3 * EVERY
    assert watched(texts[:end], stop_at=0.5) == {"textbook": end} and not watched(texts[: end - 1], stop_at=0.5)


def test_different_records_go_on_and_sameness_goes_on_unless_asked_to_stop():
    assert not watched([different(n) for n in range(128)], stop_at=0.1)
    assert not watched(["the same"] * 128)


def test_coverage_is_the_share_of_the_seeds_topics_that_are_used():
    seeds = ["Glaciers carry gravel downhill.", "Violins resonate loudly."]
    assert coverage(["The glacier has gravel."], seeds) == round(2 / 7, 4)
    assert coverage([], seeds) == 0.0 and coverage(["anything"], []) == 0.0


def test_spreads_and_repetition():
    figures = measure(["one two three", "one two three four five"], 0, grades=[0.2, 1.0])
    assert figures["words"]["low"] < figures["words"]["mean"] == 4.0 < figures["words"]["high"]
    assert figures["grade"]["mean"] == 0.6
    assert repeating(["the same text here"] * 4, 0.7) == 0.75

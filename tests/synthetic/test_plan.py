"""Planned jobs: so many of each seed, seeds drawn again with other axes, any number in constant memory."""

import tracemalloc
from collections import Counter
from itertools import islice

import pytest

from hornbook.base.records import Question
from hornbook.synthetic.axes import draw_axes
from hornbook.synthetic.engine import drawn_values
from hornbook.synthetic.kind import Kind, KindSettings, Material
from hornbook.synthetic.passages import Passage, PassageSettings
from hornbook.synthetic.plan import jobs_of
from hornbook.synthetic.seed_sampling import from_passages, from_questions

AXES = {"audience": ["a child", "a student", "an expert"], "length": [f"{n} words" for n in range(40)]}


def material(passages=0, questions=0):
    return Material(
        [
            Passage(id=f"p{n}", text="", document=f"d{n // 3}", origin="", first_line=1, last_line=1,
                    information="statement", subject=f"s{n % 50}")
            for n in range(passages)
        ],
        [], [Question(id=f"q{n}", task="t", prompt="p") for n in range(questions)], [], PassageSettings(),
    )  # fmt: skip


def kind(seeds, axes=AXES):
    return Kind("", "synthetic", "2.2", "", seeds, None, (), (), lambda settings: 1, name="k", axes=axes)


def jobs(seeds, axes=AXES, there=5, **settings):
    found = material(there if seeds is from_passages else 0, there if seeds is from_questions else 0)
    return list(jobs_of(kind(seeds, axes), KindSettings(**settings), found, 1))


@pytest.mark.parametrize("seeds", [from_passages, from_questions])
def test_seeds_are_drawn_again_with_other_axes_where_there_are_axes(seeds):
    again = jobs(seeds, records=6, tries=4)
    assert [job.number for job in again] == list(range(24))
    assert Counter(Counter(job.seed.id for job in again).values()) == {5: 4, 4: 1}
    assert len({(job.seed.id, job.draw) for job in again}) == 24
    once = jobs(seeds, axes={}, records=6, tries=4, per_seed=3)
    assert sorted(job.seed.id for job in once) == sorted({job.seed.id for job in once}) and len(once) == 5


@pytest.mark.parametrize("seeds", [from_passages, from_questions])
def test_so_many_records_of_each_seed(seeds):
    planned = jobs(seeds, records=9, tries=1, per_seed=3)
    assert [job.draw for job in planned] == [0, 1, 2] * 3
    assert len({job.seed.id for job in planned}) == 3
    assert len({drawn_values(job, 1)["brief"] for job in planned}) == 9


@pytest.mark.parametrize("seeds", [from_passages, from_questions])
def test_more_records_begin_with_the_same_jobs(seeds):
    few, many = (jobs(seeds, there=30, records=n, tries=1) for n in (7, 20))
    assert [j.seed.id for j in few] == [j.seed.id for j in many[:7]]


def test_each_value_of_an_axis_comes_before_any_comes_again():
    drawn = [draw_axes(AXES, number, 1, "k") for number in range(120)]
    for start in range(0, 120, 40):
        assert len({each["length"] for each in drawn[start : start + 40]}) == 40
    assert set(Counter(each["audience"] for each in drawn).values()) == {40}
    assert drawn != [draw_axes(AXES, number, 2, "k") for number in range(120)]
    assert len({tuple(each.values()) for each in drawn}) > 60  # the axes are drawn apart from each other


def test_parts_of_a_value_are_spread_too():
    drawn = [draw_axes({"persona": ["{age} {occupation}"]}, number, 1, "k")["persona"] for number in range(200)]
    assert len(set(drawn)) > 100 and not any("{" in each for each in drawn)


def peak(records):
    found = jobs_of(kind(from_passages), KindSettings(records=records, tries=1), material(1000), 1)
    tracemalloc.start()
    count = sum(1 for _ in found)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return count, most


def test_any_number_of_records_is_planned_in_constant_memory():
    (few, little), (many, much) = peak(1000), peak(50_000)
    assert (few, many) == (1000, 50_000) and much < little + 200_000


def test_the_millionth_job_is_planned_without_the_others_being_kept():
    found = jobs_of(kind(from_passages), KindSettings(records=1_000_000, tries=1), material(1000), 1)
    assert len(list(islice(found, 3))) == 3

"""What users rely on: true facts, stated as often as promised; bogus ones in no table; held-out ones not trained on."""

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records
from hornbook.base.records import Document, Question, Sample
from hornbook.base.rng import rng
from hornbook.base.workspace import Workspace
from hornbook.oracles.score import is_right, judged_outcome
from hornbook.oracles.text import normalise
from hornbook.oracles.trivia import refuses
from hornbook.synthetic.trivia.bogus import bogus_subjects
from hornbook.synthetic.trivia.facts import all_names, country_codes, facts_of
from hornbook.synthetic.trivia.settings import KINDS, FactKind, TriviaSettings
from hornbook.synthetic.trivia.stage import trivia
from hornbook.synthetic.trivia.templates import ASKED, READ, STATEMENTS, in_all_forms


def run(path: Path, seed: int = 1, **settings: object) -> Workspace:
    work = Workspace(path, name="trivia", seed=seed)
    trivia(TriviaSettings.parse(settings, "trivia"), work)
    return work


def subject_of(prompt: str, kind: FactKind) -> str:
    forms = [re.escape(form).replace(r"\{subject\}", "(.+)") for form in ASKED[kind] + READ[kind]]
    return next(found[1] for form in forms if (found := re.fullmatch(form, prompt)))


def files(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob("*.parquet"))}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return run(tmp_path_factory.mktemp("trivia"), facts=40, kinds=list(KINDS), repeats=[0, 4, 16])


@pytest.mark.parametrize(
    ("kind", "subject", "answer"),
    [
        ("city_country", "Lagos", "Nigeria"),
        ("city_continent", "Ho Chi Minh", "Asia"),
        ("country_code", "NO", "Norway"),
        ("country_code", "KR", "South Korea"),
        ("http_status", "404", "Not Found"),
        ("error_name", "ENOENT", "No such file or directory"),
    ],
)
def test_facts_are_true(kind: str, subject: str, answer: str) -> None:
    assert {fact.subject: fact.answer for fact in facts_of(kind)}[subject] == answer


def test_what_has_no_single_answer_is_left_out() -> None:
    cities = {fact.subject: fact.answer for fact in facts_of("city_country")}
    assert "Panama" not in cities and "Singapore" not in cities  # their names give the answer away
    for kind in KINDS:
        subjects = [fact.subject for fact in facts_of(kind)]
        assert len(subjects) == len(set(subjects)) > 50


@pytest.mark.parametrize("kind", KINDS)
def test_bogus_things_are_in_no_table(kind: str) -> None:
    subjects = [subject for subject, _ in zip(bogus_subjects(kind, rng(3)), range(200), strict=False)]
    assert len(set(subjects)) == 200
    real = {fact.subject for fact in facts_of(kind)} | country_codes()
    assert not real & set(subjects)
    assert not all_names() & {normalise(subject) for subject in subjects}


def test_texts_state_each_fact_as_often_as_promised(made: Workspace) -> None:
    lines = Counter(line for document in read_records(made.path, Document) for line in document.text.split("\n"))
    read = Counter(sample.messages[0].content for sample in read_records(made.path, Sample))
    for question in [*read_records(made.path, Question), *read_records(made.path / "heldout", Question)]:
        if question.task == "city_country":
            subject = subject_of(question.prompt, "city_country")
            times = int(question.entry.split('"stated":')[1].rstrip("}"))
            stated = [form.format(subject=subject, answer=question.answer) for form in STATEMENTS["city_country"]]
            asked = [form.format(subject=subject) for form in READ["city_country"] + ASKED["city_country"]]
            assert sum(lines[form] for form in stated) == (times + 1) // 2
            assert sum(read[form] for form in asked) == times // 2
            assert bool(question.parents) == (times > 0)
    assert set(made.notes["trivia"]["stated"]) == {"0", "4", "16"}


def test_samples_have_the_forms_of_the_questions_and_no_held_out_question(made: Workspace) -> None:
    read = {sample.messages[0].content for sample in read_records(made.path, Sample)}
    assert not read & {question.prompt for question in read_records(made.path / "heldout", Question)}
    assert read & {question.prompt for question in read_records(made.path, Question)}


def test_what_is_taught_is_asked_in_every_form(made: Workspace) -> None:
    train = {question.prompt for question in read_records(made.path, Question)}
    for question in read_records(made.path, Question):
        if question.task != "bogus":
            kind: FactKind = question.task  # type: ignore[assignment]
            assert set(in_all_forms(kind, subject_of(question.prompt, kind))) <= train


def test_questions_and_heldout_questions_are_apart_and_checkable(made: Workspace) -> None:
    train, heldout = read_records(made.path, Question), read_records(made.path / "heldout", Question)
    assert not {question.prompt for question in train} & {question.prompt for question in heldout}
    for questions in (train, heldout):
        assert {question.task for question in questions} == {*KINDS, "bogus"}
        for question in questions:
            assert (question.answer == "") == (question.task == "bogus")
            if question.answer:
                assert is_right(question, f"It is {question.answer}.")
                assert not refuses(question.answer)
            else:
                assert is_right(question, "I do not know.")
                assert judged_outcome(question, "Norway") == "wrong"


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    first, again, other = (run(tmp_path / name, seed, facts=10) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert files(first.path) == files(again.path)
    assert files(first.path) != files(other.path)


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 30), st.lists(st.integers(0, 9), min_size=1, max_size=3), st.floats(0, 1), st.integers(0, 99))
def test_any_settings_give_whole_files(
    tmp_path_factory: pytest.TempPathFactory, facts: int, repeats: list[int], share: float, seed: int
) -> None:
    path = tmp_path_factory.mktemp("any")
    work = run(path, seed, facts=facts, repeats=repeats, heldout_share=share, kinds=["country_code"])
    train, heldout = read_records(path, Question), read_records(path / "heldout", Question)
    assert len({sample.id for sample in read_records(path, Sample)}) == work.counts["samples"]
    asked = [sum(question.task != "bogus" for question in questions) for questions in (train, heldout)]
    assert asked[0] / len(in_all_forms("country_code", "NO")) + asked[1] == facts  # held-out ones in one form
    assert len({document.id for document in read_records(path, Document)}) == work.counts["records_out"]


def test_an_unknown_table_is_one_clear_line() -> None:
    with pytest.raises(HornbookError, match=r"^trivia\.kinds\.0: input should be .*city_country"):
        TriviaSettings.parse({"kinds": ["city_contry"]}, "trivia")

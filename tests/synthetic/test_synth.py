"""The whole stage with a teacher that answers by rule: what is written, what is booked, and what a kill leaves."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records
from hornbook.base.records import Document, Question, Sample
from hornbook.base.workspace import Workspace
from hornbook.synthetic import stage
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.settings import SynthSettings
from hornbook.teacher.errors import TeacherError
from tests.synthetic.corpus import write_corpus
from tests.synthetic.fake import FakeTeacher, dull_teacher, good_teacher, opening

KINDS = {
    "textbook": {"records": 6},
    "exercise": {"records": 3},
    "discussion": {"records": 3},
    "self_revision": {"records": 8},
    "code_reversal": {"records": 6},
    "plurality": {"records": 16},
}
SMALL = {"tokens": [20, 120], "prose": True}
FILES = ["samples.parquet", "questions.parquet", "passages.parquet", "tasks.parquet", "book.json", "rejects.jsonl"]


def make_settings(**changes):
    values = {
        "teacher": {"local": "smollm2"},
        "profile": "small",
        "kinds": KINDS,
        "passages": SMALL,
        "against": [],
        "tries": 1,
    }
    values |= changes
    return SynthSettings.parse(values, "synthetic")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture
def run(monkeypatch, corpus, tmp_path):
    """run(name, ledger=…, say=…, settings=…, **teacher options) → (workspace, teacher)"""

    def go(name, *, ledger=None, say=good_teacher, settings=None, **options):
        teachers: list[FakeTeacher] = []
        monkeypatch.setattr(stage, "open_teachers", opening(teachers, say, **options))
        work = Workspace(tmp_path / name, seed=5, name="synthetic", ledger=tmp_path / (ledger or name + "-ledger"))
        stage.synth(settings or make_settings(), work, documents=[corpus], questions=[corpus])
        work.close()
        return work, teachers[0]

    return go


def contents(work):
    return {name: (work.path / name).read_bytes() for name in FILES}


def test_every_kind_makes_samples_that_lead_back_to_documents_and_calls(run, corpus):
    work, teacher = run("a")
    samples = read_records(work.path, Sample)
    documents = {document.id for document in read_records(corpus, Document)}
    questions = {question.id for question in read_records(corpus, Question)}
    passages = {passage.id: passage for passage in read_records(work.path / "passages.parquet", Passage)}
    assert {sample.kind for sample in samples} == set(KINDS)
    for sample in samples:
        assert sample.checks and sample.calls and set(sample.calls) <= set(teacher.answers)
        assert sample.parents[0] in questions or set(passages[sample.parents[0]].parents) <= documents
        assert (sample.text == "") == bool(sample.messages)
    assert {sample.kind: sample.source for sample in samples} == {
        "textbook": "web_rewrite",
        "exercise": "web_rewrite",
        "discussion": "web_rewrite",
        "self_revision": "synthetic",
        "plurality": "synthetic",
        "code_reversal": "code",
    }
    asked = read_records(work.path, Question)
    assert asked and all(question.answer in "37" and question.oracle == "number" for question in asked)


def test_passages_carry_the_metadata_of_the_report(run, corpus):
    work, _ = run("a")
    pages = {document.id: document.text.split("\n") for document in read_records(corpus, Document)}
    found = read_records(work.path / "passages.parquet", Passage)
    prose = [passage for passage in found if passage.information != "function"]
    assert prose
    for passage in prose:
        assert passage.text.split()[0] in pages[passage.document][passage.first_line - 1]
        assert passage.text.split()[-1] in pages[passage.document][passage.last_line - 1]
        assert 1 <= passage.complexity <= 5 and 1 <= passage.obscurity <= 5
        assert passage.has_chain and all(step.assumption and step.conclusion for step in passage.chain)


def test_yields_account_for_every_record(run):
    work, teacher = run("a")
    yields = work.notes["yields"]
    for row in yields.values():
        assert row["passed"] + sum(row["rejected"].values()) == row["seeds"]
        assert row["kept"] <= row["made"]
        stopped = sum(stage["records"] - stage["passed"] for stage in row["stages"].values())
        assert row["passed"] + stopped == row["seeds"]
    assert work.counts["records_in"] == sum(row["seeds"] for row in yields.values())
    assert work.counts["records_out"] == len(read_records(work.path, Sample))
    kinds = make_settings().kinds
    most = sum(kind.tries * kind.records * load_kind(name, "small").calls(kind) for name, kind in kinds.items())
    assert work.counts["teacher_calls"] <= len(teacher.asked) <= most
    assert yields["plurality"]["facts"]["right"]["n"] > 0
    assert set(work.notes["diversity"]) == set(KINDS)


def test_the_order_of_answers_changes_no_byte(run):
    first, _ = run("a")
    second, _ = run("b")
    assert contents(first) == contents(second)


def test_the_order_of_kinds_and_documents_changes_no_byte(run, corpus, tmp_path):
    first, _ = run("a")
    turned = make_settings(kinds=dict(reversed(KINDS.items())))
    second, _ = run("b", settings=turned)
    assert contents(first) == contents(second)


@pytest.mark.parametrize("answered", [0, 1, 17, 60])
def test_a_run_that_lost_its_teacher_asks_nothing_twice(run, answered):
    whole, teacher = run("whole")
    with pytest.raises(TeacherError):
        run("part", ledger="shared", die_after=answered)
    resumed, rest = run("part", ledger="shared")
    assert contents(resumed) == contents(whole)
    assert len(rest.asked) == len(teacher.asked) - answered


def test_a_finished_run_asks_nothing_again(run):
    first, _ = run("a", ledger="shared")
    second, teacher = run("b", ledger="shared")
    assert teacher.asked == [] and contents(first) == contents(second)


def test_one_more_record_asks_only_for_itself(run):
    run("a", ledger="shared", settings=make_settings(kinds={"textbook": {"records": 6}}))
    _, teacher = run("b", ledger="shared", settings=make_settings(kinds={"textbook": {"records": 7}}))
    assert 1 <= len(teacher.asked) <= 2


KILLED = """
import sys
from pathlib import Path
from hornbook.base.workspace import Workspace
from hornbook.synthetic import stage
from tests.synthetic.fake import good_teacher, opening
from tests.synthetic.test_synth import make_settings
stage.open_teachers = opening([], good_teacher, die_after=int(sys.argv[3]), kill=True)
work = Workspace(Path(sys.argv[1]), seed=5, name="synthetic", ledger=Path(sys.argv[2]))
stage.synth(make_settings(), work, documents=[Path(sys.argv[4])], questions=[Path(sys.argv[4])])
"""


def test_sigkill_in_the_middle_loses_no_answer(run, corpus, tmp_path):
    whole, teacher = run("whole")
    root = Path(__file__).parents[2]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "part"), str(tmp_path / "shared"), "25", str(corpus)],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    resumed, rest = run("part", ledger="shared")
    assert contents(resumed) == contents(whole)
    assert len(rest.asked) == len(teacher.asked) - 25


def test_a_refused_call_fails_only_its_record(run):
    whole, _ = run("whole")
    victim = next(sample for sample in read_records(whole.path, Sample) if sample.kind == "plurality")
    part, _ = run("part", refuse=victim.messages[0].content.split("\n")[0])
    before, after = ({sample.id for sample in read_records(work.path, Sample)} for work in (whole, part))
    assert victim.id in before - after and before & after  # another seed may have taken its place
    assert sum(count for reason, count in part.rejected.items() if reason.endswith("teacher call failed")) >= 1


def test_a_fault_in_a_kind_fails_only_its_record(run):
    def say(stage, prompt, sample):
        return None if stage == "write" and len(prompt) % 2 else good_teacher(stage, prompt, sample)

    work, _ = run("a", say=say)
    assert work.rejected["textbook, fault"] >= 1
    assert any("by an error in the kind itself" in warning for warning in work.warnings)
    assert work.notes["yields"]["plurality"]["kept"] > 0


def test_a_teacher_that_repeats_itself_is_noticed(run):
    lively, _ = run("a")
    kinds = {"textbook": {"records": 16, "min_terms": 0.0}, "plurality": {"records": 4}}
    dull, _ = run("b", say=dull_teacher, settings=make_settings(kinds=kinds))
    assert not any(warning.startswith("textbook: the records lose") for warning in lively.warnings)
    assert any(warning.startswith("textbook: the records lose diversity") for warning in dull.warnings)
    assert dull.notes["diversity"]["textbook"]["near_duplicate_rate"] > 0.5
    kept = [sample for sample in read_records(dull.path, Sample) if sample.kind == "textbook"]
    assert len(kept) <= 3  # one per form: the others are duplicates, and counted as such
    copies = sum(n for reason, n in dull.rejected.items() if reason.startswith("textbook") and "duplicate" in reason)
    assert copies == dull.notes["yields"]["textbook"]["made"] - len(kept)


def test_what_repeats_a_benchmark_is_set_aside(run, tmp_path):
    whole, _ = run("whole")
    victim = next(sample for sample in read_records(whole.path, Sample) if sample.kind == "textbook" and sample.text)
    (tmp_path / "quiz.jsonl").write_text(json.dumps({"question": victim.text}))
    clean, _ = run("clean", settings=make_settings(against=[str(tmp_path / "quiz.jsonl")]))
    before, after = ({sample.id for sample in read_records(work.path, Sample)} for work in (whole, clean))
    assert before - after == {victim.id}
    assert clean.rejected["textbook, contaminated"] == 1


def test_input_without_seeds_is_one_clear_line(run, tmp_path, monkeypatch):
    write_corpus(tmp_path / "none", pages=0, functions=0)
    work = Workspace(tmp_path / "w")
    with pytest.raises(HornbookError, match="has no seeds: 0 passages"):
        stage.synth(make_settings(), work, documents=[tmp_path / "none"])
    with pytest.raises(HornbookError, match="no such file"):
        stage.synth(make_settings(), work, documents=[tmp_path / "missing.parquet"])


def test_when_nothing_passes_a_warning_says_why(run):
    work, _ = run("a", say=lambda stage, prompt, sample: "hm")
    assert read_records(work.path, Sample) == []
    assert any(warning.startswith("none of 42 records is left (") for warning in work.warnings)


@pytest.mark.parametrize(
    ("kinds", "message"),
    [
        ({"textbooks": {}}, "synthetic.kinds.textbooks: no such kind of data set (did you mean 'textbook'?)"),
        ({"textbook": {"record": 3}}, "synthetic.kinds.textbook.record: unknown key (did you mean 'records'?)"),
        (
            {"textbook": {"records": -3}},
            "synthetic.kinds.textbook.records: input should be greater than or equal to 0, got -3",
        ),
        ({"textbook": 3}, "synthetic.kinds.textbook: expected settings such as {records: 20}, got 3"),
    ],
)
def test_wrong_settings_of_a_kind_name_the_key(kinds, message):
    with pytest.raises(HornbookError) as error:
        make_settings(kinds=kinds)
    assert str(error.value) == message


def test_a_kind_s_own_settings_are_part_of_the_key():
    one, other = (make_settings(kinds={"plurality": {"solutions": n}}).identity() for n in (4, 5))
    assert one != other


def test_a_kind_that_is_stopped_leaves_the_same_bytes_whatever_was_begun(run):
    """Other records of the kind, and of kinds that share its passages, are under way when it is stopped."""
    kinds = {"textbook": {"records": 96, "min_terms": 0.0}, "exercise": {"records": 12}}
    stopping = make_settings(kinds=kinds, diversity={"stop_at": 0.3})
    first, _ = run("a", say=dull_teacher, settings=stopping)
    second, _ = run("b", say=dull_teacher, settings=stopping)
    assert contents(first) == contents(second)
    assert any("stopped after 32 seeds" in warning for warning in first.warnings)
    assert first.notes["yields"]["textbook"]["seeds"] == 32 and first.notes["yields"]["exercise"]["seeds"] == 12

"""`records` is the number of accepted records; they are written in parts as they are finished, with their axes."""

import random

import pytest

from hornbook.base import record_parts
from hornbook.base.files import read_records
from hornbook.base.record_parts import RecordParts
from hornbook.base.records import Document, Sample
from hornbook.base.workspace import Workspace
from hornbook.data.readers.load import load_records
from hornbook.synthetic import collection
from hornbook.synthetic.settings import SynthSettings
from hornbook.synthetic.stage import synth
from hornbook.teacher.errors import TeacherError
from tests.synthetic.factory import page_of, serving, write_documents

OWN = """
about: A page told anew.
mechanism: rewrite
axes: {audience: [children, students, engineers], length: [short, long]}
settings: {tokens: [20, 400], verified: false, max_copied: 1.0, same_language: false, max_tokens: 200}
prompts: {write: "Tell it to {{ axes.audience }}, {{ axes.length }}.\\n\\n{{ source }}"}
record: {text: "{{ text }}"}
small:
  prompts: {write: "Retell, {{ axes.length }}.\\n\\n{{ source }}"}
"""


def answer(body):
    """Every third page is told in a word, which is too short."""
    asked = body["messages"][-1]["content"]
    dice = random.Random(asked)
    words = ["".join(dice.choices("abcdefghiklmnoprstuvw", k=6)) for _ in range(60)]
    return " ".join(words) if page_of({"messages": [{"content": asked}]}) % 3 else "no"


def server_asked_twice(server):
    return len(server.requests) != len(set(server.requests))


@pytest.fixture
def run(tmp_path):
    documents = write_documents(tmp_path / "documents")
    (tmp_path / "told_anew.yaml").write_text(OWN)

    def go(name, answer=answer, fault=None, **changes):
        with serving(answer=answer, **({"fault": fault} if fault else {})) as (server, _):
            values = {
                "teacher": {"url": server.url, "model": "mock", "concurrency": 8, "backoff": 0.01},
                "kinds": [str(tmp_path / "told_anew.yaml")],
                "against": [],
                **changes,
            }
            work = Workspace(tmp_path / name, seed=5, name="synthetic", ledger=tmp_path / f"{name}-ledger")
            synth(SynthSettings.parse(values, ""), work, documents=[documents])
            return work, server

    return go


def test_there_are_as_many_records_as_are_wanted_although_some_fail(run):
    work, server = run("a", records=40)  # of 24 pages, 16 of them good: seeds are drawn again with other axes
    samples = read_records(work.path, Sample)
    row = work.notes["yields"]["told_anew"]
    assert len(samples) == 40 == row["kept"] and (row["wanted"], row["ended"]) == (40, "reached")
    repeated = sum(count for reason, count in work.rejected.items() if "duplicate" in reason)  # the same axes again
    assert row["seeds"] == 40 + row["rejected"]["length"] + repeated and not server_asked_twice(server)
    assert len({sample.text for sample in samples}) == 40 > len({sample.parents[0] for sample in samples})
    again, _ = run("b", records=40)
    assert (again.path / "samples.parquet").read_bytes() == (work.path / "samples.parquet").read_bytes()


def test_what_was_not_reached_is_said_with_the_reasons(run):
    work, _ = run("a", answer=lambda body: "no", records=5, tries=3)
    assert work.notes["yields"]["told_anew"]["ended"] == "tries" and work.counts["records_in"] == 15
    assert "told_anew: 0 of 5 records; 15 seeds tried: 3 tries for each; rejected: length 15" in work.warnings


def test_records_of_each_seed_have_other_axes_which_are_kept_and_counted(run):
    work, server = run("a", records=12, per_seed=3, tries=3)
    samples = read_records(work.path, Sample)
    assert all(set(sample.axes) == {"audience", "length"} for sample in samples)
    prompts = {body["messages"][-1]["content"] for body in server.bodies}
    assert all(
        any(f"{sample.axes['audience']}, {sample.axes['length']}" in one for one in prompts) for sample in samples
    )
    assert len({sample.parents[0] for sample in samples}) <= 5
    table = {value: (drawn, kept) for value, drawn, kept in work.notes["axes"]["audience"]}
    assert sum(kept for _, kept in table.values()) == 12 and set(table) == {"children", "students", "engineers"}
    assert max(drawn for drawn, _ in table.values()) - min(drawn for drawn, _ in table.values()) <= 1
    assert load_records(work.path, "samples")[0].axes == samples[0].axes


def test_the_small_profile_is_taken_for_the_run(run):
    _, server = run("a", records=2, profile="small")
    assert all("Retell, " in body["messages"][-1]["content"] for body in server.bodies)


def test_a_run_that_is_stopped_leaves_the_parts_that_are_finished(run, monkeypatch):
    monkeypatch.setattr(collection.RecordParts.__init__, "__defaults__", (4,))
    whole, _ = run("whole", records=16)
    assert not (whole.path / "samples").exists()
    count = 0

    def dying(body, before):
        nonlocal count
        count += 1
        return 401 if count > 20 else None

    with pytest.raises(TeacherError):
        run("part", fault=dying, records=16)
    parts = sorted((whole.path.parent / "part/samples").glob("part-*.parquet"))
    found = [sample.id for part in parts for sample in read_records(part, Sample)]
    assert found and found == [sample.id for sample in read_records(whole.path, Sample)][: len(found)]


def test_parts_are_joined_to_one_file_with_what_is_to_be_kept(tmp_path):
    parts = RecordParts(tmp_path / "samples.parquet", Sample, size=3)
    samples = [
        Sample(id=f"s{n}", source="web", kind="k", text=str(n), axes={"a": "b"} if n == 4 else {}) for n in range(8)
    ]
    for sample in samples:
        parts.add(sample)
    assert len(list((tmp_path / "samples").iterdir())) == 2 and [len(part) for part in parts] == [3, 3, 2]
    assert parts.join(lambda sample: sample.id != "s5") == 7
    assert read_records(tmp_path, Sample) == [sample for sample in samples if sample.id != "s5"]
    assert [path.name for path in tmp_path.iterdir()] == ["samples.parquet"]
    empty = RecordParts(tmp_path / "documents.parquet", Document)
    assert empty.join() == 0 and read_records(tmp_path, Document) == []
    assert record_parts.RECORDS_IN_PART > 100

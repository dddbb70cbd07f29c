"""Files: whole or not at all; records survive a round trip; bad lines are set aside."""

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base import files
from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records, write_records
from hornbook.base.records import Document, Message, Sample, make_id

text = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.tuples(text, text, st.lists(text, max_size=3)), max_size=5))
def test_records_survive_a_round_trip(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("records") / "samples.parquet"
    samples = [
        Sample(id=f"s{i}", source="web", kind=kind, parents=parents, messages=[Message("user", said)])
        for i, (kind, said, parents) in enumerate(rows)
    ]
    write_records(path, Sample, samples)
    assert read_records(path, Sample) == samples


def test_the_same_records_give_the_same_bytes(tmp_path):
    rows = [Document(id=make_id("doc", "x"), text="x", source="web", origin="o")]
    for name in ("a.parquet", "b.parquet"):
        write_records(tmp_path / name, Document, rows)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


@pytest.mark.parametrize("name", ["missing.jsonl", "folder", "text.txt"])
def test_what_cannot_be_read_is_named(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.txt").write_text("x")
    with pytest.raises(HornbookError, match=name):
        read_records(tmp_path / name, Document)


def test_a_full_disk_leaves_the_old_file_and_says_so(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    files.write_json(path, {"a": 1})

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(HornbookError, match="the disk is full"):
        files.write_json(path, {"a": 2})
    monkeypatch.undo()
    assert files.read_json(path) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]

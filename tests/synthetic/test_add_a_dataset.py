"""docs/add-a-dataset.md, followed as a new user would: its code is a kind that runs, checks and counts."""

import re
from pathlib import Path

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records
from hornbook.base.records import Sample
from hornbook.base.workspace import Workspace
from hornbook.synthetic import stage
from hornbook.synthetic.settings import SynthSettings
from hornbook.synthetic.show_kind import shown
from tests.synthetic import mechanism_tables
from tests.synthetic.corpus import write_corpus
from tests.synthetic.fake import good_teacher, opening

PAGE = Path(__file__).parents[2] / "docs/add-a-dataset.md"


@pytest.fixture
def kind_file(tmp_path):
    data, *_ = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    file = tmp_path / "analogy.yaml"
    file.write_text(data)
    return file


def say(stage_name, prompt, sample):
    told = good_teacher("write", prompt, sample)
    return "a set of nested boxes" if stage_name == "plan" else told if len(prompt) % 3 else "It is like nested boxes."


def run(file, monkeypatch, tmp_path, records=12):
    made = []
    monkeypatch.setattr(stage, "open_teachers", opening(made, say))
    values = {
        "teacher": {"local": "smollm2"},
        "profile": "small",
        "kinds": [str(file)],
        "records": records,
        "against": [],
    }
    work = Workspace(tmp_path / "out", seed=5, name="synthetic", ledger=tmp_path / "ledger")
    stage.synth(SynthSettings.parse(values, "synthetic"), work, documents=[write_corpus(tmp_path / "corpus")])
    work.close()
    return work


def test_the_pages_kind_makes_records_and_rejects_bad_ones(kind_file, monkeypatch, tmp_path):
    work = run(kind_file, monkeypatch, tmp_path)
    samples = read_records(work.path, Sample)
    assert samples and {sample.kind for sample in samples} == {"analogy"}
    assert all(sample.messages[0].content.startswith("Can you explain this to ") for sample in samples)
    row = work.notes["yields"]["analogy"]
    assert row["rejected"]["length"] >= 1 and not any(reason.startswith("fault") for reason in row["rejected"])


def test_the_pages_judged_kind_is_read_and_shown(tmp_path):
    _, data, *_ = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    file = tmp_path / "debate.yaml"
    file.write_text(data)
    lines = "\n".join(shown(str(file)))
    assert "judged" in lines and "=== judge" in lines and "between Ada and Ben" not in lines


def test_the_page_of_mechanisms_is_what_they_declare():
    assert mechanism_tables.PAGE.read_text() == mechanism_tables.page(), "python -m tests.synthetic.mechanism_tables"


def test_another_text_of_the_file_is_another_recipe(kind_file):
    values = {"teacher": {"local": "smollm2"}, "kinds": [str(kind_file)]}
    first = SynthSettings.parse(values, "").identity()
    kind_file.write_text(kind_file.read_text() + "\n# changed\n")
    assert SynthSettings.parse(values, "").identity() != first


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        ("KIND = 3", "expected KIND = Kind"),
        ("import nothing_like_it", "cannot be loaded"),
    ],
)
def test_a_file_that_is_no_kind_is_named(tmp_path, content, message):
    file = tmp_path / "mine.py"
    if content is not None:
        file.write_text(content)
    with pytest.raises(HornbookError, match=message):
        SynthSettings.parse({"teacher": {"local": "smollm2"}, "kinds": [str(file)]}, "synthetic")


def test_families_and_numbers_of_records():
    values = {"teacher": {"local": "smollm2"}, "kinds": ["web", "plurality"], "records": 3}
    kinds = SynthSettings.parse(values, "").kinds
    assert {"textbook", "exercise", "discussion", "plurality"} <= set(kinds) and "self_revision" not in kinds
    assert {kind.records for kind in kinds.values()} == {3}
    kinds = SynthSettings.parse(values | {"kinds": {"textbook": {"records": 7}, "plurality": {}}}, "").kinds
    assert (kinds["textbook"].records, kinds["plurality"].records) == (7, 3)
    kinds = SynthSettings.parse(values | {"kinds": {"web": {"temperature": 0.1}, "summary": {"records": 2}}}, "").kinds
    assert kinds["textbook"].temperature == 0.1 and kinds["summary"].records == 2 and "plurality" not in kinds
    with pytest.raises(HornbookError, match="kinds: webb: no such kind of data set, and no family"):
        SynthSettings.parse(values | {"kinds": ["webb"]}, "")

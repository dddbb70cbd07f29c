"""From every sample of a synthesis one can walk to its seed, also where the kind drew the seed itself."""

import pytest

from hornbook.base.files import read_records, write_json
from hornbook.base.records import Sample
from hornbook.base.workspace import Workspace
from hornbook.report.lineage import lineage_lines
from hornbook.synthetic import stage
from hornbook.synthetic.settings import SynthSettings
from tests.synthetic.corpus import write_corpus
from tests.synthetic.fake import opening

SUMS = """
from hornbook.base.records import Message, Question, make_id
from hornbook.synthetic.kind import Kind, KindSettings, Made


def seeds(material, count, rng, settings):
    pairs = [rng.integers(10, 99, size=2).tolist() for _ in range(count)]
    return [
        Question(id=make_id("task", str(a), str(b)), task="sums", prompt=f"What is {a} + {b}?", answer=str(a + b))
        for a, b in pairs
    ]


async def make(seed, ask, settings):
    answer = await ask("answer", seed.prompt)
    return [Made([], messages=[Message("user", seed.prompt), Message("assistant", f"{answer.text} {seed.answer}")])]


KIND = Kind(
    about="Sums.", source="synthetic", report="2.2", seeded_by="its own", seeds=seeds, make=make, stages=("answer",),
    checks=(), calls=lambda settings: 1,
)
"""
PAGES = """
from hornbook.synthetic.seed_sampling import from_pages
from hornbook.synthetic.kind import Kind, Made


async def make(seed, ask, settings):
    return [Made([], text=f"{(await ask('answer', seed.text)).text} {seed.id}")]


KIND = Kind(
    about="Pages.", source="synthetic", report="2.2", seeded_by="pages", seeds=from_pages, make=make,
    stages=("answer",), checks=(), calls=lambda settings: 1,
)
"""


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """The output of a synthesis of two kinds, and the documents it was made from."""
    (tmp_path / "sums.py").write_text(SUMS)
    (tmp_path / "whole_pages.py").write_text(PAGES)
    monkeypatch.setattr(stage, "open_teachers", opening([], lambda name, prompt, sample: f"word{len(prompt)}"))
    kinds = [str(tmp_path / "sums.py"), str(tmp_path / "whole_pages.py")]
    small = {"tokens": [20, 120], "prose": True}  # two passages of a page
    values = {
        "teacher": {"local": "smollm2"}, "kinds": kinds, "records": 3, "against": [], "near_duplicate": 2.0,
        "passages": small,
    }  # fmt: skip
    documents = write_corpus(tmp_path / "corpus")
    work = Workspace(tmp_path / "out", ledger=tmp_path / "out/teacher")
    stage.synth(SynthSettings.parse(values, ""), work, documents=[documents])
    for folder in (work.path, documents):
        write_json(folder / "stage.json", {})
    return work.path, documents


def test_a_folder_of_documents_beside_the_run_is_no_error(runs, tmp_path):
    (tmp_path / "plain").mkdir()
    sample = read_records(runs[0], Sample)[0]
    assert lineage_lines([runs[0], tmp_path / "plain"], sample.id) == lineage_lines([runs[0]], sample.id)


def test_every_sample_leads_to_its_seed(runs):
    samples = read_records(runs[0], Sample)
    assert {sample.kind for sample in samples} == {"sums", "whole_pages"}
    for sample in samples:
        lines = lineage_lines(runs, sample.id)
        assert not any("not among this run's records" in line for line in lines)
        seed = next(line for line in lines if line.startswith(f"  {sample.parents[0]}"))
        assert ("tasks.parquet" in seed) == (sample.kind == "sums")
        assert ("documents.parquet" in seed) == (sample.kind == "whole_pages")

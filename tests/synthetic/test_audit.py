"""`hornbook audit`: the checks of kept records once more, and what may be said of all from some."""

import math
from dataclasses import replace

import msgspec
import pytest

from hornbook.base.confidence_intervals import exact_upper
from hornbook.base.errors import HornbookError
from hornbook.base.files import read_json, read_records, write_json, write_records
from hornbook.base.records import Sample
from hornbook.base.workspace import Workspace
from hornbook.synthetic import audit as module
from hornbook.synthetic.audit import audit, audit_tables, drawn
from hornbook.synthetic.kind import Checks, NotAudited
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.settings import AuditSettings
from tests.synthetic.factory import KIND, serving

MANY = 300


async def recheck(sample, seed, ask, settings):
    if "unclear" in sample.text:
        raise NotAudited("it is unclear")
    Checks().require("right page", seed.text in sample.text, f"not {seed.text}")


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """corpus(WRONG, …) writes a corpus of 300 records, of which those are tampered with."""
    monkeypatch.setattr(module, "load_kind", lambda name, profile: replace(KIND, name=name, recheck=recheck))

    def write(*wrong, unclear=0, kind="synth"):
        folder = tmp_path / "corpus"
        seeds = [
            Passage(id=f"p{n}", text=f"page {n}.", document="d", origin="o", first_line=1, last_line=1,
                    information="statement")
            for n in range(MANY)
        ]  # fmt: skip
        samples = [
            Sample(id=f"s{n}", source="synthetic", kind="retold", parents=[f"p{n}", "d"],
                   text=f"This is page {n if n not in wrong else n + 1}. {'unclear' * (n < unclear)}")
            for n in range(MANY)
        ]  # fmt: skip
        write_records(folder / "passages.parquet", Passage, seeds)
        write_records(folder / "tasks.parquet", Passage, [])
        write_records(folder / "samples.parquet", Sample, samples)
        settings = {"kinds": {"retold": {"records": MANY}}, "profile": "full", "passages": {}}
        write_json(folder / "stage.json", {"kind": kind, "seed": 1, "settings": settings})
        return folder

    return write


def run(folder, tmp_path, sample=MANY):
    with serving() as (server, _):
        work = Workspace(tmp_path / "audit", seed=2)
        settings = AuditSettings.parse({"verifier": {"url": server.url, "model": "m"}, "sample": sample}, "")
        audit(settings, work, samples=folder)
    return work, read_json(work.path / "audit.json")


def test_what_was_tampered_with_is_found_and_named(corpus, tmp_path):
    work, result = run(corpus(7, 150, 299), tmp_path)
    assert {one["id"] for one in result["failures"]} == {"s7", "s150", "s299"}
    assert all(one["reason"].startswith("right page: not page") for one in result["failures"])
    assert (result["audited"], result["failed"], result["share"]) == (300, 3, 0.01)
    assert result["upper"] == pytest.approx(0.0257, abs=1e-4) and "at most 2.6%" in work.conclusion
    table, failures = audit_tables(work.path)
    assert table.row_count == 2 and failures.row_count == 3


def test_what_cannot_be_audited_counts_for_neither_side(corpus, tmp_path):
    work, result = run(corpus(unclear=100), tmp_path)
    assert (result["audited"], result["failed"]) == (200, 0) and result["not_audited"] == {"retold: it is unclear": 100}
    assert work.warnings == ["100 of 300 records were not audited: retold: it is unclear"]


def test_one_percent_is_found_as_often_as_the_arithmetic_says(corpus, tmp_path):
    """Of 3,000 records 30 are wrong: a sample of 300 has none of them in 4 % of cases, and 3 on average."""
    total, wrong, size, times = 3000, 30, 300, 1000
    found = [len(drawn(total, size, seed) & set(range(0, total, total // wrong))) for seed in range(times)]
    none = math.comb(total - wrong, size) / math.comb(total, size)
    assert 0.03 < none < 0.05
    assert abs(found.count(0) / times - none) < 4 * math.sqrt(none * (1 - none) / times)
    assert abs(sum(found) / times - size * wrong / total) < 0.25
    covered = sum(exact_upper(k, size) >= wrong / total for k in found) / times
    assert covered >= 0.95 - 4 * math.sqrt(0.05 * 0.95 / times)
    _, result = run(corpus(7, 150, 299), tmp_path, sample=100)
    assert result["sampled"] == 100 and result["failed"] == len(drawn(MANY, 100, 2) & {7, 150, 299})


@pytest.mark.parametrize(
    ("successes", "n", "bound"), [(0, 300, 0.009936), (3, 300, 0.025641), (1, 10, 0.394163), (5, 5, 1.0), (0, 0, 1.0)]
)
def test_the_bound_is_that_of_clopper_and_pearson(successes, n, bound):
    assert exact_upper(successes, n) == pytest.approx(bound, abs=2e-5)


def test_a_folder_that_is_no_corpus_is_one_line(corpus, tmp_path):
    with pytest.raises(HornbookError, match="expected the output folder of `hornbook synth`"):
        run(corpus(kind="curate"), tmp_path)
    with pytest.raises(HornbookError, match="give a verifier, or a teacher"):
        AuditSettings.parse({}, "")


def test_the_records_themselves_are_left_as_they_are(corpus, tmp_path):
    folder = corpus(3)
    before = (folder / "samples.parquet").read_bytes()
    run(folder, tmp_path)
    assert (folder / "samples.parquet").read_bytes() == before
    assert msgspec.structs.asdict(read_records(folder, Sample)[0])["axes"] == {}

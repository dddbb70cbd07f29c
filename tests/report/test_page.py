"""The page of a run: self-contained, in the recipe's order, and open about what went wrong."""

import re

import pytest
from rich.console import Console

from hornbook.base.files import write_json, write_records
from hornbook.base.records import Document, Message, Sample
from hornbook.report.lineage import find_record, lineage_lines
from hornbook.report.page import write_report
from hornbook.report.table import results_table


def score(name, mean):
    return {"name": name, "mean": mean, "low": mean - 0.05, "high": mean + 0.05, "n": 100}


def stage(name, kind, **more):
    empty = {"counts": {}, "rejected": {}, "warnings": [], "notes": {}, "settings": {}, "inputs": {}, "seconds": 1.0}
    counts = {"tokens": 0, "records_in": 0, "records_out": 0, "teacher_calls": 0}
    return {"name": name, "kind": kind, "path": f"artifacts/{name}-key", **empty, **counts, **more}


@pytest.fixture
def run(tmp_path):
    document = Document(id="doc-1", text="The heron waits.", source="web", origin="birds.txt")
    sample = Sample(
        id="sample-1",
        parents=["doc-1"],
        calls=["call-1"],
        source="synthetic",
        kind="textbook",
        messages=[Message("user", "Who <waits>?"), Message("assistant", "The heron.")],
        checks=["not a copy"],
    )
    write_records(tmp_path / "artifacts/documents-key/documents.parquet", Document, [document])
    write_records(tmp_path / "artifacts/synthetic-key/samples.parquet", Sample, [sample])
    (tmp_path / "teacher").mkdir()
    entry = '{"key": "call-1", "model": "m", "messages": [{"role": "user", "content": "Rewrite."}], "text": "Done."}'
    (tmp_path / "teacher/calls.jsonl").write_text(entry + '\n{"key": "torn')
    comparison = {
        "score": "reasoning",
        "difference": 0.3,
        "low": 0.2,
        "high": 0.4,
        "verdict": "better",
        "n": 100,
        "detectable": 0.14,
    }
    summary = {
        "recipe": "tiny",
        "about": "A tiny run.",
        "seed": 1,
        "hornbook": "0",
        "machine": {"cores": 2, "platform": "x", "python": "3", "torch": "2", "transformers": "5"},
        "seconds": 60.0,
        "stages": [
            stage("documents", "curate", records_in=2, records_out=1, rejected={"too short": 1}, warnings=["thin"]),
            stage("synthetic", "synth", records_in=1, records_out=1, teacher_calls=1),
            stage("sft", "sft", tokens=10, notes={"loss_curve": [[5, 2.0], [10, 1.0], [15, 0.9]]}),
        ],
        "evaluations": [
            {
                "name": "eval-base",
                "model": "base",
                "before": None,
                "scores": [score("reasoning", 0.1)],
                "comparisons": [],
            },
            {
                "name": "eval-sft",
                "model": "sft",
                "before": "eval-base",
                "scores": [score("reasoning", 0.4), score("reasoning:gcd", 0.4)],
                "comparisons": [comparison],
            },
        ],
    }
    write_json(tmp_path / "summary.json", summary)
    (tmp_path / "recipe.yaml").write_text("name: tiny\n")
    return tmp_path, summary


def test_the_page_needs_nothing_from_elsewhere(run):
    page = write_report(run[0]).read_text()
    assert not re.search(r"(src|href)=\"(?!#)", page)
    assert "<script src" not in page
    assert "url(" not in page


def test_the_page_shows_scores_verdicts_warnings_yields_and_lineage(run):
    page = write_report(run[0]).read_text()
    assert "40.0%" in page
    assert "35.0% to 45.0%<" in page and "n 100<" in page
    assert "better: reasoning +30.0 points (+20.0 to +40.0)" in page
    assert "<b>documents</b>: thin" in page
    assert "too short 1" in page
    assert "from birds.txt: The heron waits." in page
    assert "Who &lt;waits&gt;?" in page
    assert page.index(">base</th>") < page.index(">sft</th>")


def test_a_stage_that_changed_nothing_says_what_would_have_shown(run):
    folder, summary = run
    row = summary["evaluations"][1]["comparisons"][0]
    row |= {"difference": 0.001, "low": -0.01, "high": 0.012, "verdict": "no difference beyond noise"}
    write_json(folder / "summary.json", summary)
    page = write_report(folder).read_text()
    assert "no difference seen (14.0 points in reasoning would have shown)" in page
    assert "+0.1 points" not in page


def test_the_table_marks_what_differs_beyond_noise(run):
    console = Console(width=120, record=True, quiet=False)
    with console.capture() as shown:
        console.print(results_table(run[1]))
    line = next(line for line in shown.get().splitlines() if "reasoning" in line)
    assert line.count("▲") == 1
    assert "gcd" not in shown.get()


def test_lineage_goes_from_a_record_to_its_calls_and_its_document(run):
    lines = lineage_lines([run[0]], "sample-1")
    assert [line for line in lines if "asked m (call-1): Rewrite." in line]
    assert [line for line in lines if "passed: not a copy" in line]
    assert [line for line in lines if line.startswith("  doc-1")]


def test_the_beginning_of_an_id_is_enough_unless_it_means_several(run):
    assert find_record([run[0]], "samp").row["id"] == "sample-1"
    with pytest.raises(Exception, match="no record with the id nothing"):
        find_record([run[0]], "nothing")

"""Runs with several seeds: the change of every run, and one over the questions of all."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_json, write_records
from hornbook.cli.recipes import report
from hornbook.evaluation.metrics import ScoredReply
from hornbook.evaluation.significance import compare
from hornbook.report.pooled import pooled_changes


def answers(right: int, n: int = 100) -> list[ScoredReply]:
    """Replies to `n` questions, of which the first `right` are solved."""
    return [ScoredReply(f"q{i:03}", "reasoning:sums", 0, float(i < right), "") for i in range(n)]


def finished_run(folder: Path, sft: int, dpo: int) -> Path:
    scored = {"eval-sft": answers(sft), "eval-dpo": answers(dpo)}
    for name, rows in scored.items():
        write_records(folder / "artifacts" / name / "answers.parquet", ScoredReply, rows)
    comparisons = compare(scored["eval-dpo"], scored["eval-sft"], resamples=500, seed=0)
    score = {"name": "reasoning"}
    evaluations = [
        {"name": "eval-sft", "model": "sft", "before": None, "scores": [score], "comparisons": []},
        {"name": "eval-dpo", "model": "dpo", "before": "eval-sft", "scores": [score], "comparisons": comparisons},
    ]
    stages = [{"name": name, "path": f"artifacts/{name}"} for name in scored]
    write_json(folder / "summary.json", {"evaluations": evaluations, "stages": stages})
    return folder


def test_runs_are_pooled_over_the_questions_of_all(tmp_path: Path) -> None:
    runs = [finished_run(tmp_path / name, 50, dpo) for name, dpo in (("a", 52), ("b", 54), ("c", 56))]
    (change,) = pooled_changes(runs)
    assert (change.score, change.before, change.model) == ("reasoning", "sft", "dpo")
    assert [row["difference"] for row in change.runs] == pytest.approx([0.02, 0.04, 0.06])
    assert change.pooled["difference"] == pytest.approx(0.04) and change.pooled["n"] == 300
    assert change.runs[0]["verdict"] == "no difference beyond noise"
    assert change.pooled["verdict"] == "better" and change.pooled["low"] > 0

    result = CliRunner().invoke(report, [str(run) for run in runs])
    head, _, row = result.output.splitlines()
    assert head == "| score | change | a | b | c | all | could be seen |"
    assert row.startswith("| reasoning | sft → dpo | +2.0 (") and "| **+4.0 (" in row


def test_runs_without_a_common_comparison_are_one_clear_line(tmp_path: Path) -> None:
    run = finished_run(tmp_path / "a", 50, 60)
    write_json(tmp_path / "b" / "summary.json", {"evaluations": [], "stages": []})
    with pytest.raises(HornbookError, match="no comparison that all of these runs have made"):
        pooled_changes([run, tmp_path / "b"])

"""The models' answers side by side: all questions, those that changed first, and the filters in a real browser."""

from pathlib import Path
from typing import Any

import pytest

from hornbook.base.files import write_json, write_records
from hornbook.base.records import Question
from hornbook.evaluation.metrics import ScoredReply
from hornbook.report import answers
from hornbook.report.answers import compared_answers
from hornbook.report.page import write_report
from tests.pts.browser import MISSING, visit
from tests.report.test_page import stage


@pytest.fixture
def run(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """Two models on three sums, the later one right in one more; and a bogus question which the later one refuses."""
    questions = [Question(id=f"q{n}", task="sums", prompt=f"{n} + <b>1</b>", answer=str(n + 1)) for n in range(3)]
    questions.append(Question(id="q9", task="bogus", prompt="Capital of Nowhere?", oracle="trivia"))
    right = {"sft": [1.0, 0.0, 0.0, 0.0], "dpo": [1.0, 1.0, 0.0, 1.0]}
    for model, values in right.items():
        folder = tmp_path / "artifacts" / f"eval-{model}-key"
        rows = [
            ScoredReply(question.id, "bogus refused" if question.task == "bogus" else "reasoning:sums", 0, value, model)
            for question, value in zip(questions, values, strict=True)
        ]
        rows.append(ScoredReply("item", "benchmark:toy", 0, 1.0, ""))
        write_records(folder / "answers.parquet", ScoredReply, rows)
        write_records(folder / "questions.parquet", Question, questions)
    summary = {
        "recipe": "tiny",
        "about": "",
        "seed": 1,
        "hornbook": "0",
        "machine": {"cores": 2, "platform": "x", "python": "3", "torch": "2", "transformers": "5"},
        "seconds": 60.0,
        "stages": [stage(f"eval-{model}", "evaluation") for model in right],
        "evaluations": [
            {"name": f"eval-{model}", "model": model, "before": None, "scores": [], "comparisons": []}
            for model in right
        ],
    }
    for entry in summary["evaluations"]:
        entry["scores"] = [{"name": "reasoning", "mean": 0.5, "low": 0.4, "high": 0.6, "n": 3}]
    write_json(tmp_path / "summary.json", summary)
    (tmp_path / "recipe.yaml").write_text("name: tiny\n")
    return tmp_path, summary


def test_questions_on_which_the_models_differ_come_first(run: tuple[Path, dict[str, Any]]) -> None:
    found = compared_answers(*run)
    assert found and found["models"] == ["sft", "dpo"] and found["left_out"] == 0
    assert [question.prompt for question in found["questions"][:2]] == ["1 + <b>1</b>", "Capital of Nowhere?"]
    assert [reply.right for reply in found["questions"][0].replies] == [0.0, 1.0]
    assert len(found["questions"]) == 4


def test_what_does_not_fit_is_counted(run: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MOST_BYTES", 300)
    found = compared_answers(*run)
    assert found and len(found["questions"]) + found["left_out"] == 4 and found["left_out"] > 0


def test_a_run_of_an_earlier_version_has_none(run: tuple[Path, dict[str, Any]]) -> None:
    for file in run[0].rglob("questions.parquet"):
        file.unlink()
    assert compared_answers(*run) is None
    assert 'id="answer-data"' not in write_report(run[0]).read_text()


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
@pytest.mark.parametrize("width", [360, 1200])
def test_the_page_lists_them_in_a_browser(run: tuple[Path, dict[str, Any]], width: int) -> None:
    seen = visit(write_report(run[0]), width=width)
    assert not seen.console
    assert "1 to 4 of 4 questions" in seen.html
    assert seen.html.count('class="answer"') == 4
    assert "1 + &lt;b&gt;1&lt;/b&gt;" in seen.html and "100 % right" in seen.html

"""Two evaluations side by side."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_json, write_records
from hornbook.base.records import Question
from hornbook.cli.main import hornbook
from hornbook.evaluation.metrics import ScoredReply
from hornbook.report.compare import NOT_KEPT, compare_evaluations, write_page

TASK, SECRET, SUMS = "benchmark:toy acc", "benchmark:sealed acc", "reasoning:sums"


def save(folder: Path, model: str, toy: list[int], sealed: list[int], sums: list[int]) -> Path:
    """An evaluation whose questions have these values."""
    rows = [
        ScoredReply(f"{name}/{number}", score, 0, float(value), "" if name == "sealed" else f"{model} says {value}")
        for name, score, values in (("toy", TASK, toy), ("sealed", SECRET, sealed), ("sum", SUMS, sums))
        for number, value in enumerate(values)
    ]
    folder.mkdir(parents=True)
    write_records(folder / "answers.parquet", ScoredReply, rows)
    asked = [
        Question(id=f"sum/{n}", task="sums", prompt=f"What is {n} + 1?", answer=f"{n + 1}") for n in range(len(sums))
    ]
    write_records(folder / "questions.parquet", Question, asked)
    lines = [
        {
            "doc_id": number,
            "target": "1",
            "arguments": {
                f"gen_args_{place}": {"arg_0": f"Toy {number}?", "arg_1": f" choice {place}"} for place in (0, 1)
            },
        }
        for number in range(len(toy))
    ]
    (folder / "samples_toy.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "samples_sealed.jsonl").write_text("".join(json.dumps({"doc_id": n}) + "\n" for n in range(len(sealed))))
    write_json(folder / "scores.json", {"model": model, "scores": [], "comparisons": []})
    return folder


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    before = save(tmp_path / "a", "base", [1] * 30 + [0] * 30, [0] * 20, [0, 1, 0])
    now = save(tmp_path / "b", "tuned", [0] + [1] * 59, [0] * 19 + [1], [0, 1, 1])
    return before, now


def test_scores_are_compared_on_the_questions_of_both(two: tuple[Path, Path]) -> None:
    found = compare_evaluations(*two)
    rows = {row["score"]: row for row in found.rows}
    assert found.models == ("base", "tuned")
    assert set(rows) == {TASK, SECRET, SUMS, "reasoning"}
    assert (rows[TASK]["before"], rows[TASK]["now"]) == (0.5, pytest.approx(59 / 60))
    assert (rows[TASK]["verdict"], rows[TASK]["n"]) == ("better", 60)
    assert rows[SECRET]["verdict"].startswith("no difference")


def test_questions_whose_verdict_changed_stand_side_by_side(two: tuple[Path, Path]) -> None:
    changed = {(one.task, one.prompt): one for one in compare_evaluations(*two).changed}
    assert len(changed) == 31 + 1 + 1
    lost = changed[TASK, "Toy 0?"]
    assert lost.answer == "choice 1"
    assert [(reply.text, reply.right) for reply in lost.replies if reply] == [
        ("base says 1", 1.0),
        ("tuned says 0", 0.0),
    ]
    assert changed[SUMS, "What is 2 + 1?"].answer == "3"
    assert changed[SECRET, f"sealed/19 {NOT_KEPT}"].answer == NOT_KEPT


def test_the_page_holds_scores_and_questions(two: tuple[Path, Path], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert write_page(compare_evaluations(*two), page) == 33
    text = page.read_text()
    for expected in ("tuned against base", TASK, "+48.3", "Toy 0?", "33 of them", "answer-list"):
        assert expected in text


def test_the_command_prints_a_table_and_writes_the_page(two: tuple[Path, Path], tmp_path: Path) -> None:
    before, now = map(str, two)
    done = CliRunner().invoke(hornbook, ["compare", before, now, "--out", str(tmp_path / "c.html")])
    assert done.exit_code == 0
    assert (tmp_path / "c.html").exists()


def test_evaluations_without_a_common_question_are_refused(two: tuple[Path, Path], tmp_path: Path) -> None:
    other = save(tmp_path / "c", "other", [], [], [])
    with pytest.raises(HornbookError, match="no question in common"):
        compare_evaluations(two[0], other)

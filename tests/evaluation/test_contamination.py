"""Benchmark questions that stand in the training data are counted beside each score."""

import json
from pathlib import Path

import pytest

from hornbook.base.files import read_json, write_records
from hornbook.base.records import Message, Sample
from hornbook.cli.main import hornbook
from hornbook.data.benchmarks import BenchmarkItem
from hornbook.evaluation.contamination import asked_texts, contaminated_questions, mark_scores, training_texts
from hornbook.evaluation.harness.load import LoadedTask
from hornbook.evaluation.harness.records import AnsweredTask
from hornbook.evaluation.metrics import ScoredReply
from hornbook.preference import generate
from tests.preference.tiny import scripted

WORDS = "river stone bridge heron boat star under quiet seven slowly moon cloud reed barley oak fern otter pike".split()


def long_question(number: int) -> str:
    """Sixteen words in an order that no other number has."""
    return " ".join(WORDS[(number * 7 + step * (number % 5 + 1)) % len(WORDS)] + str(number) for step in range(16))


QUESTIONS = {f"t/{n}": BenchmarkItem(id=f"t/{n}", benchmark="t", split="", question=long_question(n)) for n in range(8)}
FOUND = [  # texts, and the questions that they contain
    ([], set()),
    (["nothing of the kind is said here, or anywhere else that one could look"], set()),
    ([f"Before. {long_question(3)} After."], {"t/3"}),
    ([long_question(1), "x", long_question(5).upper()], {"t/1", "t/5"}),
]


@pytest.mark.parametrize(("texts", "expected"), FOUND)
def test_questions_in_the_training_data_are_found(texts: list[str], expected: set[str]) -> None:
    assert contaminated_questions(QUESTIONS, texts) == expected


def test_the_form_in_which_a_task_asks_is_not_content() -> None:
    form, end = "Answer the following question as well as you can, and end with the letter: ", " Think of the letter."
    records = [
        {"doc_id": n, "doc": {"question": ""}, "arguments": [(form + QUESTIONS[f"t/{n}"].question + end, {})]}
        for n in range(8)
    ]
    asked = asked_texts([AnsweredTask(LoadedTask("t", {}, {}, {}, [], False), {"samples": {"t": records}})])
    assert asked == QUESTIONS


def test_scores_say_how_many_and_what_is_left() -> None:
    answers = [ScoredReply(f"t/{n}", "benchmark:t", 0, float(n < 4), "") for n in range(8)]
    scores = [{"name": "benchmark:t", "mean": 0.5}, {"name": "figure"}]
    mark_scores(scores, answers, {"t/0", "t/1"})
    assert scores[0]["in_training"] == 2 and scores[0]["without_them"] == pytest.approx(2 / 6)
    assert scores[1]["in_training"] == 0 and scores[1]["without_them"] is None


def test_conversations_and_documents_are_read(tmp_path: Path) -> None:
    (tmp_path / "docs.jsonl").write_text(json.dumps({"text": "A document."}) + "\n")
    asked = [Message("user", "Why?"), Message("assistant", "So.")]
    write_records(tmp_path / "s.parquet", Sample, [Sample(id="s", source="x", kind="k", messages=asked)])
    texts = training_texts([tmp_path / "s.parquet"], [tmp_path / "docs.jsonl"], lambda *_: None)
    assert list(texts) == ["Why?\nSo.", "A document."]


def test_it_is_said_beside_each_score(tiny_model: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    pytest.importorskip("lm_eval")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(generate, "open_engine", scripted(lambda question, sample: "It was Goethe."))
    rows = [{"problem": f"Who wrote {long_question(n)}?", "answer": "Goethe" if n < 3 else "Heine"} for n in range(6)]
    Path("facts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("docs.jsonl").write_text(json.dumps({"text": f"Listed: {rows[0]['problem']} Also more."}) + "\n")
    given = f"eval {tiny_model} --tasks chat_simpleqa --data chat_simpleqa=facts.jsonl --corpus docs.jsonl --out out"
    hornbook.main(given.split(), standalone_mode=False)
    scores = {score["name"]: score for score in read_json(Path("out/scores.json"))["scores"]}
    right = scores["benchmark:chat_simpleqa correct"]
    assert (right["mean"], right["in_training"], right["without_them"]) == (0.5, 1, 0.4)
    assert "without them" in capsys.readouterr().out

"""Judges: verdicts by rules and by a model, and how far gold verdicts say that they can be believed."""

import json
from pathlib import Path

import pytest

from hornbook.base.errors import HornbookError
from hornbook.evaluation.judges import Case, Gold, Judges, agreement, read_gold, read_verdict
from hornbook.oracles.settings import OracleSettings
from hornbook.teacher.settings import TeacherSettings
from tests.oracles.test_llm_judge import serving
from tests.teacher.mock_server import Body

VERDICTS = [
    ("It says so.\nVerdict: correct", "correct"),
    ("**Verdict: not attempted**", "not attempted"),
    ("verdict: WRONG.", "wrong"),
    ("Verdict: right", None),
    ("Verdict: correct\nPerhaps", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "expected"), VERDICTS)
def test_a_verdict_stands_alone_in_the_last_line(text: str, expected: str | None) -> None:
    assert read_verdict(text) == expected


AGREEMENTS = [  # verdicts, gold ones, share, kappa, usable
    (["correct", "wrong"] * 5, ["correct", "wrong"] * 5, 1.0, 1.0, True),
    (["wrong"] * 10, ["wrong"] * 8 + ["correct"] * 2, 0.8, 0.0, True),
    (["correct", None] * 5, ["correct"] * 10, 0.5, 0.0, False),
    (["wrong", "correct"] * 5, ["correct", "wrong"] * 5, 0.0, -1.0, False),
]


@pytest.mark.parametrize(("given", "gold", "share", "kappa", "usable"), AGREEMENTS)
def test_agreement_with_gold(given: list, gold: list[str], share: float, kappa: float, usable: bool) -> None:
    found = agreement("x", given, gold)
    assert (found.share, found.usable, found.n) == (share, usable, 10)
    assert found.kappa == pytest.approx(kappa)
    assert found.low <= share <= found.high + 1e-9


def grader(body: Body) -> str:
    reply = body["messages"][-1]["content"].split("<reply>")[1].split("</reply>")[0]
    return "Verdict: correct" if "Goethe" in reply else "?" if "vague" in reply else "Verdict: not attempted"


def test_a_model_and_an_oracle_are_judges_alike(tmp_path: Path) -> None:
    cases = [Case("Who wrote Faust?", "Goethe", reply) for reply in ("Goethe", "I do not know.")]
    with serving(grader) as server:
        settings = OracleSettings(teacher=TeacherSettings(url=server.url, model="judge-1"))
        with Judges(settings, tmp_path) as judges:
            assert judges.model
            for judge in (judges.model, judges.named("trivia")):
                assert judge.verdicts(cases) == ["correct", "not attempted"]
            assert judges.model.verdicts([Case("?", "Goethe", "vague")]) == [None]
            assert (judges.model.name, judges.named("trivia").name) == ("model judge-1", "trivia")
            assert len(server.requests) == 5  # the last one was asked three times


def test_without_a_teacher_there_is_no_model(tmp_path: Path) -> None:
    with Judges(OracleSettings(), tmp_path) as judges:
        assert judges.model is None


GOLD = {"question": "Who?", "reference": "Goethe", "reply": "Goethe", "verdict": "correct"}
BAD_GOLD = [
    ([], "no gold verdicts"),
    ([GOLD, {**GOLD, "verdict": "fine"}], r"gold.jsonl:2: verdict 'fine'; expected correct, wrong, not attempted"),
    ([{"question": "Who?"}], r"gold.jsonl:1: no text in column 'reference'"),
]


@pytest.mark.parametrize(("rows", "said"), BAD_GOLD)
def test_gold_that_cannot_be_used_is_one_line(tmp_path: Path, rows: list, said: str) -> None:
    file = tmp_path / "gold.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(HornbookError, match=said):
        read_gold(file)


def test_gold_is_read(tmp_path: Path) -> None:
    file = tmp_path / "gold.jsonl"
    file.write_text(json.dumps(GOLD) + "\n")
    assert read_gold(file) == Gold([Case("Who?", "Goethe", "Goethe")], ["correct"])
    with pytest.raises(HornbookError, match="no such file"):
        read_gold(tmp_path / "other.jsonl")

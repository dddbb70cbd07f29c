"""What a user relies on: rows in the forms that people have become questions, and bad ones are named, not searched."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_records
from hornbook.base.records import Question
from hornbook.oracles.isolated import Oracles
from hornbook.oracles.load_questions import load_questions
from hornbook.oracles.score import is_right

GYM = {"question": "3 + 4 =", "answer": "7", "metadata": {"source_dataset": "chain_sum"}}


@pytest.fixture(scope="module")
def oracles() -> Iterator[Oracles]:
    with Oracles() as opened:
        yield opened


def load(
    oracles: Oracles, folder: Path, *rows: Any, oracle: str = "", fallback: bool = True
) -> tuple[list[Question], list[str]]:
    """The questions of these rows, and what was said of the rows that are none."""
    file = folder / "mine.jsonl"
    good = [{"question": "fallback", "answer": "1"}] if fallback else []
    file.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in [*rows, *good]))
    rejects: list[str] = []
    found = load_questions([file], oracles, lambda where, reason: rejects.append(f"{where}: {reason}"), oracle=oracle)
    return [question for question in found if question.prompt != "fallback"], rejects


@pytest.mark.parametrize(
    ("row", "oracle", "right"),
    [
        ({"question": "3 and 4?", "answer": "3 + 4 = 7\n#### 7"}, "number", "Answer: 7"),
        ({"problem": "Half?", "solution": "It is $\\boxed{\\frac{1}{2}}$."}, "math", "Answer: 0.5"),
        ({"prompt": "Who?", "target": "Ada"}, "exact", "ada"),
        ({"prompt": "How many?", "answer": 7}, "number", "7"),
        ({"question": "?", "choices": ["Oslo", "Paris"], "answer": 1}, "choice", "Paris"),
        ({"question": "?", "choices": ["Oslo", "Paris"], "answer": "B"}, "choice", "Paris"),
        ({"question": "?", "choices": ["Oslo", "Paris"], "answer": "paris"}, "choice", "B"),
        ({"question": "?", "choices": ["3", "4"], "answer": 4}, "choice", "B"),
        (GYM, "reasoning-gym", "Answer: 7"),
        ({"prompt": "3 + 4 =", "entry": GYM}, "reasoning-gym", "Answer: 7"),
        ({"prompt": "Add.", "tests": ["assert f(1) == 2"]}, "code", "def f(x): return x + 1"),
        (
            {"prompt": "def f(x):\n", "test": "def check(f):\n    assert f(1) == 2", "entry_point": "f"},
            "code",
            "    return x + 1",
        ),
        ({"prompt": "Near?", "answer": "7", "oracle": "math", "metadata": {"level": 3}}, "math", "14/2"),
    ],
)
def test_the_forms_people_have(oracles: Oracles, tmp_path: Path, row: dict[str, Any], oracle: str, right: str) -> None:
    (question,), rejects = load(oracles, tmp_path, row)
    assert question.oracle == oracle and not rejects
    assert is_right(question, right) and not is_right(question, "Answer: 12345")
    assert load(oracles, tmp_path, row)[0] == [question]  # its id comes from its content


def test_a_worked_solution_is_kept_and_choices_are_shown(oracles: Oracles, tmp_path: Path) -> None:
    rows = [
        {"question": "3 and 4?", "answer": "3 + 4 = 7\n#### 7"},
        {"question": "Where?", "choices": ["Oslo", "Rome"], "answer": "A"},
        {"question": "Which?\n(A) Oslo\n(B) Rome", "choices": ["Oslo", "Rome"], "answer": "A"},
    ]
    (worked, shown, asis), _ = load(oracles, tmp_path, *rows)
    assert worked.solution == "3 + 4 = 7"
    assert shown.prompt == "Where?\nA) Oslo\nB) Rome" and asis.prompt == rows[2]["question"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("{bad", "corrupt line"),
        ("[1]", "corrupt line"),
        ({"answer": "7"}, "no question"),
        ({"prompt": {"a": "7"}}, "prompt: expected a text, got dict"),
        ({"prompt": "?"}, "no answer: expected one of answer"),
        ({"prompt": "?", "answer": "many", "oracle": "number"}, "holds no number"),
        ({"prompt": "?", "answer": "see below", "oracle": "math"}, "not mathematics that math-verify can parse"),
        ({"prompt": "?", "answer": "Bonn", "choices": ["Oslo", "Rome"]}, "none of the 2 choices"),
        ({"prompt": "?", "answer": 2, "choices": ["Oslo", "Rome"]}, "index 2 of 2 choices"),
        ({**GYM, "metadata": {"source_dataset": "chain_some"}}, "no task 'chain_some'"),
        ({"prompt": "?", "tests": ["assert ("]}, "test 1 is not Python"),
        ({"prompt": "?", "tests": {"a": 1}}, "tests: expected"),
        ({"prompt": "?", "answer": "x", "oracle": "exakt"}, "did you mean 'exact'"),
        ({"prompt": "?", "answer": "x", "entry": "{"}, "entry: expected a JSON object"),
    ],
)
def test_a_question_no_oracle_could_judge_is_set_aside(oracles: Oracles, tmp_path: Path, row: Any, reason: str) -> None:
    questions, rejects = load(oracles, tmp_path, row)
    assert not questions and len(rejects) == 1
    assert rejects[0].startswith(f"{tmp_path / 'mine.jsonl'}:1: ") and reason in rejects[0] and "\n" not in rejects[0]
    with pytest.raises(HornbookError) as caught:
        load(oracles, tmp_path, row, fallback=False)
    assert str(caught.value) == rejects[0]


def test_one_oracle_for_all(oracles: Oracles, tmp_path: Path) -> None:
    rows = [{"question": "?", "answer": "7"}, {"question": "!", "answer": "8", "oracle": "number"}]
    questions, _ = load(oracles, tmp_path, *rows, oracle="fuzzy")
    assert [question.oracle for question in questions] == ["fuzzy", "fuzzy"]
    with pytest.raises(HornbookError, match="did you mean 'fuzzy'"):
        load(oracles, tmp_path, *rows, oracle="fuzzi")


def test_equal_questions_count_once_and_two_of_one_id_are_two(oracles: Oracles, tmp_path: Path) -> None:
    first, other = {"id": "a", "prompt": "?", "answer": "7"}, {"id": "a", "prompt": "!", "answer": "7"}
    questions, rejects = load(oracles, tmp_path, first, first, other)
    assert [question.prompt for question in questions] == ["?", "!"] and not rejects
    assert len({question.id for question in questions}) == 2


def test_records_of_ours_come_back_as_they_were(oracles: Oracles, tmp_path: Path) -> None:
    entry = json.dumps({"question": "3 + 4 =", "metadata": {"source_dataset": "chain_sum"}, "answer": "7"}, indent=1)
    records = [
        Question(id="q-1", parents=["p"], calls=["c"], task="t", prompt="?", oracle="trivia", solution="worked"),
        Question(id="q-2", task="t", prompt="?", answer="Oslo", oracle="choice", choices=["Oslo", "Rome"]),
        Question(id="q-3", task="chain_sum", prompt="?", answer="7", oracle="reasoning-gym", entry=entry),
    ]
    write_records(tmp_path / "questions.parquet", Question, records)
    (tmp_path / "again.jsonl").write_text('{"question": "?", "answer": "1"}')
    loaded = load_questions([tmp_path, tmp_path / "again.jsonl"], oracles, lambda *_: None)
    assert loaded[:3] == records and len(loaded) == 4


def test_parquet_of_a_user(oracles: Oracles, tmp_path: Path) -> None:
    table = pa.table({"question": ["a?", "b?"], "answer": ["1", None], "choices": [None, None]})
    pq.write_table(table, tmp_path / "mine.parquet")
    rejects: list[str] = []
    (question,) = load_questions([tmp_path / "mine.parquet"], oracles, lambda where, _: rejects.append(where))
    assert question.prompt == "a?" and rejects == [f"{tmp_path / 'mine.parquet'}:2"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.jsonl", None, "no such file"),
        ("mine.csv", b"a,b", "no questions"),
        ("mine.parquet", b"PAR1", "unreadable file"),
        ("empty.jsonl", b"\n\n", "no questions"),
    ],
)
def test_a_file_that_cannot_be_read(
    oracles: Oracles, tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(HornbookError, match=message):
        load_questions([tmp_path / name], oracles, lambda *_: None)

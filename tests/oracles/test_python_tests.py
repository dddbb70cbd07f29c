"""Rows as others write them, what is said of a failure, and tests that judge nothing."""

import json
import re
from typing import Any

import pytest

from hornbook.base.records import Question
from hornbook.oracles.code import results_of, score_code
from hornbook.oracles.judgement import Judgement
from hornbook.oracles.parse_question import parse_question
from hornbook.oracles.settings import OracleSettings
from tests.oracles.programs import entries

FORMS = dict(entries("forms.txt"))


@pytest.mark.parametrize("form", FORMS)
def test_rows_as_others_write_them(form: str) -> None:
    row = {"solution": "?", **FORMS[form]}
    replies = [f"```python\n{row.pop(name)}\n```" for name in ("right", "wrong")]
    question = parse_question(row, "")
    assert [score_code(question, reply, OracleSettings()).outcome for reply in replies] == ["correct", "wrong"]


REASONS = [  # a program and a test, and what is said of the failure
    ("def f(): return 2", "assert f() == 1, 'not one'", "test 1 of 1: AssertionError: not one"),
    ("def g(): return 2", "assert f() == 1", "NameError: name 'f' is not defined"),
    ("def f(): return 1 / 0", "assert f() == 1", "ZeroDivisionError: division by zero"),
    ("def f(:", "assert f() == 1", "SyntaxError"),
    ("raise KeyError('x')\ndef f(): return 1", "assert f() == 1", "KeyError: 'x'"),
    ("import os\ndef f(): os._exit(3)", "assert f() == 1", r"the program ended before its tests did \(exit code 3\)"),
    ("import ctypes\ndef f(): ctypes.string_at(0)", "assert f() == 1", r"ended before its tests did \(killed\)"),
    ("def f(): return [0] * 10**9", "assert f() == 1", "more than 256 MB of memory"),
    ("def f():\n    while True: pass", "assert f() == 1", "not finished within 1.5 s"),
    (
        "import sys\ndef f(): sys.exit(0)",
        "try:\n    f()\nexcept BaseException:\n    pass\nassert 1 == 1",
        "ended before",
    ),
]


@pytest.mark.parametrize(("program", "test", "said"), REASONS)
def test_why_a_program_failed(program: str, test: str, said: str) -> None:
    judgement = judged(program, [test], OracleSettings(seconds=1.5, memory_mb=256))
    assert judgement.outcome == "wrong" and re.search(said, judgement.reason), judgement.reason


UNUSED = [
    ["assert 1 == 1"],
    ["assert 1 == 2"],
    ["f\nassert 1 == 1"],
    ["import math\nassert math.pi > 3"],
    ["if False:\n    assert f() == 1"],
]


@pytest.mark.parametrize("tests", UNUSED)
def test_tests_that_never_use_the_program_judge_nothing(tests: list[str]) -> None:
    with pytest.raises(ValueError, match="never use the program"):
        judged("def f():\n    return 1", tests)


def test_all_tests_are_told_of_one_by_one() -> None:
    tests = ["assert f(1) == 1", "assert f(2) == 0", "assert f(3) == 3", "assert f(4) == 4"]
    program = "import os\ndef f(x):\n    return os._exit(0) if x == 4 else x"
    found = results_of(program, tests, 5)
    assert [not reason for reason in found] == [True, False, True, False] and "ended" in found[3]


def judged(program: str, tests: list[Any], limits: OracleSettings | None = None) -> Judgement:
    question = Question(id="q", task="code", prompt="?", oracle="code", entry=json.dumps({"tests": tests}))
    return score_code(question, f"```python\n{program}\n```", limits or OracleSettings())

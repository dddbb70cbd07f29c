"""A program cannot forge its verdict, and none that is right is taken for one that tries."""

import msgspec
import pytest

from hornbook.base.records import Question
from hornbook.oracles.code import score_code
from hornbook.oracles.judgement import Judgement
from hornbook.oracles.parse_question import parse_question
from hornbook.oracles.settings import OracleSettings
from tests.oracles.honest_programs import HONEST, Honest
from tests.oracles.hostile_programs import HOSTILE, QUESTIONS, Hostile

HASTY = OracleSettings(seconds=1, memory_mb=256)


def judged(name: str, program: str) -> Judgement:
    row = {field: value for field, value in QUESTIONS[name].items() if field != "right"}
    question = parse_question(row, "")
    assert question.oracle == "code"
    return score_code(question, f"```python\n{program}\n```", HASTY)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_right_program_passes(name: str) -> None:
    assert judged(name, QUESTIONS[name]["right"]).outcome == "correct"


@pytest.mark.parametrize("hostile", HOSTILE, ids=[hostile.trick for hostile in HOSTILE])
def test_a_hostile_program_fails(hostile: Hostile) -> None:
    for name in hostile.questions:
        function = QUESTIONS[name]["right"].split("def ")[1].split("(")[0]
        assert judged(name, hostile.program.replace("NAME", function)).outcome in ("wrong", "not attempted"), name


@pytest.mark.parametrize("honest", HONEST, ids=[honest.what for honest in HONEST])
def test_an_honest_program_passes(honest: Honest) -> None:
    entry = msgspec.json.encode(honest.entry).decode()
    question = Question(id="q", task="code", prompt="?", oracle="code", entry=entry)
    judgement = score_code(question, f"```python\n{honest.program}\n```", OracleSettings())
    assert judgement.outcome == "correct", judgement.reason

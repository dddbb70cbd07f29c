"""Tests for an existing function: they pass on it, and fail on a variant with a mistake (report §2.2, D).

Failing tests go back to the teacher with what the function really gave.
"""

import ast

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, example
from hornbook.synthetic.kinds.code._code import SHOWN_CODE, case_lines, fenced, program, turns
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.programs.behaviour import Program
from hornbook.synthetic.programs.mutants import broken_variants, from_breakable
from hornbook.synthetic.programs.running import run_assertions, run_calls

TASK = "Write assert tests for the Python function, one a line. Test usual and special inputs."
SHOWN_CASES = "count_even([1, 2, 4]) -> 2\ncount_even([]) -> 0"
SHOWN_TESTS = "assert count_even([1, 2, 4]) == 2\nassert count_even([]) == 0\nassert count_even([7]) == 0"


class CodeTestsSettings(KindSettings):
    """Tests that a function passes and a broken one does not."""

    temperature: float = setting(0.4, "sampling temperature", ge=0)
    max_tokens: int = setting(160, "longest set of tests, in tokens", ge=1)
    repairs: int = setting(2, "times that failing tests go back to the teacher", ge=0)
    min_tests: int = setting(2, "least tests", ge=1)


async def make(passage: Passage, ask: RecordContext, settings: CodeTestsSettings) -> list[Made]:
    function = await program(passage, ask)
    prompt = [*example(asked(SHOWN_CODE, SHOWN_CASES), fenced(SHOWN_TESTS))]
    prompt += [Message("user", asked(function.code, case_lines(function.cases[:2])))]
    passing: list[str] = []
    stage = "write"
    for _ in range(1 + settings.repairs):
        answer = await ask(stage, prompt)
        written = asserts(answer.text, function.name)
        verdicts = await ask.compute(judge, function, written)
        passing = list(dict.fromkeys(passing + [test for test, said in verdicts.items() if not said]))
        failing = {test: said for test, said in verdicts.items() if said}
        if len(passing) >= settings.min_tests and not failing:
            break
        prompt = [*prompt, Message("assistant", answer.text[:600] or "-"), Message("user", repair(failing))]
        stage = "repair"
    return [await ask.compute(check, function, passing, settings)]


def asked(code: str, cases: str) -> str:
    return f"{fenced(code)}\n\nTwo calls and what they give:\n{cases}\n\n{TASK}"


def asserts(answer: str, name: str) -> list[str]:
    """The answer's assert lines about the function that parse, each once."""
    found = []
    for line in answer.splitlines():
        test = line.strip().strip("`").split("  #")[0].strip()
        if test.startswith("assert ") and f"{name}(" in test:
            try:
                (statement,) = ast.parse(test).body
            except (SyntaxError, ValueError):
                continue
            if isinstance(statement, ast.Assert) and not isinstance(statement.test, ast.Constant | ast.Tuple):
                found.append(ast.unparse(statement))
    return list(dict.fromkeys(found))[:10]


def judge(function: Program, tests: list[str]) -> dict[str, str]:
    """Each test → "" if the function passes it, else what went wrong, with the value it really gives."""
    if not tests:
        return {}
    (results,) = run_assertions([function.code], tests)
    return {
        test: result.error and explained(function, test, result.error)
        for test, result in zip(tests, results, strict=True)
    }


def explained(function: Program, test: str, error: str) -> str:
    statement = ast.parse(test).body[0]
    assert isinstance(statement, ast.Assert)
    call = next(
        (
            node
            for node in ast.walk(statement.test)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == function.name
        ),
        None,
    )
    if call is None or call.keywords:
        return error
    arguments = ast.unparse(ast.Tuple([*call.args], ast.Load()))
    ((result,),) = run_calls([function.code], function.name, [arguments])
    return f"{ast.unparse(call)} gives {result.value}" if result.value else f"{ast.unparse(call)} raises {result.error}"


def repair(failing: dict[str, str]) -> str:
    """What the teacher is told to mend."""
    if not failing:
        return "Write more tests, with other inputs."
    listed = "\n".join(f"{test}  # fails: {said}" for test, said in list(failing.items())[:4])
    return f"These tests fail:\n{listed}\nWrite them again so that they pass."


def check(function: Program, tests: list[str], settings: CodeTestsSettings) -> Made:
    """Enough tests that pass, and at least one broken variant that they catch. The grade is the share they catch."""
    checks = Checks()
    checks.require("runs", True)
    checks.require("passes", len(tests) >= settings.min_tests, f"{len(tests)} tests pass")
    variants = broken_variants(function.code)
    runs = run_assertions([variant.mutant.code for variant in variants], tests)
    caught = sum(any(result.error for result in results) for results in runs)
    checks.require("fails on a broken variant", caught > 0, f"none of {len(variants)} caught")
    answer = fenced("\n".join(tests))
    grade = round(caught / len(variants), 4)
    return Made(checks.passed, messages=turns(f"{TASK}\n\n{fenced(function.code)}", answer), grade=grade)


KIND = Kind(
    about="Tests for an existing function that pass on it and fail on a variant with a mistake; repaired on failure.",
    source="code",
    report="2.2, D",
    seeded_by="functions that run, with broken variants",
    seeds=from_breakable,
    make=make,
    stages=("write", "repair"),
    checks=("runs", "passes", "fails on a broken variant"),
    calls=lambda settings: 1 + settings.repairs,
    settings=CodeTestsSettings,
)

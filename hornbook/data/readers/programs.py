"""Rows of programming contests → questions with tests: APPS and TACO, LiveCodeBench, CodeContests."""

import json
from typing import Any

from hornbook.data.readers.fields import Row, loaded


def apps(row: Row) -> Row:
    """`input_output` has inputs and outputs, and maybe the name of the function to call."""
    cases = loaded(row["input_output"])
    if not isinstance(cases, dict) or not cases.get("inputs"):
        raise ValueError("no tests: input_output is empty")
    name = cases.get("fn_name")
    pairs = list(zip(cases["inputs"], cases["outputs"], strict=False))
    starter = str(row.get("starter_code") or "")
    if name:
        tests: list[Any] = [_call_test(name, given, wanted, starter) for given, wanted in pairs]
    else:
        tests = [{"input": _lines(given), "output": _lines(wanted)} for given, wanted in pairs]
    solutions = loaded(row.get("solutions"))
    solution = solutions[0] if isinstance(solutions, list) and solutions else ""
    return _asked(row, row["question"], starter) | {"tests": tests, "solution": solution}


def livecodebench(row: Row) -> Row:
    """The public tests, and the private ones if they are plain JSON; pickled ones are never loaded."""
    cases = [*_cases(row["public_test_cases"]), *_cases(row.get("private_test_cases"))]
    if not cases:
        raise ValueError("no tests: public_test_cases is empty")
    starter = str(row.get("starter_code") or "")
    metadata = loaded(row.get("metadata"))
    name = metadata.get("func_name") if isinstance(metadata, dict) else None
    tests: list[Any] = []
    for case in cases:
        if case.get("testtype") == "functional" and name:
            arguments = [json.loads(line) for line in str(case["input"]).split("\n") if line.strip()]
            tests.append(_call_test(name, arguments, json.loads(case["output"]), starter))
        else:
            tests.append({"input": str(case["input"]), "output": str(case["output"])})
    return _asked(row, row["question_content"], starter) | {"tests": tests}


def codecontests(row: Row) -> Row:
    """Public and private tests, without the generated ones, which are many and less reliable."""
    cases: list[Any] = []
    for name in ("public_tests", "private_tests"):
        tests = loaded(row.get(name)) or {}
        pairs = zip(tests.get("input") or [], tests.get("output") or [], strict=True)
        cases += [{"input": given, "output": wanted} for given, wanted in pairs]
    if not cases:
        raise ValueError("no tests: public_tests is empty")
    return _asked(row, row["description"], "") | {"tests": cases, "solution": ""}


def _asked(row: Row, question: str, starter: str) -> Row:
    kept = {name: value for name, value in row.items() if name not in ("metadata", "answer", "output", "input")}
    return kept | {"question": f"{question.rstrip()}\n\n{starter}" if starter.strip() else question}


def _cases(value: Any) -> list[Row]:
    cases = loaded(value)
    return [case for case in cases if isinstance(case, dict) and "input" in case] if isinstance(cases, list) else []


def _call_test(name: str, arguments: Any, wanted: Any, starter: str) -> str:
    """A test that calls a function, or a method of `Solution`, with values from JSON."""
    called = f"Solution().{name}" if "class Solution" in starter else name
    given = ", ".join(map(repr, arguments if isinstance(arguments, list) else [arguments]))
    accepted = [wanted, wanted[0]] if isinstance(wanted, list) and len(wanted) == 1 else [wanted]  # APPS wraps some
    return (
        f"assert {called}({given}) in {accepted!r}" if len(accepted) > 1 else f"assert {called}({given}) == {wanted!r}"
    )


def _lines(value: Any) -> str:
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)

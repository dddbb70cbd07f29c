"""Test suites as a teacher writes them: functions `test_...`, classes of `unittest`, or plain assertions; run against
programs in the sandbox."""

import ast
import re
from collections.abc import Sequence

import msgspec

from hornbook.oracles.extract_code import parse_program
from hornbook.synthetic.programs.running import PRELUDE, CallResult, run_calls

# Stands behind program and suite. A failed assertion is told by its line; where the line's text is, is known outside.
_RUN_TEST = """
def _run_test(number):
    import traceback
    try:
        _TESTS[number]()
    except AssertionError as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "program.py"]
        raise AssertionError(f"line {lines[-1]}: {error}") from None
"""
LINE = re.compile(r"^AssertionError: line (\d+)")


class Suite(msgspec.Struct, frozen=True):
    """The tests of a module: how each is called, the code that is run, and whether it defines the tested function."""

    tests: list[str]
    code: str
    redefines: bool


def read_suite(code: str, tested: str) -> Suite | None:
    """The tests in the code; None if it is no Python. Plain assertions become tests of their own, and an import of the
    tested function is left out: it stands in the same program."""
    tree = parse_program(code)
    if tree is None:
        return None
    body: list[ast.stmt] = []
    tests: list[str] = []
    redefines = False
    for node in tree.body:
        imported = isinstance(node, ast.ImportFrom) and any(alias.name == tested for alias in node.names)
        starts = isinstance(node, ast.If) and "__main__" in ast.unparse(node.test)
        if isinstance(node, ast.FunctionDef) and node.name == tested:
            redefines = True
        elif isinstance(node, ast.Assert):
            if not isinstance(node.test, ast.Constant | ast.Tuple):  # which hold whatever the function does
                tests.append(f"test_line_{node.lineno}")
                body += ast.parse(f"def {tests[-1]}():\n    {ast.unparse(node)}").body
        elif not imported and not starts:
            body.append(node)
            tests += _tests_in(node)
    return Suite(tests, ast.unparse(ast.Module(body, [])), redefines)


def run_suite(programs: Sequence[str], suite: Suite) -> list[list[CallResult]]:
    """The result of each test against each program: "passed", or the line that fails and what the error is.

    Raises HornbookError where there is no sandbox.
    """
    tail = f"\n\n{suite.code}\n\n_TESTS = [{', '.join(suite.tests)}]\n{_RUN_TEST}"
    whole = [program + tail for program in programs]
    runs = run_calls(whole, "_run_test", [f"({number},)" for number in range(len(suite.tests))])
    return [
        [CallResult("", _with_line(result.error, code)) if result.error else CallResult("passed") for result in results]
        for code, results in zip(whole, runs, strict=True)
    ]


def _tests_in(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef):
        return [node.name] if node.name.startswith("test") and not node.args.args else []
    if isinstance(node, ast.ClassDef):
        methods = [one.name for one in node.body if isinstance(one, ast.FunctionDef)]
        return [f"{node.name}({name!r}).debug" for name in methods if name.startswith("test")]
    return []


def _with_line(error: str, program: str) -> str:
    found = LINE.match(error)
    if not found:
        return error
    line = (PRELUDE + program).split("\n")[int(found[1]) - 1].strip()
    return f"{line}  # fails{error[found.end() :].rstrip(': ')}"

"""Programs against tests, in the sandbox: assert lines (MBPP, HumanEval) or cases of standard input and output."""

import re
from typing import Any

import msgspec

from hornbook.base.errors import one_line
from hornbook.base.records import Question
from hornbook.oracles.entry import entry_of
from hornbook.oracles.judgement import Judgement, correct, wrong
from hornbook.oracles.settings import OracleSettings
from hornbook.sandbox.python import Outcome, run_python

_BLOCK = re.compile(r"^[ \t]*```[ \t]*([\w+-]*)[^\n]*\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE)
_PASSED = "all tests passed"

# What is tested and what tests it come through standard input, and only here is known what proves success: a program
# that prints, raises SystemExit or ends the process does not pass. The program is not __main__: its demonstration
# below `if __name__ == "__main__"` does not run.
_RUN_TESTS = """\
def main():
    import json, sys
    prove = sys.stdout.write
    prefix, solution, tests, proof = json.load(sys.stdin)
    names = {"__name__": "solution"}
    try:
        try:
            program = compile(prefix + solution, "solution.py", "exec")
        except SyntaxError:  # it does not go on from the header, but begins with its own
            program = compile(solution, "solution.py", "exec")
        exec(program, names)
        for number, test in enumerate(tests, 1):
            try:
                exec(compile(test, f"test {number}", "exec"), names)
            except Exception as error:
                raise SystemExit(f"test {number} of {len(tests)}: {type(error).__name__}: {str(error)[:200]}")
    except Exception as error:
        if isinstance(error, MemoryError):
            raise
        raise SystemExit(f"{type(error).__name__}: {str(error)[:200]}")
    prove("\\n" + proof)
main()
"""


class Case(msgspec.Struct, frozen=True):
    """A run of the program: what it reads and what it must print."""

    input: str
    output: str


def score_code(question: Question, completion: str, settings: OracleSettings) -> Judgement:
    """Right when the completion's program passes every test of the question.

    The entry's `tests` are Python texts, run one after another in the program's namespace, or {"input", "output"}
    cases, whose output is compared line by line but for spaces at the end. Its `prefix` is the header that a completion
    may go on from. All tests together have the settings' seconds, or each case.
    Raises HornbookError where there is no sandbox, ValueError for a question without tests that can be run.
    """
    entry = entry_of(question)
    tests = tests_of(entry)
    program, prefix = code_in(completion), str(entry.get("prefix", ""))
    asserts = [test for test in tests if isinstance(test, str)]
    cases = [test for test in tests if isinstance(test, Case)]
    reason = _run_asserts(prefix, program, asserts, settings) if asserts else ""
    for number, case in enumerate(cases, 1):
        reason = reason or _run_case(program, case, f"case {number} of {len(cases)}", settings)
    return wrong(reason, program) if reason else correct(program)


def tests_of(entry: dict[str, Any]) -> list[str | Case]:
    """The tests in a question's entry. Raises ValueError when there are none or one cannot be run."""
    try:
        tests = msgspec.convert(entry.get("tests", []), list[str | Case])
    except msgspec.ValidationError:
        raise ValueError('tests: expected Python texts or {"input": ..., "output": ...} cases') from None
    if not tests:
        raise ValueError("the question has no tests")
    for number, test in enumerate(tests, 1):
        try:
            compile(test if isinstance(test, str) else "", "test", "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            raise ValueError(f"test {number} is not Python: {one_line(error)}") from None
    return tests


def code_in(completion: str) -> str:
    """The last block fenced as Python, else the last fenced without a language, else the whole completion."""
    blocks = [(language.lower(), body) for language, body in _BLOCK.findall(completion)]
    for wanted in (("python", "py", "python3"), ("",)):
        bodies = [body for language, body in blocks if language in wanted]
        if bodies:
            return bodies[-1]
    return completion


def _run_asserts(prefix: str, program: str, tests: list[str], settings: OracleSettings) -> str:
    """Why the program failed; "" when it passed."""
    given = msgspec.json.encode([prefix, program, tests, _PASSED]).decode()
    outcome = run_python(_RUN_TESTS, stdin=given, seconds=settings.seconds, memory_mb=settings.memory_mb)
    if outcome.exit_code == 0:
        return "" if outcome.stdout.endswith("\n" + _PASSED) else "the program ended before its tests did"
    return _ended(outcome, settings)


def _run_case(program: str, case: Case, name: str, settings: OracleSettings) -> str:
    outcome = run_python(program, stdin=case.input, seconds=settings.seconds, memory_mb=settings.memory_mb)
    if outcome.exit_code != 0:
        return f"{name}: {_ended(outcome, settings)}"
    given, wanted = _lines(outcome.stdout), _lines(case.output)
    if given == wanted:
        return ""
    return f"{name}: printed {' / '.join(given)[:80]!r}, expected {' / '.join(wanted)[:80]!r}"


def _ended(outcome: Outcome, settings: OracleSettings) -> str:
    said = outcome.stderr.strip().splitlines()
    return {
        "timeout": f"not finished within {settings.seconds:g} s",
        "memory": f"more than {settings.memory_mb} MB of memory",
        "output": "endless output",
        "killed": f"killed by signal {outcome.exit_code - 128}",
    }.get(outcome.reason, said[-1][:200] if said else f"exit code {outcome.exit_code}")


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]

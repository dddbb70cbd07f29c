"""Programs against tests, in the sandbox: assert lines (MBPP, HumanEval) or cases of standard input and output."""

import re
from functools import lru_cache
from typing import Any

import msgspec

from hornbook.base.records import Question
from hornbook.oracles.entry import entry_of
from hornbook.oracles.judgement import Judgement, correct, not_attempted, wrong
from hornbook.oracles.python_tests import run_tests
from hornbook.oracles.settings import OracleSettings
from hornbook.oracles.tested import Tested, tested
from hornbook.sandbox.process import Limits, Outcome
from hornbook.sandbox.python import run_python

_BLOCK = re.compile(r"^[ \t]*```[ \t]*([\w+-]*)[^\n]*\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE)


class Case(msgspec.Struct, frozen=True):
    """A run of the program: what it reads and what it must print."""

    input: str
    output: str


class Tests(msgspec.Struct, frozen=True):
    """What a program is judged by: texts that use what it defines, after a set-up, and cases of input and output."""

    texts: Tested
    setup: list[str]
    cases: list[Case]
    prefix: str


def score_code(question: Question, reply: str, settings: OracleSettings) -> Judgement:
    """Right when the reply's program passes every test of the question.

    The entry's `tests` are Python texts, run one after another with what the program defines, or {"input", "output"}
    cases, whose output is compared line by line but for spaces at the end. Its `setup` runs before the tests; its
    `prefix` is the header that a reply may go on from; `entry_point` names the function that is tested.
    All tests together have the settings' seconds, or each case.
    Raises HornbookError where there is no sandbox, ValueError for a question without tests that can be run.
    """
    tests = tests_of(entry_of(question))
    if not reply.strip():
        return not_attempted()
    program = code_in(reply)
    whole = _with_prefix(tests.prefix, program)
    limits = Limits(settings.seconds, settings.memory_mb)
    reason = ""
    if tests.texts.tests:
        verdict = run_tests(whole, tests.texts, tests.setup, limits)
        if verdict.unused:
            raise ValueError("the tests never use the program")
        reason = verdict.failed
    for number, case in enumerate(tests.cases, 1):
        reason = reason or _run_case(whole, case, f"case {number} of {len(tests.cases)}", settings)
    return wrong(reason, program) if reason else correct(program)


def tests_of(entry: dict[str, Any]) -> Tests:
    """The tests in a question's entry. Raises ValueError when there are none, or one that cannot be run."""
    try:
        tests = msgspec.convert(entry.get("tests", []), list[str | Case])
        setup = msgspec.convert(entry.get("setup", []), list[str])
    except msgspec.ValidationError:
        raise ValueError('tests: expected Python texts or {"input": ..., "output": ...} cases') from None
    if not tests:
        raise ValueError("the question has no tests")
    texts = tuple(test for test in tests if isinstance(test, str))
    cases = [test for test in tests if isinstance(test, Case)]
    prefix = str(entry.get("prefix", ""))
    known = _tested(texts, tuple(setup), prefix, str(entry.get("entry_point", ""))) if texts else Tested([], [], "")
    return Tests(known, setup, cases, prefix)


@lru_cache(maxsize=256)
def _tested(texts: tuple[str, ...], setup: tuple[str, ...], prefix: str, entry_point: str) -> Tested:
    return tested(list(texts), list(setup), prefix, entry_point)


def code_in(completion: str) -> str:
    """The last block fenced as Python, else the last fenced without a language, else the whole completion."""
    blocks = [(language.lower(), body) for language, body in _BLOCK.findall(completion)]
    for wanted in (("python", "py", "python3"), ("",)):
        bodies = [body for language, body in blocks if language in wanted]
        if bodies:
            return bodies[-1]
    return completion


def _with_prefix(prefix: str, program: str) -> str:
    try:
        compile(prefix + program, "solution.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):  # it does not go on from the header, but begins with its own
        return program
    return prefix + program


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

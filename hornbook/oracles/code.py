"""The code oracle: runs programs in the sandbox against assertions (MBPP, HumanEval) or stdin/stdout cases."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

from hornbook.base.records import Question
from hornbook.oracles.compiled_tests import failed_case, failed_tests
from hornbook.oracles.extract_code import assembled, code_in
from hornbook.oracles.judgement import Judgement, correct, not_attempted, wrong
from hornbook.oracles.languages import language_named
from hornbook.oracles.python_tests import run_python_tests
from hornbook.oracles.question_entry import entry_of
from hornbook.oracles.settings import OracleSettings
from hornbook.oracles.test_analysis import NOTHING, AnalysedTests, analyse_tests
from hornbook.sandbox.process import ProcessLimits, ProcessOutcome, run_python

TOLERANCE = 1e-6  # relative or absolute, for printed numbers with a decimal point


class InputOutputCase(msgspec.Struct, frozen=True):
    """A test case: what the program reads from stdin and what it must print."""

    input: str
    output: str


class QuestionTests(msgspec.Struct, frozen=True):
    """The tests of a question: Python texts that use what the program defines, and stdin/stdout cases."""

    texts: AnalysedTests
    setup: list[str]
    cases: list[InputOutputCase]
    prefix: str


def score_code(question: Question, reply: str, settings: OracleSettings) -> Judgement:
    """Right when the reply's program passes every test of the question.

    The entry's `tests` are Python texts, run one after another with what the program defines, or {"input", "output"}
    cases (see `same_output`). Its `setup` runs before the tests; its
    `prefix` is the header that a reply may go on from; `entry_point` names the function that is tested.
    All tests together have the settings' seconds, or each case.
    Raises HornbookError where there is no sandbox, ValueError for a question without tests that can be run.
    """
    entry = entry_of(question)
    language = language_named(str(entry.get("language", "")))
    if language != "python":
        return _score_compiled(entry, language, reply, settings)
    tests = tests_of(entry)
    if not reply.strip():
        return not_attempted()
    program = code_in(reply, tests.texts.wanted)
    whole = assembled(tests.prefix, program, tests.texts.wanted)
    limits = ProcessLimits(settings.seconds, settings.memory_mb)
    reason = ""
    if tests.texts.tests:
        verdict = run_python_tests(whole, tests.texts, tests.setup, limits)
        if verdict.unused:
            raise ValueError("the tests never use the program")
        reason = verdict.failed
    for number, case in enumerate(tests.cases, 1):
        reason = reason or _run_case(whole, case, f"case {number} of {len(tests.cases)}", settings)
    return wrong(reason, program) if reason else correct(program)


def _score_compiled(entry: dict[str, Any], language: str, reply: str, settings: OracleSettings) -> Judgement:
    """As `score_code` for an entry whose `language` is not Python: each text of tests is compiled with the program, and
    cases are runs of the program compiled once."""
    tests = given_tests(entry)
    if not reply.strip():
        return not_attempted()
    program, prefix = code_in(reply, language=language), str(entry.get("prefix", ""))
    limits = ProcessLimits(settings.seconds, settings.memory_mb)
    cases = [(case.input, case.output) for case in tests if isinstance(case, InputOutputCase)]
    reason = ""
    for text in (test for test in tests if isinstance(test, str)):
        reason = reason or failed_tests(language, prefix, program, text, limits)
    if cases and not reason:
        reason = failed_case(language, prefix, program, cases, limits, same_output)
    return wrong(reason, program) if reason else correct(program)


def tests_of(entry: dict[str, Any]) -> QuestionTests:
    """The tests in a question's entry. Raises ValueError when there are none, or one that cannot be run."""
    tests = given_tests(entry)
    try:
        setup = msgspec.convert(entry.get("setup", []), list[str])
    except msgspec.ValidationError:
        raise ValueError("setup: expected a list of texts") from None
    texts = tuple(test for test in tests if isinstance(test, str))
    cases = [test for test in tests if isinstance(test, InputOutputCase)]
    prefix = str(entry.get("prefix", ""))
    known = _tested(texts, tuple(setup), prefix, str(entry.get("entry_point", ""))) if texts else NOTHING
    return QuestionTests(known, setup, cases, prefix)


def results_of(program: str, tests: Sequence[str], seconds: float) -> list[str]:
    """Why the program fails each test, "" where it passes; all tests together have `seconds`.

    Raises HornbookError where there is no sandbox.
    """
    try:
        texts = _tested(tuple(tests), (), "", "")
        verdict = run_python_tests(program, texts, [], ProcessLimits(seconds, OracleSettings().memory_mb), every=True)
    except ValueError as error:
        return [str(error)] * len(tests)
    done = verdict.reasons[: len(tests)]
    return [*done, *[verdict.failed or "the tests never use the program"] * (len(tests) - len(done))]


def given_tests(entry: dict[str, Any]) -> list[str | InputOutputCase]:
    """Raises ValueError when there are none, or one of another form."""
    try:
        tests = msgspec.convert(entry.get("tests", []), list[str | InputOutputCase])
    except msgspec.ValidationError:
        raise ValueError('tests: expected Python texts or {"input": ..., "output": ...} cases') from None
    if not tests:
        raise ValueError("the question has no tests")
    return tests


@lru_cache(maxsize=256)
def _tested(texts: tuple[str, ...], setup: tuple[str, ...], prefix: str, entry_point: str) -> AnalysedTests:
    try:
        return analyse_tests(list(texts), list(setup), prefix, entry_point)
    except RecursionError:
        raise ValueError("the tests are nested too deeply") from None


def _run_case(program: str, case: InputOutputCase, name: str, settings: OracleSettings) -> str:
    outcome = run_python(
        program, stdin=case.input.replace("\r\n", "\n"), seconds=settings.seconds, memory_mb=settings.memory_mb
    )
    if outcome.exit_code != 0:
        return f"{name}: {_ended(outcome, settings)}"
    if same_output(outcome.stdout, case.output):
        return ""
    given, wanted = (" / ".join(text.split("\n"))[:80] for text in (outcome.stdout.strip(), case.output.strip()))
    return f"{name}: printed {given!r}, expected {wanted!r}"


def same_output(given: str, wanted: str) -> bool:
    """Compare line by line and word by word, as contests do: leading and trailing blank lines and the width of spaces
    are ignored, and numbers with a decimal point may differ by TOLERANCE. Case matters."""
    lines, others = ([line.split() for line in text.strip().splitlines()] for text in (given, wanted))
    if [len(line) for line in lines] != [len(line) for line in others]:
        return False
    pairs = (
        (one, other)
        for line, wanted in zip(lines, others, strict=True)
        for one, other in zip(line, wanted, strict=True)
    )
    return all(one == other or _near(one, other) for one, other in pairs)


def _near(given: str, wanted: str) -> bool:
    if "." not in wanted and "e" not in wanted:
        return False
    try:
        return math.isclose(float(given), float(wanted), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    except ValueError:
        return False


def _ended(outcome: ProcessOutcome, settings: OracleSettings) -> str:
    said = outcome.stderr.strip().splitlines()
    return {
        "timeout": f"not finished within {settings.seconds:g} s",
        "memory": f"more than {settings.memory_mb} MB of memory",
        "output": "too much output",
        "killed": f"killed by signal {outcome.exit_code - 128}",
    }.get(outcome.reason, said[-1][:200] if said else f"exit code {outcome.exit_code}")

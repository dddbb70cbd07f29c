"""What kinds about code rely on: functions run with what fits them, mistakes that show, traces and translations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.synthetic.code_similarity import parse_function
from hornbook.synthetic.programs.behaviour import behaviour, same_behaviour, same_value
from hornbook.synthetic.programs.examples import run_examples, wrong_claims
from hornbook.synthetic.programs.inputs import MAKERS, calls, guess
from hornbook.synthetic.programs.javascript import failures, translatable
from hornbook.synthetic.programs.mutants import broken_variants, mutants
from hornbook.synthetic.programs.running import run_calls
from hornbook.synthetic.programs.sql import TABLES, QueryResult, made_up_query, run_queries, same_rows
from hornbook.synthetic.programs.suites import read_suite, run_suite
from hornbook.synthetic.programs.tracing import trace

COUNT = """def count_above(numbers, limit):
    total = 0
    for number in numbers:
        if number > limit:  # strictly
            total += 1
    return total"""
SHOUT = "def shout(text: str, times: int = 1) -> str:\n    return text.upper() + '!' * times"


def test_calls_give_values_or_say_what_went_wrong() -> None:
    code = "def f(x):\n    print('noise')\n    return [1 // x, {x}]"
    ((one, zero, text),) = run_calls([code], "f", ["(1,)", "(0,)", "('a',)"])
    assert one.value == "[1, {1}]" and one.error == ""
    assert zero.error.startswith("ZeroDivisionError") and text.error.startswith("TypeError")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("def f(x):\n    return object()", "ValueError|SyntaxError|malformed"),
        ("import time\ndef f(x):\n    return time.perf_counter_ns()", "not the same twice"),
        ("def f(x):\n    while True: pass", "does not end"),
        ("def g(x):\n    return x", "KeyError"),
        ("def f(x):\n    import os; os._exit(0)", "ended the process"),
        ("def f(x):\n    raise SystemExit", "ended the process"),
        ("def f(x)", "SyntaxError"),
    ],
)
def test_a_bad_program_fails_alone(code: str, error: str) -> None:
    good = "def f(x):\n    return x + 1"
    before, bad, after = run_calls([good, code, good], "f", ["(1,)", "(2,)"])
    assert [one.value for one in before] == [one.value for one in after] == ["2", "3"]
    assert all(any(part in one.error for part in error.split("|")) for one in bad), bad


def test_a_function_that_changes_its_argument_does_not_change_the_next_call() -> None:
    code = "def f(items):\n    items.append(1)\n    return len(items)"
    assert behaviour(code) == behaviour(code)
    ((one, two),) = run_calls([code], "f", ["([],)", "([],)"])
    assert (one.value, two.value) == ("1", "1")


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        (COUNT, ["list[int]", "int"]),
        (SHOUT, ["str", "int"]),
        ("def f(rows: list[str], found: Optional[dict] = None): return rows", ["list[str]", "dict"]),
        ("def f(q): return q.items()", ["dict"]),
        ("def f(q): return q % 3", ["int"]),
        ("def f(q): return q", [""]),
    ],
)
def test_what_a_parameter_is_shows_in_its_annotation_default_use_or_name(code: str, kinds: list[str]) -> None:
    function = parse_function(code, "")
    assert function is not None
    assert [guess(function, argument) for argument in function.args.args] == kinds


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_made_up_calls_can_be_read_back(seed: int) -> None:
    function = parse_function(COUNT, "")
    assert function is not None
    for arguments in calls(function, np.random.default_rng(seed), 5):
        assert len(eval(arguments)) == 2, arguments  # literals that were just made
    assert all(make(np.random.default_rng(seed)) == make(np.random.default_rng(seed)) for make in MAKERS.values())


def test_behaviour_is_varied_repeatable_and_told_as_calls() -> None:
    cases = behaviour(COUNT)
    assert len(cases) >= 4 and len({case.result for case in cases}) > 1
    assert all(case.call == f"count_above{case.arguments}" and isinstance(eval(case.result), int) for case in cases)
    assert same_behaviour(COUNT, "count_above", cases) == 1
    assert same_behaviour("def count_above(a, b): return sum(x > b for x in a)", "count_above", cases) == 1
    assert same_behaviour("def count_above(a, b): return sum(x >= b for x in a)", "count_above", cases) <= 1
    assert same_behaviour("def count_above(a, b): return -1", "count_above", cases) == 0


@pytest.mark.parametrize(
    "code", ["def f(x):\n    return x", "def f(x):\n    return 1", "def f(x):\n    return x.missing", "nothing", ""]
)
def test_what_does_nothing_or_does_not_run_has_no_behaviour(code: str) -> None:
    assert behaviour(code) == ()


def test_equal_values_are_the_same_whatever_their_text() -> None:
    assert same_value("1", "1.0") and same_value("{1, 2}", "{2, 1}") and not same_value("[1]", "(1,)")
    assert not same_value("", "1")


def test_a_mutant_differs_in_its_line_only_and_keeps_the_layout() -> None:
    every = mutants(COUNT)
    assert {"comparison", "operator", "off by one", "missing line"} <= {mutant.mistake for mutant in every}
    for mutant in every:
        lines, old = mutant.code.split("\n"), COUNT.split("\n")
        assert [number for number in range(len(old)) if lines[number] != old[number]] == [mutant.line - 1]
    assert any("if number >= limit:  # strictly" in mutant.code for mutant in every)


def test_a_broken_variant_is_wrong_where_it_says() -> None:
    variants = broken_variants(COUNT)
    assert variants
    for broken in variants:
        ((result,),) = run_calls([broken.mutant.code], "count_above", [broken.case.arguments])
        assert (result.value, result.error) == (broken.result, broken.error)
        assert broken.error or broken.result != broken.case.result
        assert same_behaviour(broken.mutant.code, "count_above", behaviour(COUNT)) == pytest.approx(1 - broken.failing)


def test_a_trace_tells_the_lines_and_the_new_values() -> None:
    found = trace(COUNT, "count_above", "([5, 1], 2)", 20)
    assert found is not None and found.result == "1"
    assert [(step.line, step.changed) for step in found.steps][:3] == [
        (2, {"total": "0"}),
        (3, {"number": "5"}),
        (4, {}),
    ]
    assert trace(COUNT, "count_above", "([1] * 3, 2)".replace("[1] * 3", "[1, 1, 1]"), 5) is None
    assert trace("def f(x):\n    return 1 // x", "f", "(0,)", 5) is None


def test_javascript_is_held_against_the_python_cases() -> None:
    pytest.importorskip("_quickjs")
    cases = translatable(behaviour(COUNT))
    right = "function count_above(n, l) { return n.filter(x => x > l).length; }"
    assert not any(failures(right, "count_above", cases))
    assert any(failures(right.replace(">", "<", 2), "count_above", cases))
    for broken in ("function count_above(", "function count_above() { while (true) {} }", ""):
        assert all(failures(broken, "count_above", cases))


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000))
def test_made_up_queries_run(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = TABLES[seed % len(TABLES)]
    query = made_up_query(table, rng)
    queries = [query, "SELECT nonsense", f"DELETE FROM {table.name}"]
    ((answer, none, write), (fewer, *_)) = run_queries(table.script(rng, 8), queries, copies=1)
    assert fewer.rows is not None and len(fewer.rows) <= len(answer.rows or [])
    assert answer.rows is not None and none.error and write.error
    assert same_rows(answer, answer, ordered=True) and not same_rows(answer, none, ordered=False)
    assert same_rows(QueryResult([[1], [2]]), QueryResult([[2], [1]]), False)
    assert not same_rows(QueryResult([[1], [2]]), QueryResult([[2], [1]]), True)
    assert same_rows(QueryResult([[0.1 + 0.2], [3]]), QueryResult([[0.3], [3.0]]), False)


def test_a_script_that_fails_is_the_error_of_its_queries() -> None:
    assert run_queries("CREATE TABLE", ["SELECT 1"])[0][0].error


def test_examples_and_claims_in_a_text_are_run() -> None:
    text = """It counts.

    ```python
    >>> count_above([3, 1], 2)
    1
    >>> count_above([3], 2)
    2
    >>> count_above(None, 2)
    Traceback (most recent call last):
        ...
    TypeError: 'NoneType' object is not iterable
    ```
    Thus `count_above([], 1)` returns 0, and count_above([9], 1) is 5."""
    assert [bool(one.wrong) for one in run_examples(COUNT, text)] == [False, True, False]
    assert "gives 1, not 2" in str(run_examples(COUNT, text)[1])
    assert run_examples(COUNT, "no examples") == []
    assert run_examples(COUNT, ">>> import os; os._exit(0)")[0].wrong
    assert wrong_claims(COUNT, "count_above", text) == ["count_above([9], 1) is 1, not 5"]


SUITE = """import unittest
from program import count_above

def test_some():
    assert count_above([5, 1], 2) == 1

assert count_above([], 0) == 0, "empty"
assert True

class Other(unittest.TestCase):
    def test_equal(self):
        self.assertEqual(count_above([2], 2), 0)

if __name__ == "__main__":
    unittest.main()
"""


def test_suites_of_three_styles_are_run() -> None:
    suite = read_suite(SUITE, "count_above")
    assert suite is not None and len(suite.tests) == 3 and not suite.redefines
    good, bad = run_suite([COUNT, COUNT.replace("number > limit", "number >= limit")], suite)
    assert [one.value for one in good] == ["passed"] * 3
    assert [bool(one.error) for one in bad] == [False, False, True]
    assert "self.assertEqual(count_above([2], 2), 0)  # fails: 1 != 0" in bad[2].error
    again = read_suite(COUNT + "\n" + SUITE, "count_above")
    assert again is not None and again.redefines
    assert read_suite("def f(", "f") is None

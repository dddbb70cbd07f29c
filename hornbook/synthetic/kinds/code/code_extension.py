"""Extending code: a change request for a function → the extended function, with tests that the old behaviour holds and
the new one is there (report §2.2, D: execution in a loop).

The requests are few in kind, so that tests for them come from the function's known cases; words and code are the
teacher's.
"""

import ast
from collections.abc import Callable, Sequence

import msgspec

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, example
from hornbook.synthetic.kinds.code._code import SHOWN_CODE, fenced, function_in, program, turns
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.programs.behaviour import CallExample, Program, from_runnable
from hornbook.synthetic.programs.running import run_assertions

SHOWN_REQUEST = "Add a parameter `negate` that is False by default. When it is True, return the result times -1."
SHOWN_EXTENDED = """def count_even(numbers, negate=False):
    total = 0
    for number in numbers:
        if number % 2 == 0:
            total += 1
    if negate:
        return -total
    return total"""


class Extension(msgspec.Struct, frozen=True):
    """A request about a function, tests of what is new, and the name that must be defined."""

    request: str
    tests: list[str]
    name: str


def _many(function: Program) -> Extension:
    cases = [case for case in function.cases if len(ast.literal_eval(case.arguments)) == 1][:4]
    name = f"{function.name}_all"
    given = ", ".join(case.arguments[1:-2] for case in cases)
    result = f"the result of `{function.name}` for each of the items"
    request = f"Write a second function `{name}(items)` that returns a list with {result}."
    tests = [f"assert {name}([{given}]) == [{', '.join(case.result for case in cases)}]", f"assert {name}([]) == []"]
    return Extension(request, tests if cases else [], name)


def _as_text(function: Program) -> Extension:
    cases = [case for case in function.cases if case.result[0] not in "'\""]  # a text is one already
    request = "Add a parameter `as_text` that is False by default. When it is True, return str() of the result."
    return Extension(request, _with_option(cases, "as_text=True", lambda result: f"str({result})"), function.name)


def _pair(function: Program) -> Extension:
    first = function.signature[len(function.name) + 1 : -1].split(",")[0].split("=")[0].split(":")[0].strip()
    request = "Add a parameter `with_input` that is False by default. "
    request += f"When it is True, return a tuple of `{first}` and the result."
    cases = [case for case in function.cases if len(ast.literal_eval(case.arguments)) >= 1]
    tests = []
    for case in cases:
        given = repr(ast.literal_eval(case.arguments)[0])
        tests += _with_option([case], "with_input=True", lambda result, given=given: f"({given}, {result})")  # type: ignore[misc]
    return Extension(request, tests, function.name)


def _is_equal(function: Program) -> Extension:
    request = (
        "Add a parameter `expected` that is None by default. When it is not None, return whether the result equals it."
    )
    cases = [case for case in function.cases if case.result != "None"]
    tests = [f"assert {case.call[:-1]}, expected={case.result}) is True" for case in cases[:3]]
    tests += [f"assert {case.call[:-1]}, expected='no such result') is False" for case in cases[:2]]
    return Extension(request, tests, function.name)


def _with_option(cases: Sequence[CallExample], option: str, changed: Callable[[str], str]) -> list[str]:
    return [f"assert {case.call[:-1]}, {option}) == {changed(case.result)}" for case in cases[:4]]


REQUESTS = (_many, _as_text, _pair, _is_equal)


class CodeExtensionSettings(KindSettings):
    """Functions extended on request."""

    temperature: float = setting(0.4, "sampling temperature", ge=0)
    max_tokens: int = setting(260, "longest extended function, in tokens", ge=1)
    repairs: int = setting(3, "times that an extension goes back with the tests that fail", ge=0)


async def make(passage: Passage, ask: RecordContext, settings: CodeExtensionSettings) -> list[Made]:
    function = await program(passage, ask)
    possible = [wanted for wanted in (request(function) for request in REQUESTS) if wanted.tests]
    wanted = possible[int(ask.rng.integers(len(possible)))]
    old = [f"assert {case.call} == {case.result}" for case in function.cases]
    asked = f"{fenced(function.code)}\n\n{wanted.request} Without it, everything must work as before."
    shown = f"{fenced(SHOWN_CODE)}\n\n{SHOWN_REQUEST} Without it, everything must work as before."
    prompt = [*example(shown, fenced(SHOWN_EXTENDED)), Message("user", asked)]
    code, failed = "", ["nothing was written"]
    stage = "extend"
    for number in range(1 + settings.repairs):
        answer = await ask(stage, prompt, sample=number)
        code = extended(function, wanted, answer.text)
        (results,) = await ask.compute(run_assertions, [code], [*wanted.tests, *old])
        failed = [
            f"{test}: {result.error}"
            for test, result in zip([*wanted.tests, *old], results, strict=True)
            if result.error
        ]
        if not failed:
            break
        told = f"This test fails: {failed[0]}. Write the whole code again."
        prompt = [*prompt[:3], Message("assistant", answer.text[:800] or "-"), Message("user", told)]
        stage = "repair"
    checks = Checks()
    checks.require("runs", bool(code), "no function of that name")
    broken = [one for one in failed if one.split(": ")[0] in old]
    checks.require("old behaviour", not broken, broken[0] if broken else "")
    checks.require("new behaviour", not failed, failed[0] if failed else "")
    return [Made(checks.passed, messages=turns(asked, fenced(code)))]


def extended(function: Program, wanted: Extension, answer: str) -> str:
    """The answer's code, with the original before it where only the second function was written."""
    code = function_in(answer, wanted.name)
    if code and wanted.name != function.name and not function_in(code, function.name):
        code = f"{function.code}\n\n\n{code}"
    return code


KIND = Kind(
    about="A change request for a function and the extended function; old and new behaviour are tested by running it.",
    source="code",
    report="2.2, D",
    seeded_by="functions that run",
    seeds=from_runnable,
    make=make,
    stages=("extend", "repair"),
    checks=("runs", "old behaviour", "new behaviour"),
    calls=lambda settings: 1 + settings.repairs,
    settings=CodeExtensionSettings,
)

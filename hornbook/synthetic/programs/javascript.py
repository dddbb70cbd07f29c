"""Run JavaScript functions on the arguments of Python examples, with QuickJS inside the sandbox."""

import ast
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import msgspec
import numpy as np

from hornbook.base.packages import missing_package
from hornbook.sandbox.process import run_python
from hornbook.synthetic.kind import Material, Seed
from hornbook.synthetic.programs.behaviour import LEAST, CallExample, behaviour, first_that

SECONDS = 20.0  # of waiting on a busy machine

_RUN = """\
import json, sys
from _quickjs import Context
asked = json.load(sys.stdin)
results = []
for call in asked["calls"]:
    context = Context()
    context.set_time_limit(0.1)
    try:
        context.eval(asked["code"])
        results.append([context.eval(f"JSON.stringify({asked['name']}({call}))"), ""])
    except Exception as error:
        results.append([None, str(error).split("\\\\n")[0][:200]])
print(json.dumps(results))
"""


def interpreter_file() -> Path:
    """The interpreter's extension module. Raises HornbookError if it is not installed."""
    found = find_spec("_quickjs")
    if found is None or found.origin is None:
        raise missing_package("code_translation: running JavaScript", "quickjs")
    return Path(found.origin)


def from_translatable(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    """Functions that run, with enough examples that have a meaning in JavaScript. Raises HornbookError, before the
    teacher is asked, where nothing runs JavaScript."""
    interpreter_file()
    return first_that(
        material.functions, count, rng, lambda passage: len(translatable(behaviour(passage.text))) >= LEAST
    )


def translatable(cases: Sequence[CallExample]) -> list[CallExample]:
    """The examples whose values exist in JavaScript: no sets, only text keys, no integers beyond 2^53."""
    return [case for case in cases if _as_json(case.arguments) is not None and _as_json(case.result) is not None]


def failures(code: str, name: str, cases: Sequence[CallExample]) -> list[str]:
    """For each example, how the JavaScript function's result differs from Python's; "" if it is the same."""
    calls = [(_as_json(case.arguments) or "[]")[1:-1] for case in cases]
    given = msgspec.json.encode({"code": code, "name": name, "calls": calls}).decode()
    outcome = run_python(_RUN, stdin=given, seconds=SECONDS, packages=[interpreter_file()])
    try:
        results = msgspec.json.decode(outcome.stdout, type=list[tuple[str | None, str]])
    except msgspec.DecodeError:
        return [outcome.reason or "ended the process"] * len(cases)
    return [_compared(case, *result) for case, result in zip(cases, results, strict=True)]


def _compared(case: CallExample, printed: str | None, error: str) -> str:
    wanted = _as_json(case.result)
    if printed is not None and wanted is not None and msgspec.json.decode(printed) == msgspec.json.decode(wanted):
        return ""
    return error or f"{case.call} should give {wanted}, but gives {printed}"


def _as_json(text: str) -> str | None:
    """A Python value's text as JSON; None if JSON has no such value."""
    value = ast.literal_eval(text)
    try:
        return msgspec.json.encode(value).decode() if _plain(value) else None
    except (TypeError, ValueError, OverflowError):
        return None


def _plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _plain(one) for key, one in value.items())
    if isinstance(value, list | tuple):
        return all(map(_plain, value))
    return value is None or isinstance(value, str | bool | float) or (isinstance(value, int) and abs(value) < 2**53)

"""Test functions and classes, run as pytest and unittest would run them."""

from __future__ import annotations

import sys

from hornbook.oracles.two_processes.peer import Ended

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Describe = Callable[[str, BaseException], str]


def run_collected(names: dict[str, Any], collected: list[str], describe: Describe, reasons: list[str]) -> None:
    """Append to `reasons` why each function and method failed (by `describe`), "" for one that passed."""
    for name in collected:
        if isinstance(names[name], type):
            reasons += _run_class(names[name], describe)
        else:
            reasons += [_outcome(name, names[name], case, describe) for case in _cases(names[name])]


def _run_class(value: type, describe: Describe) -> list[str]:
    unittest = sys.modules.get("unittest")
    if unittest and issubclass(value, unittest.TestCase):
        return _run_unittest(value)
    reasons = []
    for name in [name for name in dir(value) if name.startswith("test")]:
        tests = value()
        for before in ("setup_method", "setup"):
            if hasattr(tests, before):
                reasons.append(_outcome(before, getattr(tests, before), {}, describe))
                break
        method = getattr(tests, name)
        reasons += [_outcome(f"{value.__name__}.{name}", method, case, describe) for case in _cases(method)]
    return reasons


def _run_unittest(value: Any) -> list[str]:
    import unittest

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(value).run(result)
    failed = [f"{test.id()}: {text.strip().splitlines()[-1]}" for test, text in [*result.errors, *result.failures]]
    failed += [f"{test.id()}: unexpected success" for test in result.unexpectedSuccesses]
    passed = result.testsRun - len(result.skipped) - len(failed)
    return failed + [""] * max(0, passed)


def _outcome(name: str, function: Callable[..., Any], case: dict[str, Any], describe: Describe) -> str:
    try:
        found = function(**case)
        if type(found).__name__ == "coroutine":
            import asyncio

            asyncio.run(found)
    except Ended:
        raise
    except BaseException as error:
        return describe(f"{name}: ", error)
    return ""


def _cases(function: Any) -> list[dict[str, Any]]:
    """The arguments with which a function is called: none, or those of @pytest.mark.parametrize."""
    cases: list[dict[str, Any]] = [{}]
    for mark in getattr(function, "pytestmark", []):
        if mark.name == "parametrize":
            cases = [{**case, **more} for case in cases for more in _parametrized(*mark.args[:2])]
    return cases


def _parametrized(names: Any, values: Any) -> Iterator[dict[str, Any]]:
    names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    for value in values:
        if type(value).__name__ == "ParameterSet":  # pytest.param(...)
            value = value.values
        elif len(names) == 1:
            value = (value,)
        yield dict(zip(names, value, strict=True))

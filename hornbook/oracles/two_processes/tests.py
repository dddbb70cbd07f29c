"""The tests, in a process that the program under test cannot reach: here the verdict is made.

Names that neither the tests nor their set-up define are asked of the program; what comes back is plain data, or a
`Remote` for an object that stays there.
"""

from __future__ import annotations

import os
import sys

from hornbook.oracles.two_processes.peer import Ended, Peer, encode
from hornbook.oracles.two_processes.remote import Remote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MODULE = "tests"
FORGIVEN = ("SystemExit", "EOFError")  # of a demonstration: sys.exit() at its end, input() without any


class Names(dict):
    """The tests' global names; those in `wanted` are the program's, asked anew at each use."""

    def __init__(self, peer: Any, wanted: list[str]) -> None:
        super().__init__(__name__=MODULE)
        self.peer, self.wanted = peer, frozenset(wanted)
        self.objects: dict[str, Any] = {}

    def __missing__(self, name: str) -> Any:
        return self.lookup(name)

    def lookup(self, name: str) -> Any:
        if name not in self.wanted:
            raise KeyError(name)
        if name in self.objects:
            return self.objects[name]
        try:
            found = self.peer.ask("lookup", name)
        except NameError:
            raise KeyError(name) from None
        self.peer.requests -= 1  # to have looked at a name is no test of it
        if type(found) is Remote:
            self.objects[name] = found
        return found


FUNCTION, BUILTIN, METHOD = type(lambda: 0), type(len), type(Names(None, []).lookup)
CALLABLE: tuple[type, ...] = (FUNCTION, BUILTIN, METHOD)


def main(reading: int, writing: int, job: dict[str, Any]) -> None:
    """Run the job's tests; write {"failed": reason}, {"unused": true} or {"passed": true} to the standard output.

    The job: `helpers` (a text that defines what the tests may use), `setup` and `tests` (texts), `wanted` (names that
    the program is to define) and `every` (whether to go on after a test that fails).
    """
    verdict = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    peer = Peer(reading, writing, may=_may)
    peer.show_printed = lambda text: sys.stdout.write(text)
    sys.modules[MODULE] = type(sys)(MODULE)
    os.write(verdict, encode(_judged(peer, job)))
    os._exit(0)  # threads of the tests and what they registered for the end do not count


def _judged(peer: Peer, job: dict[str, Any]) -> dict[str, Any]:
    names = Names(peer, job["wanted"])
    reasons: list[str] = []
    try:
        _, fault, _ = peer.receive()
        if fault and fault[0] in FORGIVEN and not any(_defined(names, name) for name in names.wanted):
            return {"failed": "the program ended before its tests did"}
        if fault and fault[0] not in FORGIVEN:
            return {"failed": f"{fault[0]}: {fault[1]}".rstrip(": ")}
        _prepare(names, job)
        for number, test in enumerate(job["tests"], 1):
            reasons.append(_reason(names, test, f"test {number} of {len(job['tests'])}: "))
            if reasons[-1] and not job["every"]:
                break
        if not any(reasons):
            reasons += _run_collected(names)
    except Ended:
        pass
    if peer.ended:
        return {"failed": "the program ended before its tests did"}
    first = next((reason for reason in reasons if reason), "")
    if first:
        return {"failed": first, "reasons": reasons}
    return {"passed": True, "reasons": reasons} if peer.requests else {"unused": True}


def _defined(names: Names, name: str) -> bool:
    try:
        names[name]
    except KeyError:
        return False
    return True


def _prepare(names: Names, job: dict[str, Any]) -> None:
    """The header's imports and complete functions, then the set-up."""
    if job["helpers"]:
        exec(compile(job["helpers"], "header", "exec"), names)
        for name in job["wanted"]:
            names.pop(name, None)
    for text in job["setup"]:
        exec(compile(text, "set-up", "exec"), names)


def _reason(names: Names, test: str, place: str) -> str:
    """Why a test failed; "" if it passed."""
    try:
        exec(compile(test, "test", "exec"), names)
    except Ended:
        raise
    except BaseException as error:
        return _told(place, error)
    return ""


def _run_collected(names: Names) -> list[str]:
    """Test functions as pytest finds them, and the classes of unittest."""
    reasons = []
    for name, value in list(names.items()):
        if name.startswith("test") and type(value) is FUNCTION and not value.__code__.co_argcount:
            try:
                value()
            except Ended:
                raise
            except BaseException as error:
                reasons.append(_told(f"{name}: ", error))
    if "unittest" in sys.modules:
        reasons += _run_unittest(names)
    return reasons


def _run_unittest(names: Names) -> list[str]:
    import unittest

    result = unittest.TestResult()
    for value in list(names.values()):
        if isinstance(value, type) and issubclass(value, unittest.TestCase) and value.__module__ == MODULE:
            unittest.defaultTestLoader.loadTestsFromTestCase(value).run(result)
    return [f"{test.id()}: {text.strip().splitlines()[-1]}" for test, text in [*result.errors, *result.failures]]


def _told(place: str, error: BaseException) -> str:
    return f"{place}{type(error).__name__}: {str(error)[:200]}".rstrip(": ")


def _may(what: str, values: list[Any]) -> bool:
    """The program may call functions that it was given, go through iterators, and use objects of the tests' classes."""
    if not values:
        return False
    target = values[0]
    ours = type(target).__module__ == MODULE
    if what == "call":
        return isinstance(target, CALLABLE) or ours or (type(target) is type and target.__module__ == MODULE)
    if what in ("getattr", "setattr"):
        return ours and isinstance(values[1], str) and not values[1].startswith("_")
    if what in ("iter", "next"):
        return ours or hasattr(type(target), "__next__")
    return ours and what in ("len", "getitem", "setitem", "contains", "bool", "str", "repr", "plain", "hash")

"""Main module of the tests' process, which the program under test cannot manipulate: the verdict is made here.

Names that neither the tests nor their set-up define are requested from the program; the results are plain data, or a
`Remote` (a proxy) for an object that stays there.
"""

from __future__ import annotations

import os
import sys

from hornbook.oracles.two_processes.collected import run_collected
from hornbook.oracles.two_processes.operations import OPERATIONS
from hornbook.oracles.two_processes.peer import GONE, Ended, Peer, encode
from hornbook.oracles.two_processes.permitted import MODULE, may
from hornbook.oracles.two_processes.plain_types import is_theirs
from hornbook.oracles.two_processes.remote import is_remote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORGIVEN = (SystemExit, EOFError)  # exceptions of a program's own demo code: sys.exit(), input() at the end of input
NO_MEMORY = b'{"failed": "MemoryError"}'  # prepared while there is memory


class Names(dict[str, "Any"]):
    """The tests' global names; those in `wanted` are the program's, looked up there at each use.

    Attributes:
        lacking: whether a name was used that the program does not define.
    """

    def __init__(self, peer: Any, wanted: list[str], classes: list[str]) -> None:
        super().__init__(__name__=MODULE)
        self.peer, self.wanted, self.classes = peer, frozenset(wanted), frozenset(classes)
        self.objects: dict[str, Any] = {}
        self.lacking = False

    def __missing__(self, name: str) -> Any:
        if name not in self.wanted:
            raise KeyError(name)
        return self.lookup(name)

    def lookup(self, name: str) -> Any:
        """The program's global of this name. Raises NameError if it has none."""
        if name in self.objects:
            return self.objects[name]
        try:
            found = self.peer.ask("lookup", name)
        except NameError:
            self.lacking = True
            raise
        if is_remote(found):
            self.peer.requests -= 1  # a look-up alone does not test the program
            self.objects[name] = found
            if name in self.classes:
                object.__setattr__(found, "_origin", "class")
        return found

    def in_program(self, *called: Any, **options: Any) -> Any:
        """Call a function of Python in the program's process."""
        return self.peer.ask("run there", called, options)

    def where_it_is(self, function: Any, *arguments: Any, **options: Any) -> Any:
        """Call a function in the process that owns its first argument."""
        if is_theirs(arguments[0]):
            return self.in_program(function, *arguments, **options)
        return function(*arguments, **options)


class ProgramModule(type(sys)):  # type: ignore[misc]
    """The module that `from solution import f` in the tests imports from."""

    def __init__(self, name: str, names: Names) -> None:
        super().__init__(name)
        self.__dict__["_names"] = names

    def __getattr__(self, name: str) -> Any:
        try:
            return self._names.lookup(name) if name[:2] != "__" else object.__getattribute__(self, name)
        except NameError as error:
            raise AttributeError(str(error)) from None


def main(reading: int, writing: int, job: dict[str, Any]) -> None:
    """Run the job's tests; write {"failed": reason}, {"unused": true} or {"passed": true} to the standard output.

    The job: `helpers` (a text that defines what the tests may use), `setup` and `tests` (texts), `wanted` (names that
    the program is to define; `classes` are those of classes), `collected` (names of test functions to call after the
    texts), `modules` (names by which tests import the program), `folders` (more to import from) and `every` (whether
    to go on after a test that fails).
    """
    verdict = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    sys.path += job["folders"]
    peer = Peer(reading, writing, guarded=True, may=may)
    peer.show_printed = lambda text: sys.stdout.write(text)
    OPERATIONS["input"] = lambda printed, prompt: (sys.stdout.write(printed), input(prompt))[1]
    OPERATIONS["read line"] = lambda printed, size: (sys.stdout.write(printed), sys.stdin.readline(size))[1]
    peer.raised = _expected_only("\n".join([*job["tests"], *job["setup"]]), peer)
    try:
        report = encode(_judged(peer, job))
    except MemoryError:
        report = NO_MEMORY
    except BaseException as error:
        report = encode({"failed": _describe("", error)})
    os.write(verdict, report)
    os._exit(0)  # without waiting for the tests' threads or atexit handlers


def _expected_only(texts: str, peer: Peer) -> Any:
    """Filter for exceptions that the program raises in the tests. Python treats some exceptions as a normal end, so
    they must not end a test that does not mention them."""

    def raised(what: str, error: BaseException) -> BaseException:
        if isinstance(error, (SystemExit, KeyboardInterrupt, GeneratorExit)) and "SystemExit" not in texts:
            peer.end(GONE)
        ends = isinstance(error, (StopIteration, StopAsyncIteration)) and what not in ("next", "await")
        if ends and "StopIteration" not in texts and "StopAsyncIteration" not in texts:
            return RuntimeError(f"the program raised {type(error).__name__}")
        return error

    return raised


def _judged(peer: Peer, job: dict[str, Any]) -> dict[str, Any]:
    names = Names(peer, job["wanted"], job["classes"])
    sys.modules[MODULE] = type(sys)(MODULE)
    sys.modules |= {name: ProgramModule(name, names) for name in job["modules"]}
    reasons: list[str] = []
    try:
        fault = _run_program(peer, names)
        if fault:
            return {"failed": fault}
        _run_tests(names, job, reasons)
    except Ended:
        pass
    if peer.ended:
        return {"failed": peer.ended, "reasons": reasons}
    if not peer.requests and not names.lacking:
        return {"unused": True}
    first = next((reason for reason in reasons if reason), "")
    return {"failed": first, "reasons": reasons} if first else {"passed": True, "reasons": reasons}


def _run_program(peer: Peer, names: Names) -> str:
    """Why the program cannot be tested; "" if it can."""
    expected, peer.raised = peer.raised, lambda what, error: error
    try:
        peer.ask("run")
    except FORGIVEN:
        if not any(_defined(names, name) for name in names.wanted):
            return GONE
    except Ended:
        raise
    except BaseException as error:
        return _describe("", error)
    peer.raised, peer.requests = expected, 0
    return ""


def _defined(names: Names, name: str) -> bool:
    try:
        names[name]
    except (KeyError, NameError):
        return False
    return True


def _run_tests(names: Names, job: dict[str, Any], reasons: list[str]) -> None:
    """Append to `reasons` why each test that was run failed; "" for one that passed."""
    names |= {"_copied": _copied, "_propagating": PropagatingContext}
    names |= {"_in_program": names.in_program, "_where_it_is": names.where_it_is}
    for place, text in [("header: ", job["helpers"]), *(("set-up: ", text) for text in job["setup"])]:
        reason = _reason(names, text, place)
        if reason:
            reasons.append(reason)
            return
    for number, test in enumerate(job["tests"], 1):
        reasons.append(_reason(names, test, f"test {number} of {len(job['tests'])}: "))
        if reasons[-1] and not job["every"]:
            return
    run_collected(names, job["collected"], _describe, reasons)


def _reason(names: Names, test: str, place: str) -> str:
    try:
        exec(compile(test, "test", "exec", dont_inherit=True), names)
    except Ended:
        raise
    except BaseException as error:
        return _describe(place, error)
    return ""


class PropagatingContext:
    """Wraps a context manager of the program so that it cannot suppress exceptions raised inside the `with`."""

    def __init__(self, manager: Any) -> None:
        self.manager = manager

    def __enter__(self) -> Any:
        return self.manager.__enter__()

    def __exit__(self, *error: Any) -> None:
        self.manager.__exit__(*error)


def _copied(value: Any) -> Any:
    """A deep copy of plain data; anything else as it is."""
    kind = type(value)
    if kind is dict:
        return {_copied(key): _copied(one) for key, one in value.items()}
    if kind in (list, tuple, set, frozenset):
        return kind([_copied(one) for one in value])
    return bytearray(value) if kind is bytearray else value


def _describe(place: str, error: BaseException) -> str:
    try:
        text = str(error)[:200]
    except Exception:
        text = ""
    return f"{place}{type(error).__name__}: {text}".rstrip(": ")

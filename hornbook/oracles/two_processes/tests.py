"""The tests, in a process that the program under test cannot reach: here the verdict is made.

Names that neither the tests nor their set-up define are asked of the program; what comes back is plain data, or a
`Remote` for an object that stays there.
"""

from __future__ import annotations

import os
import sys

from hornbook.oracles.two_processes.collected import run_collected
from hornbook.oracles.two_processes.kinds import is_theirs
from hornbook.oracles.two_processes.operations import OPERATIONS
from hornbook.oracles.two_processes.peer import GONE, Ended, Peer, encode
from hornbook.oracles.two_processes.permitted import MODULE, may
from hornbook.oracles.two_processes.remote import is_remote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORGIVEN = (SystemExit, EOFError)  # of a demonstration: sys.exit() at its end, input() without any
NO_MEMORY = b'{"failed": "MemoryError"}'  # made beforehand


class Names(dict[str, "Any"]):
    """The tests' global names; those in `wanted` are the program's, asked anew at each use.

    Attributes:
        lacking: whether the program did not define one that was used.
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
        """What the program calls by this name. Raises NameError where it has none."""
        if name in self.objects:
            return self.objects[name]
        try:
            found = self.peer.ask("lookup", name)
        except NameError:
            self.lacking = True
            raise
        if is_remote(found):
            self.peer.requests -= 1  # to have looked at a name is no test of it
            self.objects[name] = found
            if name in self.classes:
                object.__setattr__(found, "_origin", "class")
        return found

    def there(self, *called: Any, **options: Any) -> Any:
        """What a function of Python gives in the program's process."""
        return self.peer.ask("there", called, options)

    def at_home(self, function: Any, *arguments: Any, **options: Any) -> Any:
        """What a function gives in the process that its first argument is from."""
        if is_theirs(arguments[0]):
            return self.there(function, *arguments, **options)
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
        told = encode(_judged(peer, job))
    except MemoryError:
        told = NO_MEMORY
    except BaseException as error:
        told = encode({"failed": _told("", error)})
    os.write(verdict, told)
    os._exit(0)  # threads of the tests and what they registered for the end do not count


def _expected_only(texts: str, peer: Peer) -> Any:
    """What the program raises, as it reaches the tests. Python takes some exceptions for an end that went well, so a
    test that does not name them must not be ended by them."""

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
        return _told("", error)
    peer.raised, peer.requests = expected, 0
    return ""


def _defined(names: Names, name: str) -> bool:
    try:
        names[name]
    except (KeyError, NameError):
        return False
    return True


def _run_tests(names: Names, job: dict[str, Any], reasons: list[str]) -> None:
    """Add to `reasons` for each test that was run why it failed; "" for one that passed."""
    names |= {"_copied": _copied, "_heard": Heard, "_there": names.there, "_at_home": names.at_home}
    for place, text in [("header: ", job["helpers"]), *(("set-up: ", text) for text in job["setup"])]:
        reason = _reason(names, text, place)
        if reason:
            reasons.append(reason)
            return
    for number, test in enumerate(job["tests"], 1):
        reasons.append(_reason(names, test, f"test {number} of {len(job['tests'])}: "))
        if reasons[-1] and not job["every"]:
            return
    run_collected(names, job["collected"], _told, reasons)


def _reason(names: Names, test: str, place: str) -> str:
    try:
        exec(compile(test, "test", "exec", dont_inherit=True), names)
    except Ended:
        raise
    except BaseException as error:
        return _told(place, error)
    return ""


class Heard:
    """A context manager of the program that does not silence what fails inside the `with`."""

    def __init__(self, manager: Any) -> None:
        self.manager = manager

    def __enter__(self) -> Any:
        return self.manager.__enter__()

    def __exit__(self, *error: Any) -> None:
        self.manager.__exit__(*error)


def _copied(value: Any) -> Any:
    """A copy of plain data all through; anything else as it is."""
    kind = type(value)
    if kind is dict:
        return {_copied(key): _copied(one) for key, one in value.items()}
    if kind in (list, tuple, set, frozenset):
        return kind([_copied(one) for one in value])
    return bytearray(value) if kind is bytearray else value


def _told(place: str, error: BaseException) -> str:
    try:
        text = str(error)[:200]
    except Exception:
        text = ""
    return f"{place}{type(error).__name__}: {text}".rstrip(": ")

"""One end of the connection between the tests and the program: requests, answers, and the objects that are proxied.

A message is a line of JSON. This and the modules beside it run inside the sandbox, in both processes, and import only
modules that Python has loaded at its start.
"""

from __future__ import annotations

import _json
import _thread
import os
import sys

from hornbook.oracles.two_processes.constants import constant, constant_class
from hornbook.oracles.two_processes.messages import Packer, Unpacker
from hornbook.oracles.two_processes.operations import CHANGES, OPERATIONS, PARTS
from hornbook.oracles.two_processes.plain_types import CONSTANT, KINDS, PLAIN, number_of
from hornbook.oracles.two_processes.remote import Remote, RemoteClass, is_remote
from hornbook.oracles.two_processes.values import crosses_as

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing takes milliseconds
    from collections.abc import Callable
    from typing import Any, NoReturn

GONE = "the program ended before its tests did"
LONGEST = 1 << 25  # bytes of a message
DEEPEST = 5_000  # recursion limit while a message is made or read: values may be nested deeply


def encode(message: Any) -> bytes:
    return "".join(_ENCODE(message, 0)).encode() + b"\n"


def decode(text: str) -> Any:
    """Raises StopIteration, ValueError, KeyError or RecursionError for text that is not JSON."""
    return _DECODE(text, 0)[0]


class _Reading:  # decoder options, read by the C scanner
    strict, object_hook, object_pairs_hook, parse_float, parse_int = True, None, None, float, int
    memo: dict[str, str] = {}
    parse_constant = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}.__getitem__


# Not the module json: it imports re and enum, which takes longer than the rest of this process's start.
_json_c: Any = _json
_ENCODE = _json_c.make_encoder(None, None, _json_c.encode_basestring_ascii, None, ":", ",", False, False, True)
_DECODE = _json_c.make_scanner(_Reading)
_NO_VALUE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError)


class Ended(BaseException):
    """The other process has ended, or sent an invalid message. Not caught by `except Exception` in a test."""


class Peer:
    """This process's end of the connection, and the objects that the other process has proxies of.

    Args:
        reading, writing: descriptors.
        guarded: whether this is the tests' end, which must not trust the other.
        may: called with the name of an operation and its values; whether the other process may request it.

    Attributes:
        changes: number of requests that may have changed the other process's objects.
        ended: why the connection has ended; "" while it is open.
    """

    def __init__(self, reading: int, writing: int, guarded: bool, may: Callable[[str, list[Any]], bool]) -> None:
        self.reading, self.writing, self.guarded, self.may = reading, writing, guarded, may
        self.shown: dict[int, Any] = {}  # by number
        self.stand_ins: dict[int, Any] = {}
        self.errors: dict[int, BaseException] = {}
        self.error_classes: dict[int, type[BaseException]] = {}
        self.changes, self.requests, self.ended = 0, 0, ""
        self.printed: Callable[[], str] = lambda: ""
        self.show_printed: Callable[[str], object] = lambda text: None
        self.raised: Callable[[str, BaseException], BaseException] = lambda what, error: error
        self._numbers: dict[int, int] = {}  # id of a shown object → its number
        self._classes: dict[tuple[str, int], Any] = {}
        self._rest = b""
        self._lock = _thread.RLock()  # threads ask one after another

    def show(self, value: Any) -> int:
        """The number by which the other process refers to a value."""
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self.shown)
            self.shown[len(self.shown)] = value
        return self._numbers[id(value)]

    def stand_in(self, number: int, kind: str, value: Any, class_: list[Any]) -> Any:
        """The proxy of an object of the other process; the same one each time.

        `kind` is the plain type that it derives from, `value` its plain value if that is immutable, `class_` the number
        and the name of its class if that is not Python's.
        """
        if number not in self.stand_ins:
            if kind in CONSTANT:
                self.stand_ins[number] = constant(self, self._class(kind, *class_), number, value)
            else:
                self.stand_ins[number] = self._class("", *(class_ or [-1, kind]))(self, number, kind)
        return self.stand_ins[number]

    def own(self, value: Any) -> Remote:
        """The proxy of an object that the tests have made themselves, so that its class's operators are used."""
        remote = value
        if not is_remote(value):
            kind = next(base.__name__ for base in type(value).__mro__ if base.__name__ in CONSTANT)
            remote_class = self._class("", type(value).class_number, type(value).__name__)
            remote = remote_class(self, number_of(value), kind, (0, value.__dict__["_plain"]))
            self.stand_ins[number_of(value)] = remote
        object.__setattr__(remote, "_origin", "instance")
        return remote

    def _class(self, kind: str, number: int, name: str) -> Any:
        """The proxy class for a class of the other process, or of Python (then `number` is -1)."""
        key = (kind or name if number < 0 else kind, number)
        if key not in self._classes:
            content = {"__slots__": (), "class_number": number, "__module__": "solution"}
            if number < 0 and name in PLAIN:
                content["stands_for"] = KINDS[name]
            remote_class = RemoteClass(str(name), (Remote,), content)
            self._classes[key] = constant_class(kind, number, name) if kind else remote_class
        return self._classes[key]

    def ask(self, what: str, *values: Any) -> Any:
        """The result of operation `what` in the other process. Raises what it raises there."""
        with self._lock:
            self.requests += 1
            self.changes += what in CHANGES
            packer = Packer(self)
            with _Deep():
                request = ["do", what, [packer.pack(value) for value in values]]
                self.send(request)
            while True:
                kind, *rest = self.receive()
                if kind != "do":
                    break
                self.serve(*rest)
        with _Deep():
            result = self._answered(rest, packer.containers)
        if kind == "gave":
            return result
        if not isinstance(result, BaseException):
            self.end()
        raise self.raised(what, result)

    def _answered(self, rest: list[Any], ours: list[Any]) -> Any:
        """The result. Lists, dictionaries … that the other process has changed are updated here."""
        try:
            content, changes, printed = rest
            if printed:
                self.show_printed(str(printed))
            unpacker = Unpacker(self, ours)
            result = unpacker.unpack(content)
            for place, (_, _, _, _, items) in changes:
                ours[place].clear()
                unpacker.fill(ours[place], items)
        except _NO_VALUE:
            self.end()
        return result

    def serve(self, what: str, packed: list[Any]) -> None:
        """Do what the other process requests, and answer."""
        packer = Packer(self)
        containers: list[Any] = []
        before: list[Any] = []
        try:
            with _Deep():
                unpacker = Unpacker(self)
                values = [unpacker.unpack(one) for one in packed]
                containers = unpacker.containers
                before = [_copied(container) for container in containers]
                packer.receive(containers)
            if not self.may(what, values):
                refusal = AttributeError if what == "getattr" else TypeError
                raise refusal(f"{what}: not allowed with an object of the tests")
            kind, result = "gave", OPERATIONS[what](*values)
        except Ended:
            raise
        except BaseException as error:
            kind, result = "raised", error
        try:
            with _Deep():
                live = what in PARTS and not self.guarded and crosses_as(type(result)) == "container"
                content = packer.pack_shown(result) if live else packer.pack(result)
                changes = [
                    [place, packer.pack_content(container)]
                    for place, (container, earlier) in enumerate(zip(containers, before, strict=True))
                    if _changed(container, earlier)
                ]
                self.send([kind, content, changes, self.printed()])
        except Exception as error:  # too deep, too large
            unsent = type(error) if isinstance(error, (MemoryError, RecursionError)) else RuntimeError
            self.send(["raised", Packer(self).pack(unsent("the result cannot be sent")), [], ""])

    def send(self, message: Any) -> None:
        data = memoryview(encode(message))
        try:
            while data:
                data = data[os.write(self.writing, data) :]
        except OSError:
            self.end(GONE)

    def receive(self) -> list[Any]:
        parts, size = [self._rest], len(self._rest)
        while b"\n" not in parts[-1]:
            try:
                got = os.read(self.reading, 1 << 20)
            except OSError:
                got = b""
            size += len(got)
            if not got:
                self.end(GONE)
            if size > LONGEST:
                self.end("the program's answer is too long")
            parts.append(got)
        line, _, self._rest = b"".join(parts).partition(b"\n")
        try:
            with _Deep():
                message = decode(line.decode())
        except (StopIteration, ValueError, RecursionError, KeyError):
            self.end()
        if not (type(message) is list and message and type(message[0]) is str):
            self.end()
        if len(message) != _LENGTHS.get(message[0]):
            self.end()
        return message

    def end(self, why: str = "the program's answer is not a valid message") -> NoReturn:
        self.ended = why
        raise Ended(why)


_LENGTHS = {"do": 3, "gave": 4, "raised": 4}


class _Deep:
    """Raises the recursion limit, which the program may have lowered, until the program's code runs again."""

    def __enter__(self) -> None:
        self.before = _limit()
        _set_limit(max(self.before, DEEPEST))

    def __exit__(self, *error: object) -> None:
        _set_limit(self.before)


_limit, _set_limit = sys.getrecursionlimit, sys.setrecursionlimit


def _copied(container: Any) -> Any:
    return list(container.items()) if isinstance(container, dict) else container.copy()


def _changed(container: Any, earlier: Any) -> bool:
    if type(container) in (set, bytearray):
        return bool(container != earlier)
    if len(container) != len(earlier):
        return True
    if isinstance(container, dict):
        pairs = zip(container.items(), earlier, strict=True)
        return any(key is not old or one is not before for (key, one), (old, before) in pairs)
    return any(one is not before for one, before in zip(container, earlier, strict=True))

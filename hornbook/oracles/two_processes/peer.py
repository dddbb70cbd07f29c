"""One end of the connection between the tests and the program: requests, answers, and the objects shown to each other.

A message is a line of JSON. This and the modules beside it run inside the sandbox, in both processes, and import only
what Python has loaded at its start.
"""

from __future__ import annotations

import _json
import os

from hornbook.oracles.two_processes.messages import Packer, Unpacker, named
from hornbook.oracles.two_processes.remote import OPERATIONS, Remote

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing takes milliseconds
    from collections.abc import Callable
    from typing import Any, NoReturn

LONGEST = 1 << 26  # bytes of a message


def encode(message: Any) -> bytes:
    return "".join(_ENCODE(message, 0)).encode() + b"\n"


def decode(text: str) -> Any:
    """Raises StopIteration, ValueError or RecursionError for what is no JSON."""
    return _DECODE(text, 0)[0]


class _Reading:  # how JSON is read; the C scanner asks for these
    strict, object_hook, object_pairs_hook, parse_float, parse_int = True, None, None, float, int
    memo: dict[str, str] = {}
    parse_constant = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}.__getitem__


# The module json imports re and enum, which takes longer than all the rest of this process's start.
_json_c: Any = _json
_ENCODE = _json_c.make_encoder(None, None, _json_c.encode_basestring_ascii, None, ":", ",", False, False, True)
_DECODE = _json_c.make_scanner(_Reading)


class Ended(BaseException):
    """The other process is gone, or makes no sense. No `except Exception` of a test catches it."""


class Peer:
    """This process's end of the connection, and the objects that it has shown to the other end.

    Args:
        reading, writing: descriptors.
        may: called with the name of an operation and its values; says whether the other side may do it.
    """

    def __init__(self, reading: int, writing: int, may: Callable[[str, list[Any]], bool]) -> None:
        self.reading, self.writing, self.may = reading, writing, may
        self.shown: dict[int, Any] = {}  # by number
        self.numbers: dict[int, int] = {}  # id of a shown object → its number
        self.remotes: dict[int, Remote] = {}
        self.error_classes: dict[int, type[BaseException]] = {}
        self.rest, self.ended, self.requests = b"", False, 0
        self.printed: Callable[[], str] = lambda: ""
        self.show_printed: Callable[[str], object] = lambda text: None

    def ask(self, what: str, *values: Any) -> Any:
        """What operation `what` gives on the other side. Raises what it raises there."""
        self.requests += 1
        packer = Packer(self)
        self.send(["do", what, [packer.pack(value) for value in values]])
        while True:
            kind, *rest = self.receive()
            if kind != "do":
                return self._answered(kind, rest, packer.containers)
            self.serve(*rest)

    def _answered(self, kind: str, rest: list[Any], ours: list[Any]) -> Any:
        """The result; lists, dictionaries … that the other side has changed are changed here as well."""
        try:
            content, changes, printed = rest
            if printed:
                self.show_printed(str(printed))
            unpacker = Unpacker(self, ours)
            result = self._made_error(content, unpacker) if kind == "raised" else unpacker.unpack(content)
            for place, packed in changes:
                _replace(ours[place], unpacker.unpack(packed))
        except (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError):
            self.end()
        if kind == "raised":
            raise result
        return result

    def _made_error(self, content: list[Any], unpacker: Unpacker) -> BaseException:
        classes, arguments, attributes = content
        error_class = self.error_class(classes)
        values = [unpacker.unpack(one) for one in arguments]
        try:
            error = error_class(*values)
        except Exception:
            error = error_class.__new__(error_class)
            error.args = tuple(values)
        for name, packed in attributes:
            value = unpacker.unpack(packed)
            try:
                setattr(error, name, value)
            except Exception:  # Python's own attributes have types of their own
                continue
        return error

    def error_class(self, classes: list[Any]) -> type[BaseException]:
        """From (number, name) of each class of the other side's own, and (module, name) of Python's at the end."""
        base = named(*classes[-1])
        if not (isinstance(base, type) and issubclass(base, BaseException)):
            base = Exception
        for number, name in reversed(classes[:-1]):
            if number not in self.error_classes:
                self.error_classes[number] = type(str(name), (base,), {"__module__": "solution"})
            base = self.error_classes[number]
        return base

    def serve(self, what: str, packed: list[Any]) -> None:
        """Do what the other side asks, and answer."""
        packer = Packer(self)
        containers: list[Any] = []
        before: list[Any] = []
        try:
            unpacker = Unpacker(self)
            values = [unpacker.unpack(one) for one in packed]
            containers = unpacker.containers
            before = [_copied(container) for container in containers]
            packer.receive(containers)
            if not self.may(what, values):
                raise TypeError(f"{what}: not allowed with an object of the tests")
            kind, content = "gave", packer.pack(OPERATIONS[what](*values))
        except Ended:
            raise
        except BaseException as error:
            kind, content = "raised", packer.pack_error(error)
        try:
            changes = [
                [place, packer.pack_content(container)]
                for place, (container, earlier) in enumerate(zip(containers, before, strict=True))
                if _changed(container, earlier)
            ]
            self.send([kind, content, changes, self.printed()])
        except Exception as error:  # too deep, too large, no text
            self.send(["raised", packer.pack_error(type(error)("the result cannot be sent")), [], ""])

    def send(self, message: Any) -> None:
        data = memoryview(encode(message))
        try:
            while data:
                data = data[os.write(self.writing, data) :]
        except OSError:
            self.end()

    def receive(self) -> list[Any]:
        parts, size = [self.rest], len(self.rest)
        while b"\n" not in parts[-1]:
            try:
                got = os.read(self.reading, 1 << 20)
            except OSError:
                got = b""
            size += len(got)
            if not got or size > LONGEST:
                self.end()
            parts.append(got)
        line, _, self.rest = b"".join(parts).partition(b"\n")
        try:
            message = decode(line.decode())
        except (StopIteration, ValueError, RecursionError, KeyError):
            self.end()
        if type(message) is not list or len(message) not in (3, 4) or message[0] not in ("do", "gave", "raised"):
            self.end()
        return message

    def end(self) -> NoReturn:
        self.ended = True
        raise Ended("the program ended before its tests did")


def _copied(container: Any) -> Any:
    return list(container.items()) if type(container) is dict else type(container)(container)


def _changed(container: Any, earlier: Any) -> bool:
    kind = type(container)
    if kind in (set, bytearray):
        return bool(container != earlier)
    if len(container) != len(earlier):
        return True
    if kind is dict:
        pairs = zip(container.items(), earlier, strict=True)
        return any(key is not old or one is not before for (key, one), (old, before) in pairs)
    return any(one is not before for one, before in zip(container, earlier, strict=True))


def _replace(container: Any, content: Any) -> None:
    if type(container) in (list, bytearray):
        container[:] = content
    else:
        container.clear()
        container.update(content)

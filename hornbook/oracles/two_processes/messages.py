"""Encode values of one process as JSON for the other: plain data by value, everything else by number or by name.

No message is ever executed. Values are made only from the types in `values`.
"""

from __future__ import annotations

from hornbook.oracles.two_processes.errors import (
    error_number,
    may_set,
    packed_class,
    set_attribute,
    unpacked_class,
    unpacked_error,
)
from hornbook.oracles.two_processes.operations import base_of, plain_value
from hornbook.oracles.two_processes.plain_types import CONSTANT, KINDS, is_theirs, number_of
from hornbook.oracles.two_processes.values import (
    CONTAINERS,
    MISSING,
    MODULE,
    NAMED,
    VALUES,
    crosses_as,
    find,
    importable_name,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from hornbook.oracles.two_processes.peer import Peer

LARGEST = 1 << 60  # larger integers are sent in hexadecimal
_CATCHING = (AssertionError, Exception, BaseException)
DEEPEST = 20  # longest chain of causes that is sent with an error


class Packer:
    """Values → JSON values. A repeated container is sent as a back-reference, so that identity is kept.

    Attributes:
        containers: those that were sent in full, in the order in which the other process makes them.
    """

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.containers: list[Any] = []
        self._places: dict[int, list[Any]] = {}  # id of a container → its back-reference
        self._received: list[Any] = []  # kept alive, so that their ids are not reused
        self._causes = 0

    def receive(self, containers: list[Any]) -> None:
        """Send containers that came from the other process as references to their places there."""
        self._received = containers
        self._places |= {id(container): ["back", place] for place, container in enumerate(containers)}

    def pack(self, value: Any) -> Any:
        kind = type(value)
        if value is None or kind in (bool, float, str):
            return value
        if kind is int:
            return value if -LARGEST < value < LARGEST else ["int", hex(value)]
        if is_theirs(value):
            return ["yours", number_of(value)]
        if kind in (tuple, frozenset):
            return [kind.__name__, [self.pack(one) for one in value]]
        if kind is bytes:
            return ["bytes", value.hex()]
        if kind is complex:
            return ["complex", value.real, value.imag]
        how = crosses_as(kind)
        if how == "container":
            return self._pack_container(value)
        if how == "value":
            key = (kind.__module__, kind.__qualname__)
            return ["value", *key, [self.pack(part) for part in VALUES[key](value)]]
        return self._pack_other(value)

    def _pack_other(self, value: Any) -> Any:
        if value is NotImplemented or value is ...:
            return ["name", "builtins", "NotImplemented" if value is NotImplemented else "Ellipsis"]
        if isinstance(value, BaseException):
            return self._pack_error(value)
        if isinstance(value, (*NAMED, MODULE)):
            name = importable_name(value, guarded=not self.peer.guarded)
            if name:
                return ["name", *name]
        if isinstance(value, type) and issubclass(value, BaseException):
            return packed_class(self.peer, value)
        return self.pack_shown(value)

    def pack_content(self, value: Any) -> list[Any]:
        """A container in full: its type, the arguments of an empty one, and its items."""
        kind = type(value)
        key = (kind.__module__, kind.__qualname__)
        made_from = [self.pack(part) for part in CONTAINERS[key](value)]
        if kind is bytearray:
            return ["container", *key, made_from, value.hex()]
        if isinstance(value, dict):
            return [
                "container",
                *key,
                made_from,
                [[self.pack(one), self.pack(other)] for one, other in value.items()],
            ]
        return ["container", *key, made_from, [self.pack(one) for one in value]]

    def _pack_container(self, value: Any) -> list[Any]:
        if id(value) in self._places:
            return self._places[id(value)]
        self._places[id(value)] = ["again", len(self.containers)]
        self.containers.append(value)
        return self.pack_content(value)

    def pack_shown(self, value: Any) -> list[Any]:
        """An object that stays in this process: its number, plain type and class."""
        number, kind = self.peer.show(value), type(value)
        base = base_of(value)
        if isinstance(value, type):
            return ["shown", number, "type", None, []]
        if KINDS.get(kind.__name__) is kind:
            return ["shown", number, kind.__name__, None, []]
        content = self.pack(plain_value(value)) if base in CONSTANT else None
        return ["shown", number, base, content, [self.peer.show(kind), kind.__name__]]

    def _pack_error(self, error: BaseException) -> list[Any]:
        known = error_number(error)
        if known is not None:
            return ["yours", known]
        self._causes += 1
        attributes = [[name, self.pack(value)] for name, value in vars(error).items() if may_set(name)]
        if error.__cause__ is not None and self._causes < DEEPEST:
            attributes.append(["__cause__", self.pack(error.__cause__)])
        classes = packed_class(self.peer, type(error))
        own = self.peer.show(error) if classes[0] != "yours" and len(classes[1]) > 1 else None
        return ["error", classes, [self.pack(one) for one in error.args], attributes, own]


class Unpacker:
    """JSON values → values. `containers` are the lists, dictionaries … in the order in which they were received."""

    def __init__(self, peer: Peer, ours: Sequence[Any] = ()) -> None:
        self.peer, self.ours = peer, ours
        self.containers: list[Any] = []

    def unpack(self, packed: Any) -> Any:
        """Raises KeyError for an unknown kind of value, and whatever a constructor raises for invalid arguments."""
        if type(packed) is not list:
            return packed
        kind, *rest = packed
        return _KINDS[kind](self, *rest)

    def _int(self, digits: str) -> int:
        return int(digits, 16)

    def _tuple(self, items: list[Any]) -> tuple[Any, ...]:
        return tuple([self.unpack(one) for one in items])

    def _frozenset(self, items: list[Any]) -> frozenset[Any]:
        return frozenset([self.unpack(one) for one in items])

    def _bytes(self, digits: str) -> bytes:
        return bytes.fromhex(digits)

    def _complex(self, real: float, imaginary: float) -> complex:
        return complex(real, imaginary)

    def _container(self, module: str, name: str, made_from: list[Any], items: Any) -> Any:
        if (module, name) not in CONTAINERS:
            raise KeyError(name)
        made = find(module, name, guarded=False)(*[self.unpack(part) for part in made_from])
        self.containers.append(made)
        self.fill(made, items)
        return made

    def fill(self, container: Any, items: Any) -> None:
        """Put items into an empty container."""
        if isinstance(container, dict):
            for key, value in items:
                container[self.unpack(key)] = self.unpack(value)
        elif type(container) is bytearray:
            container += bytes.fromhex(items)
        elif type(container) is set:
            container.update([self.unpack(one) for one in items])
        else:
            container.extend([self.unpack(one) for one in items])

    def _again(self, place: int) -> Any:
        return self.containers[place]

    def _back(self, place: int) -> Any:
        return self.ours[place]

    def _yours(self, number: int) -> Any:
        return self.peer.shown[number]

    def _name(self, module: str, name: str) -> Any:
        return self._believed(find(module, name, guarded=self.peer.guarded))

    def _believed(self, found: Any) -> Any:
        """A value that the program has named. Refuses an exception class that would catch a failing assert: in the
        tests, `except Full` uses the program's class."""
        if found is MISSING or (self.peer.guarded and found in _CATCHING):
            raise KeyError(found)
        return found

    def _value(self, module: str, name: str, parts: list[Any]) -> Any:
        if (module, name) not in VALUES:
            raise KeyError(name)
        return find(module, name, guarded=False)(*[self.unpack(part) for part in parts])

    def _shown(self, number: int, kind: str, content: Any, class_: list[Any]) -> Any:
        value = self.unpack(content)
        if kind in CONSTANT and type(value) is not KINDS[kind]:
            raise KeyError(kind)
        return self.peer.stand_in(number, kind, value, class_)

    def _error_class(self, classes: list[Any]) -> type[BaseException]:
        made: type[BaseException] = self._believed(unpacked_class(self.peer, classes))
        return made

    def _error(self, classes: list[Any], arguments: list[Any], attributes: list[Any], own: int | None) -> BaseException:
        values = [self.unpack(one) for one in arguments]
        kind, content = classes
        error_class = unpacked_class(self.peer, content) if kind == "error class" else self.unpack(classes)
        error = unpacked_error(self.peer, error_class, values, own)
        for name, packed in attributes:
            set_attribute(error, name, self.unpack(packed))
        return error


_KINDS: dict[str, Callable[..., Any]] = {
    "int": Unpacker._int,
    "tuple": Unpacker._tuple,
    "frozenset": Unpacker._frozenset,
    "bytes": Unpacker._bytes,
    "complex": Unpacker._complex,
    "container": Unpacker._container,
    "again": Unpacker._again,
    "back": Unpacker._back,
    "yours": Unpacker._yours,
    "name": Unpacker._name,
    "value": Unpacker._value,
    "shown": Unpacker._shown,
    "error class": Unpacker._error_class,
    "error": Unpacker._error,
}

"""Values of one process as JSON for another: plain data by value, everything else by a number or by its name.

Nothing that a message says is executed. Values are made from the types in this module alone.
"""

from __future__ import annotations

import sys

from hornbook.oracles.two_processes.remote import BASES, VIEWS, Remote, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from hornbook.oracles.two_processes.peer import Peer

MUTABLE = (list, dict, set, bytearray)
FUNCTIONS = (type(len), type(lambda: 0))

# What crosses by its name: types and functions that compute, and nothing else.
PURE = {
    *("math", "cmath", "_operator", "operator", "itertools", "collections", "functools", "_functools", "fractions"),
    *("decimal", "datetime", "statistics", "string", "_heapq", "heapq", "_bisect", "bisect", "re", "copy", "textwrap"),
}
BUILTINS = {
    *("abs", "all", "any", "ascii", "bin", "callable", "chr", "divmod", "hash", "hex", "len", "max", "min", "oct"),
    *("ord", "pow", "repr", "round", "sorted", "sum"),
}


class Packer:
    """Values → what JSON holds. A container that comes again is told by its place, so that identity is kept."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.containers: list[Any] = []
        self.places: dict[int, list[Any]] = {}  # id of a container → how it is told
        self.kept: list[Any] = []  # or ids would be used again

    def receive(self, containers: list[Any]) -> None:
        """Containers that came from the other side are told by their places there."""
        self.kept = containers
        self.places |= {id(container): ["back", place] for place, container in enumerate(containers)}

    def pack(self, value: Any) -> Any:
        kind = type(value)
        if value is None or kind in (bool, float, str):
            return value
        if kind is int:
            return value if -(1 << 60) < value < 1 << 60 else ["int", hex(value)]
        if kind in MUTABLE:
            if id(value) not in self.places:
                self.places[id(value)] = ["again", len(self.containers)]
                self.containers.append(value)
                return self.pack_content(value)
            return self.places[id(value)]
        if kind in (tuple, frozenset):
            return [kind.__name__, [self.pack(one) for one in value]]
        if kind is bytes:
            return ["bytes", value.hex()]
        if kind is complex:
            return ["complex", value.real, value.imag]
        if kind is Remote:
            return ["yours", number_of(value)]
        return self._pack_named(value, kind) or self._pack_value(value, kind) or self._pack_shown(value)

    def pack_content(self, value: Any) -> list[Any]:
        kind = type(value)
        if kind is bytearray:
            return ["bytearray", value.hex()]
        if kind is dict:
            return ["dict", [[self.pack(key), self.pack(one)] for key, one in value.items()]]
        return [kind.__name__, [self.pack(one) for one in value]]

    def _pack_named(self, value: Any, kind: type) -> list[Any] | None:
        if value is NotImplemented or value is ...:
            return ["name", "builtins", "NotImplemented" if value is NotImplemented else "Ellipsis"]
        if kind is type(sys):
            return ["module", value.__name__] if value.__name__ in PURE else None
        if kind in FUNCTIONS or kind is type:
            module, name = getattr(value, "__module__", ""), getattr(value, "__qualname__", "")
            if type(module) is str and type(name) is str and named(module, name) is value:
                return ["name", module, name]
        return None

    def _pack_value(self, value: Any, kind: type) -> list[Any] | None:
        key = (kind.__module__, kind.__qualname__)
        if key in VALUES and named(*key) is kind:
            return ["value", *key, [self.pack(part) for part in VALUES[key](value)]]
        return None

    def _pack_shown(self, value: Any) -> list[Any]:
        """A number for what stays here."""
        peer = self.peer
        if id(value) not in peer.numbers:
            peer.numbers[id(value)] = len(peer.shown)
            peer.shown[len(peer.shown)] = value
        number = peer.numbers[id(value)]
        if isinstance(value, type) and issubclass(value, BaseException):
            return ["error class", self._classes(value)]
        base = next((base.__name__ for base in BASES if isinstance(value, base)), "")
        return ["shown", number, "view" if isinstance(value, VIEWS) else base]

    def pack_error(self, error: BaseException) -> list[Any]:
        attributes = [
            [name, self.pack(value)] for name, value in vars(error).items() if type(name) is str and name[:2] != "__"
        ]
        return [self._classes(type(error)), [self.pack(one) for one in error.args], attributes]

    def _classes(self, error_class: type[BaseException]) -> list[list[Any]]:
        """Its own classes by number, up to the first that is Python's."""
        told: list[list[Any]] = []
        for one in error_class.__mro__:
            if named(one.__module__, one.__qualname__) is one:
                return [*told, [one.__module__, one.__qualname__]]
            if id(one) not in self.peer.numbers:
                self.peer.numbers[id(one)] = len(self.peer.shown)
                self.peer.shown[len(self.peer.shown)] = one
            told.append([self.peer.numbers[id(one)], one.__name__])
        return [*told, ["builtins", "Exception"]]


class Unpacker:
    """What JSON holds → values. `containers` are the lists, dictionaries … in the order in which they came."""

    def __init__(self, peer: Peer, ours: Sequence[Any] = ()) -> None:
        self.peer, self.ours = peer, ours
        self.containers: list[Any] = []

    def unpack(self, packed: Any) -> Any:
        if type(packed) is not list:
            return packed
        kind, *rest = packed
        return getattr(self, f"_{kind}".replace(" ", "_"))(*rest)

    def _int(self, digits: str) -> int:
        return int(digits, 16)

    def _list(self, items: list[Any]) -> list[Any]:
        made: list[Any] = []
        self.containers.append(made)
        made += [self.unpack(one) for one in items]
        return made

    def _dict(self, items: list[Any]) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        self.containers.append(made)
        for key, one in items:
            made[self.unpack(key)] = self.unpack(one)
        return made

    def _set(self, items: list[Any]) -> set[Any]:
        made: set[Any] = set()
        self.containers.append(made)
        made.update([self.unpack(one) for one in items])
        return made

    def _bytearray(self, digits: str) -> bytearray:
        made = bytearray.fromhex(digits)
        self.containers.append(made)
        return made

    def _tuple(self, items: list[Any]) -> tuple[Any, ...]:
        return tuple([self.unpack(one) for one in items])

    def _frozenset(self, items: list[Any]) -> frozenset[Any]:
        return frozenset([self.unpack(one) for one in items])

    def _bytes(self, digits: str) -> bytes:
        return bytes.fromhex(digits)

    def _complex(self, real: float, imaginary: float) -> complex:
        return complex(real, imaginary)

    def _again(self, place: int) -> Any:
        return self.containers[place]

    def _back(self, place: int) -> Any:
        return self.ours[place]

    def _yours(self, number: int) -> Any:
        return self.peer.shown[number]

    def _module(self, name: str) -> Any:
        return __import__(name) if name in PURE else self.peer.end()

    def _name(self, module: str, name: str) -> Any:
        found = named(module, name)
        return self.peer.end() if found is named else found

    def _value(self, module: str, name: str, parts: list[Any]) -> Any:
        if (module, name) not in VALUES:
            self.peer.end()
        return named(module, name)(*[self.unpack(part) for part in parts])

    def _shown(self, number: int, base: str) -> Remote:
        if number not in self.peer.remotes:
            self.peer.remotes[number] = Remote(self.peer, number, base)
        return self.peer.remotes[number]

    def _error_class(self, classes: list[Any]) -> type[BaseException]:
        return self.peer.error_class(classes)


def named(module: str, name: str) -> Any:
    """A type or a function of Python that may cross by its name; `named` itself, which is none, where it may not."""
    if module == "builtins":
        found = vars(sys.modules["builtins"]).get(name, named)
        fine = isinstance(found, type) or name in BUILTINS or name in ("NotImplemented", "Ellipsis")
        return found if fine else named
    if module not in PURE:
        return named
    try:
        found = __import__(module)
        for part in name.split("."):
            found = vars(found)[part]
    except (ImportError, KeyError, TypeError):
        return named
    return found if isinstance(found, (type, *FUNCTIONS)) else named


# What is made again from plain parts.
VALUES: dict[tuple[str, str], Callable[[Any], tuple[Any, ...]]] = {
    ("builtins", "range"): lambda v: (v.start, v.stop, v.step),
    ("builtins", "slice"): lambda v: (v.start, v.stop, v.step),
    ("decimal", "Decimal"): lambda v: (str(v),),
    ("fractions", "Fraction"): lambda v: (v.numerator, v.denominator),
    ("datetime", "date"): lambda v: (v.year, v.month, v.day),
    ("datetime", "time"): lambda v: (v.hour, v.minute, v.second, v.microsecond),
    ("datetime", "datetime"): lambda v: (v.year, v.month, v.day, v.hour, v.minute, v.second, v.microsecond),
    ("datetime", "timedelta"): lambda v: (v.days, v.seconds, v.microseconds),
    ("collections", "deque"): lambda v: (list(v), v.maxlen),
    ("collections", "Counter"): lambda v: (dict(v),),
    ("collections", "OrderedDict"): lambda v: (list(v.items()),),
    ("collections", "defaultdict"): lambda v: (v.default_factory, dict(v)),
}

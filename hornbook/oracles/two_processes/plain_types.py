"""The types that an object of the other process may have, and the names of its attributes and operators."""

from __future__ import annotations

import _operator as operator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

BASES: tuple[type, ...] = (int, float, complex, str, bytes, tuple, frozenset, list, dict, set, bytearray)
CONSTANT = frozenset(["int", "float", "complex", "str", "bytes", "tuple", "frozenset"])
VIEWS: dict[str, type] = {f"dict_{name}": type(getattr({}, name)()) for name in ("keys", "values", "items")}


async def _coroutine() -> None: ...


def _kinds() -> dict[str, type]:
    waiting = _coroutine()
    waiting.close()
    generator = type((lambda: (yield))())
    known: tuple[type, ...] = (type(waiting), type(_kinds), generator, type([].append), type(iter([])), type)
    return {one.__name__: one for one in (*BASES, *VIEWS.values(), *known, map, filter, zip, enumerate, reversed)}


KINDS = _kinds()  # the types that a proxy may report as its __class__, for isinstance only
PLAIN = frozenset([base.__name__ for base in BASES] + list(VIEWS))
ITERATORS = frozenset(name for name, kind in KINDS.items() if hasattr(kind, "__next__"))

# Methods that change an object; the others give the same result in either process.
MUTATORS = {
    *("append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse", "update", "add", "discard"),
    *("setdefault", "popitem", "intersection_update", "difference_update", "symmetric_difference_update"),
}
# Methods that answer yes or no to a test: the program is never asked them about a result.
PREDICATES = {name for base in (str, set, float) for name in dir(base) if name[:2] == "is" or name[-4:] == "with"}
# Double-underscore attributes that are requested from the other process; others could expose an object's memory.
REMOTE_DUNDERS = {
    *("__name__", "__qualname__", "__doc__", "__module__", "__dict__", "__annotations__", "__wrapped__", "__slots__"),
    *("__members__", "__bases__", "__mro__", "__defaults__", "__dataclass_fields__", "__match_args__", "__self__"),
}

COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
BINARY = (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "xor", "lshift", "rshift", "and", "or"),
    "divmod",
)
UNARY = ("neg", "pos", "abs", "invert")
OPERATORS: dict[str, Callable[..., Any]] = {
    name: divmod if name == "divmod" else getattr(operator, f"{name}_" if name in ("and", "or") else name)
    for name in (*COMPARISONS, *BINARY, *UNARY)
}


class ProxyClass(type):
    """Metaclass of proxy classes. `type(x).__name__` is right, and so is `type(x) == Point`, where Point is the class
    itself, requested from the other process, or a plain type."""

    class_number: int = -1
    stands_for: Any = type(None)

    def __eq__(cls, other: Any) -> bool:
        if is_theirs(other):
            return bool(cls.class_number == number_of(other))
        return cls is other or other is cls.stands_for

    def __hash__(cls) -> int:
        return id(cls)


def is_theirs(value: Any) -> bool:
    """Whether it is a proxy of an object of the other process."""
    return isinstance(type(value), ProxyClass)


def number_of(value: Any) -> int:
    """The number that a proxy's object has in the other process."""
    number: int = object.__getattribute__(value, "_number")
    return number

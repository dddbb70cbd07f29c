"""The operations that one process can request on an object of the other."""

from __future__ import annotations

import _operator as operator

from hornbook.oracles.two_processes.plain_types import BASES, OPERATORS, VIEWS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

MOST_ITEMS = 100_000  # items sent in one message; a larger object is iterated remotely
_EVERYTHING = slice(None)
_PLAIN: dict[type, Callable[[Any], Any]] = {
    **dict.fromkeys(VIEWS.values(), list),
    int: int.__int__,
    float: float.__float__,
    complex: lambda value: complex.__add__(value, 0),
    str: str.__str__,
    bytes: lambda value: bytes.__getitem__(value, _EVERYTHING),
    tuple: lambda value: tuple.__getitem__(value, _EVERYTHING),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
    list: lambda value: list.__getitem__(value, _EVERYTHING),
    dict: dict.copy,
    set: lambda value: set(set.__iter__(value)),
    bytearray: lambda value: bytearray.__getitem__(value, _EVERYTHING),
}


def base_of(value: Any) -> str:
    """The name of the plain type or view that a value's class derives from; "" if none."""
    kind = type(value)  # its __class__ may lie
    return next((base.__name__ for base in (*BASES, *VIEWS.values()) if issubclass(kind, base)), "")


def plain_value(value: Any) -> Any:
    """The value as the plain type that its class derives from, by that type's own methods; else NotImplemented."""
    for base, made in _PLAIN.items():
        if issubclass(type(value), base):
            return made(value)
    return NotImplemented


def items(value: Any) -> Any:
    """All items of an object: a dictionary if it has keys, else a list. NotImplemented if it has too many, is an
    iterator or cannot be iterated."""
    kind = type(value)
    if hasattr(kind, "__next__") or not (hasattr(kind, "__iter__") or hasattr(kind, "__getitem__")):
        return NotImplemented
    with_keys = hasattr(kind, "keys") and hasattr(kind, "__getitem__")
    found = []
    for one in value:
        found.append(one)
        if len(found) > MOST_ITEMS:
            return NotImplemented
    return {key: value[key] for key in found} if with_keys else found


def _exit(value: Any, error: Any) -> Any:
    return type(value).__exit__(value, None if error is None else type(error), error, None)


def _async_exit(value: Any, error: Any) -> Any:
    return type(value).__aexit__(value, None if error is None else type(error), error, None)


def _operate(value: Any, name: str, other: Any, reflected: bool) -> Any:
    return OPERATORS[name](other, value) if reflected else OPERATORS[name](value, other)


def _copied(value: Any, how: str) -> Any:
    import copy

    return getattr(copy, how)(value)


_LOOP: list[Any] = []  # the only event loop, used for all awaits


def _awaited(value: Any) -> Any:
    import asyncio

    async def waiting() -> Any:
        return await value

    if not _LOOP:
        _LOOP.append(asyncio.new_event_loop())
        asyncio.set_event_loop(_LOOP[0])
    coroutine: Coroutine[Any, Any, Any] = waiting()
    return _LOOP[0].run_until_complete(coroutine)


OPERATIONS: dict[str, Callable[..., Any]] = {
    "getattr": getattr,
    "setattr": setattr,
    "delattr": delattr,
    "dir": dir,
    "call": lambda function, arguments, options: function(*arguments, **options),
    "getitem": operator.getitem,
    "setitem": operator.setitem,
    "delitem": operator.delitem,
    "len": len,
    "iter": iter,
    "next": next,
    "reversed": reversed,
    "contains": operator.contains,
    "bool": bool,
    "int": int,
    "float": float,
    "complex": complex,
    "index": operator.index,
    "enter": lambda value: type(value).__enter__(value),
    "exit": _exit,
    "await": _awaited,
    "async enter": lambda value: type(value).__aenter__(value),
    "async exit": _async_exit,
    "async iter": lambda value: type(value).__aiter__(value),
    "async next": lambda value: type(value).__anext__(value),
    "isinstance": isinstance,
    "issubclass": issubclass,
    "str": str,
    "repr": repr,
    "format": format,
    "hash": hash,
    "copy": lambda value: _copied(value, "copy"),
    "deepcopy": lambda value: _copied(value, "deepcopy"),
    "plain": plain_value,
    "items": items,
    "operate": _operate,
    "operate alone": lambda value, name: OPERATORS[name](value),
}
# Mutable results of these are sent as proxies, not by value, because the tests may change them.
PARTS = frozenset(["getattr", "getitem", "lookup"])
# Operations that may change an object.
CHANGES = frozenset(
    [
        "call",
        "run there",
        "setattr",
        "delattr",
        "setitem",
        "delitem",
        "enter",
        "exit",
        "await",
        "async enter",
        "async exit",
    ]
)

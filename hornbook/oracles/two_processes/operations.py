"""What each side can be asked to do with an object that it has shown to the other."""

from __future__ import annotations

import _operator as operator

from hornbook.oracles.two_processes.kinds import BASES, OPERATORS, VIEWS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

MOST_ITEMS = 100_000  # of an object that are told at once; what has more is gone through one by one
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
    """The plain type or the view that a value is at bottom."""
    kind = type(value)  # its __class__ may say anything
    return next((base.__name__ for base in (*BASES, *VIEWS.values()) if issubclass(kind, base)), "")


def plain(value: Any) -> Any:
    """The value as the plain type that it is at bottom, by that type's own methods; NotImplemented if it is none."""
    for base, made in _PLAIN.items():
        if issubclass(type(value), base):
            return made(value)
    return NotImplemented


def items(value: Any) -> Any:
    """All that is in an object: a dictionary for one with keys, else a list. NotImplemented if it has no end, is an
    iterator or cannot be gone through."""
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


_LOOP: list[Any] = []  # the one event loop in which everything is awaited


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
    "plain": plain,
    "items": items,
    "operate": _operate,
    "operate alone": lambda value, name: OPERATORS[name](value),
}
# What these give of an object is shown itself, where it may change, for the tests may change it.
PARTS = frozenset(["getattr", "getitem", "lookup"])
# After these an object may hold something else than before.
CHANGES = frozenset(
    ["call", "there", "setattr", "delattr", "setitem", "delitem", "enter", "exit", "await", "async enter", "async exit"]
)

"""Exceptions of the other process: Python's own as themselves, the program's own as proxy classes.

A proxy class derives from the nearest exception class of Python, so that `except ValueError` catches what the program
derives from it; and the class itself, looked up in the program by name, catches its own.
"""

from __future__ import annotations

from hornbook.oracles.two_processes.plain_types import PREDICATES, number_of
from hornbook.oracles.two_processes.remote import Remote, ask, is_remote
from hornbook.oracles.two_processes.values import MISSING, find, importable_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hornbook.oracles.two_processes.peer import Peer


class ErrorClass(type):
    """Metaclass of the proxy classes. Calling one makes the exception in its own process, where its __init__ runs."""

    remote: Remote

    def __call__(cls, *arguments: Any, **options: Any) -> Any:
        return ask("call", cls.remote, arguments, options)

    def __getattr__(cls, name: str) -> Any:
        return _asked(cls.__dict__.get("remote"), name)


def _asked(remote: Any, name: str) -> Any:
    if not is_remote(remote) or name[:2] == "__" or name in PREDICATES:
        raise AttributeError(name)
    return ask("getattr", remote, name)


def _attribute(self: BaseException, name: str) -> Any:
    return _asked(self.__dict__.get("_remote"), name)


def _text(self: BaseException) -> str:
    remote = self.__dict__.get("_remote")
    return BaseException.__str__(self) if remote is None else str(ask("str", remote))


_OF_INSTANCES = {"__module__": "solution", "__getattr__": _attribute, "__str__": _text}


def packed_class(peer: Peer, error_class: Any) -> list[Any]:
    """An exception class as a message: its own classes by number and name, up to the first that is Python's."""
    if isinstance(error_class, ErrorClass):
        return ["yours", number_of(error_class.remote)]
    classes: list[list[Any]] = []
    for one in error_class.__mro__:
        name = importable_name(one, guarded=not peer.guarded)
        if name:
            return ["error class", [*classes, list(name)]]
        classes.append([peer.show(one), one.__name__])
    return ["error class", [*classes, ["builtins", "Exception"]]]


def unpacked_class(peer: Peer, classes: list[Any]) -> Any:
    module, named = classes[-1]
    base: Any = find(module, named, guarded=peer.guarded)
    if base is MISSING or not (isinstance(base, type) and issubclass(base, BaseException)):
        base = Exception
    for number, name in reversed(classes[:-1]):
        if number not in peer.error_classes:
            remote = Remote(peer, number, "type")
            made: Any = ErrorClass(str(name), (base,), {**_OF_INSTANCES, "remote": remote})
            peer.error_classes[number] = made
        base = peer.error_classes[number]
    return base


def unpacked_error(peer: Peer, error_class: Any, arguments: list[Any], own: int | None) -> Any:
    """An exception of the class; `own` is its number in the other process if its class is not Python's."""
    if not (isinstance(error_class, type) and issubclass(error_class, BaseException)):
        raise TypeError("no exception class")
    if own is not None and own in peer.errors:
        return peer.errors[own]
    try:
        whole = not isinstance(error_class, ErrorClass)
        error = error_class(*arguments) if whole else error_class.__new__(error_class, *arguments)
    except Exception:
        error = Exception()
    error.args = tuple(arguments)
    if own is not None:
        error.__dict__["_remote"] = Remote(peer, own, "")
        peer.errors[own] = error
    return error


def error_number(error: BaseException) -> int | None:
    """The number that an exception from the other process has there; None for any other."""
    remote: Any = error.__dict__.get("_remote")
    return number_of(remote) if is_remote(remote) else None


def may_set(name: Any) -> bool:
    if type(name) is not str or hasattr(BaseException, name) or name in PREDICATES:
        return False
    return name[:1] != "_" or name == "__notes__"


def set_attribute(error: BaseException, name: Any, value: Any) -> None:
    if may_set(name) or name == "__cause__":
        try:
            setattr(error, name, value)
        except (AttributeError, TypeError):  # Python checks the types of its own attributes
            return

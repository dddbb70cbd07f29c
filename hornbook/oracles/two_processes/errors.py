"""Exceptions of the other process: Python's own as themselves, the program's own as classes made here.

A class made here stands below the nearest class of Python's, so that `except ValueError` catches what the program
derives from it, and the class itself, asked of the program by its name, catches its own.
"""

from __future__ import annotations

from hornbook.oracles.two_processes.kinds import SAYING, number_of
from hornbook.oracles.two_processes.remote import Remote, ask, is_remote
from hornbook.oracles.two_processes.values import MISSING, find, name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hornbook.oracles.two_processes.peer import Peer


class ErrorClass(type):
    """The type of classes made here. Calling one makes the exception over there, so that its own __init__ runs."""

    remote: Remote

    def __call__(cls, *arguments: Any, **options: Any) -> Any:
        return ask("call", cls.remote, arguments, options)

    def __getattr__(cls, name: str) -> Any:
        return _asked(cls.__dict__.get("remote"), name)


def _asked(remote: Any, name: str) -> Any:
    if not is_remote(remote) or name[:2] == "__" or name in SAYING:
        raise AttributeError(name)
    return ask("getattr", remote, name)


def _attribute(self: BaseException, name: str) -> Any:
    return _asked(self.__dict__.get("_remote"), name)


def _text(self: BaseException) -> str:
    remote = self.__dict__.get("_remote")
    return BaseException.__str__(self) if remote is None else str(ask("str", remote))


_OF_INSTANCES = {"__module__": "solution", "__getattr__": _attribute, "__str__": _text}


def told_class(peer: Peer, error_class: Any) -> list[Any]:
    """An exception class for a message: its own classes by number and name, up to the first that is Python's."""
    if isinstance(error_class, ErrorClass):
        return ["yours", number_of(error_class.remote)]
    told: list[list[Any]] = []
    for one in error_class.__mro__:
        name = name_of(one, guarded=not peer.guarded)
        if name:
            return ["error class", [*told, list(name)]]
        told.append([peer.show(one), one.__name__])
    return ["error class", [*told, ["builtins", "Exception"]]]


def made_class(peer: Peer, classes: list[Any]) -> Any:
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


def made_error(peer: Peer, error_class: Any, arguments: list[Any], own: int | None) -> Any:
    """An exception of the class; `own` is its number over there, where its class is not one of Python's."""
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


def number_in(error: BaseException) -> int | None:
    """The number over there of an exception that came from there."""
    remote: Any = error.__dict__.get("_remote")
    return number_of(remote) if is_remote(remote) else None


def may_set(name: Any) -> bool:
    if type(name) is not str or hasattr(BaseException, name) or name in SAYING:
        return False
    return name[:1] != "_" or name == "__notes__"


def set_attribute(error: BaseException, name: Any, value: Any) -> None:
    if may_set(name) or name == "__cause__":
        try:
            setattr(error, name, value)
        except (AttributeError, TypeError):  # Python's own attributes have types of their own
            return

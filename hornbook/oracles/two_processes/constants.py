"""Proxies of immutable objects whose class derives from str, int, tuple …: named tuples, members of an IntEnum.

A proxy is an instance of a local subclass of the plain type. Only attributes that the plain type lacks are requested
from the other process.
"""

from __future__ import annotations

from hornbook.oracles.two_processes.plain_types import BINARY, KINDS, PREDICATES, REMOTE_DUNDERS, ProxyClass, is_theirs
from hornbook.oracles.two_processes.remote import ask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from hornbook.oracles.two_processes.peer import Peer


class ConstantClass(ProxyClass):
    """Metaclass of the proxy classes for subclasses of immutable plain types."""


def constant_class(kind: str, number: int, name: str) -> ConstantClass:
    content = {"class_number": number, "__module__": "solution", **_METHODS, **_operators(KINDS[kind])}
    return ConstantClass(str(name), (KINDS[kind],), content)


def constant(peer: Peer, constant_class: Any, number: int, value: Any) -> Any:
    """A proxy of the object with this number, with its plain value."""
    made = constant_class.__new__(constant_class, value)
    made.__dict__.update(_peer=peer, _number=number, _plain=value)
    return made


def _getattr(self: Any, name: str) -> Any:
    if (name[:2] == "__" and name not in REMOTE_DUNDERS) or name in PREDICATES:
        raise AttributeError(name)
    return ask("getattr", self, name)


_METHODS: dict[str, Callable[..., Any]] = {
    "__getattr__": _getattr,
    "__setattr__": lambda self, name, value: ask("setattr", self, name, value),
    "__str__": lambda self: str(ask("str", self)),
    "__repr__": lambda self: str(ask("repr", self)),
    "__format__": lambda self, form: str(ask("format", self, form)),
    "__copy__": lambda self: self,
    "__deepcopy__": lambda self, memory: self,
}


def _operators(base: type) -> dict[str, Callable[[Any, Any], Any]]:
    """Operators: two remote objects are combined in their own process, a remote object and a local value here."""

    def two_sided(name: str) -> Callable[[Any, Any], Any]:
        own = getattr(base, f"__{name}__", lambda self, other: NotImplemented)
        return lambda self, other: ask("operate", self, name, other, False) if is_theirs(other) else own(self, other)

    return {f"__{name}__": two_sided(name) for name in BINARY}

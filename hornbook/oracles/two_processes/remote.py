"""A proxy of an object that lives in the other process.

The program must not decide whether its own result is right. So of an object that a function returned, the program is
only asked for its parts; comparing it, or computing with it and a value of the tests, is done here. Objects that the
tests made themselves by calling a class of the program use that class's operators (`Vector(1, 2) * 3`); comparing them
with a value of the tests is done here as well.
"""

from __future__ import annotations

import _operator as operator

from hornbook.oracles.two_processes.plain_types import (
    BINARY,
    COMPARISONS,
    CONSTANT,
    ITERATORS,
    KINDS,
    MUTATORS,
    OPERATORS,
    PLAIN,
    PREDICATES,
    REMOTE_DUNDERS,
    UNARY,
    VIEWS,
    ProxyClass,
    is_theirs,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from hornbook.oracles.two_processes.peer import Peer

get, _set = object.__getattribute__, object.__setattr__


class RemoteClass(ProxyClass):
    """Metaclass of `Remote` and of its subclasses, one for each class of the other process."""


def is_remote(value: Any) -> bool:
    return type(type(value)) is RemoteClass


class Remote(metaclass=RemoteClass):
    """A proxy of an object of the other process.

    Attributes (read with `get`):
        _peer, _number: its connection, and its number in the other process.
        _kind: the name of the plain type that it derives from, or of another type of KINDS, or "".
        _origin: "class" for a class that the tests may instantiate, "instance" for such an instance, or "".
        _content: its cached content, with the time of reading.
        _used: "", "as a stream" or "by index": a result may be read in one way only, or the two could differ; "up"
            for an exhausted iterator.
    """

    __slots__ = ("_content", "_kind", "_number", "_origin", "_peer", "_used")
    _peer: Peer
    _number: int
    _kind: str
    _origin: str
    _content: tuple[int, Any]
    _used: str

    def __init__(self, peer: Peer, number: int, kind: str, content: tuple[int, Any] = (-1, None)) -> None:
        _set(self, "_peer", peer)
        _set(self, "_number", number)
        _set(self, "_kind", kind)
        _set(self, "_content", content)
        _set(self, "_origin", "")
        _set(self, "_used", "")

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":
            return KINDS.get(get(self, "_kind"), type(self))
        if name[:2] == "__" and name not in REMOTE_DUNDERS:
            return get(self, name)
        return _attribute(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        ask("setattr", self, name, value)

    def __delattr__(self, name: str) -> None:
        ask("delattr", self, name)

    def __dir__(self) -> Any:
        return ask("dir", self)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        made = ask("call", self, arguments, options)
        return _own(made) if get(self, "_origin") == "class" else made

    def __getitem__(self, key: Any) -> Any:
        whole = _whole(self)
        if type(whole) is dict and key not in whole:
            return ask("getitem", self, key)
        if whole is not NotImplemented and (type(whole) is dict or isinstance(key, (int, slice))):
            found = whole[key]
            inside = isinstance(found, (list, dict, set, bytearray)) and not isinstance(key, slice)
            return ask("getitem", self, key) if inside else found  # a mutable item must be the program's own
        _use(self, "by index")
        return ask("getitem", self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        ask("setitem", self, key, value)

    def __delitem__(self, key: Any) -> None:
        ask("delitem", self, key)

    def __len__(self) -> int:
        whole = _whole(self)
        if whole is not NotImplemented:
            return len(whole)
        length = int(ask("len", self))
        _use(self, "by index")
        return length

    def __iter__(self) -> Any:
        whole = _whole(self)
        if whole is not NotImplemented:
            return iter(whole)
        if get(self, "_kind") in ITERATORS:
            return self
        found = ask("iter", self)
        if found is self:
            return self
        _use(self, "as a stream", once=True)
        return iter(found)

    def __next__(self) -> Any:
        if get(self, "_used") == "up":  # an exhausted iterator must stay exhausted
            raise StopIteration
        _use(self, "as a stream")
        if get(self, "_kind") == "coroutine":
            raise StopIteration(ask("await", self))
        try:
            return ask("next", self)
        except StopIteration:
            if not delegates(self):
                _set(self, "_used", "up")
            raise

    def __reversed__(self) -> Any:
        whole = _whole(self)
        return iter(ask("reversed", self)) if whole is NotImplemented else reversed(whole)

    def __contains__(self, item: Any) -> bool:
        if delegates(self):
            return bool(ask("contains", self, item))
        whole = _whole(self)
        return item in whole if whole is not NotImplemented else any(item is one or item == one for one in self)

    def __bool__(self) -> bool:
        value = local(self)
        return bool(ask("bool", self) if value is self else value)

    def __enter__(self) -> Any:
        return ask("enter", self)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> Any:
        return ask("exit", self, error)

    def __await__(self) -> Any:
        return ask("await", self)
        yield

    async def __aenter__(self) -> Any:
        return ask("await", ask("async enter", self))

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> Any:
        return ask("await", ask("async exit", self, error))

    def __aiter__(self) -> Any:
        return ask("async iter", self)

    async def __anext__(self) -> Any:
        return ask("await", ask("async next", self))

    def __instancecheck__(self, value: Any) -> bool:
        return is_theirs(value) and bool(ask("isinstance", value, self))

    def __subclasscheck__(self, value: Any) -> bool:
        return is_theirs(value) and bool(ask("issubclass", value, self))

    def __mro_entries__(self, bases: Any) -> Any:
        raise TypeError("a class of the program cannot be the base of a class of the tests")

    def __str__(self) -> str:
        return str(ask("str", self))

    def __repr__(self) -> str:
        return str(ask("repr", self))

    def __format__(self, form: str) -> str:
        return str(ask("format", self, form))

    def __hash__(self) -> int:
        value = local(self)
        return int(ask("hash", self)) if value is self else hash(value)

    def __int__(self) -> int:
        return int(_number_in(self, "int"))

    def __float__(self) -> float:
        return float(_number_in(self, "float"))

    def __complex__(self) -> complex:
        return complex(_number_in(self, "complex"))

    def __index__(self) -> int:
        return operator.index(_number_in(self, "index"))

    def __round__(self, digits: int | None = None) -> Any:
        return round(_number_in(self, "float"), digits)

    def __copy__(self) -> Any:
        return _like(self, ask("copy", self))

    def __deepcopy__(self, memory: Any) -> Any:
        return _like(self, ask("deepcopy", self))

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError("an object of the program cannot be pickled by the tests")


def ask(what: str, remote: Any, *values: Any) -> Any:
    return get(remote, "_peer").ask(what, remote, *values)


def delegates(remote: Any) -> bool:
    """Whether the object's own operators are used: for objects of the tests, and for those that the tests made by
    calling a class of the program."""
    return is_remote(remote) and (get(remote, "_origin") != "" or not get(remote, "_peer").guarded)


def local(value: Any) -> Any:
    """The plain value of a remote object whose class derives from a plain type; any other value as it is."""
    if not is_remote(value):
        return value
    kind = get(value, "_kind")
    if kind in CONSTANT:
        return get(value, "_content")[1]
    if kind not in PLAIN:
        return value
    content = _read(value, "plain")
    if type(content) is not (list if kind in VIEWS else KINDS[kind]):
        get(value, "_peer").end()
    return _AS_VIEW[kind](content) if kind in VIEWS else content


# Views are sent as lists.
_AS_VIEW: dict[str, Callable[[Any], Any]] = {
    "dict_keys": lambda items: dict.fromkeys(items).keys(),
    "dict_values": lambda items: dict(enumerate(items)).values(),
    "dict_items": lambda items: dict(items).items(),
}


def _read(remote: Remote, what: str) -> Any:
    """The object's content, requested again only if something may have changed it."""
    peer = get(remote, "_peer")
    time, content = get(remote, "_content")
    if time != peer.changes:
        content = ask(what, remote)
        _set(remote, "_content", (peer.changes, content))
    return content


def _whole(remote: Remote) -> Any:
    """All items of a finite result, as a list or a dictionary. NotImplemented if it has too many, is an iterator or
    cannot be iterated, or if its own class's methods are used."""
    if delegates(remote):
        return NotImplemented
    value = local(remote)
    if value is not remote:
        return NotImplemented if isinstance(value, (int, float, complex)) else value
    if get(remote, "_used") or get(remote, "_kind") in ITERATORS:
        return NotImplemented
    found = _read(remote, "items")
    return found if type(found) in (list, dict) else NotImplemented


def _use(remote: Remote, way: str, once: bool = False) -> None:
    if delegates(remote):
        return
    used = get(remote, "_used")
    if used and (once or used != way):
        raise TypeError(f"an object of the program is read {way}, after {used}")
    _set(remote, "_used", way)


def _own(value: Any) -> Any:
    return get(value, "_peer").own(value) if is_theirs(value) else value


def _like(remote: Remote, value: Any) -> Any:
    return _own(value) if get(remote, "_origin") == "instance" else value


def _attribute(remote: Remote, name: str) -> Any:
    found = ask("getattr", remote, name)
    if delegates(remote) or not (is_remote(found) or callable(found)):
        return found
    value = local(remote)
    if value is remote:
        if name in PREDICATES:
            raise AttributeError(f"{name}: not supported on an object of the program")
        return found
    return getattr(value, name) if hasattr(type(value), name) and name not in MUTATORS else found


def _number_in(remote: Remote, what: str) -> Any:
    value = local(remote)
    if value is not remote:
        return value
    if delegates(remote):
        return ask(what, remote)
    raise TypeError("an object of the program was used where a number is expected")


def _two_sided(name: str, reflected: bool = False) -> Callable[[Any, Any], Any]:
    compares = name in COMPARISONS

    def method(self: Remote, other: Any) -> Any:
        if is_theirs(other):
            return _of_two(self, name, other)
        if delegates(self) and not (compares and get(self, "_peer").guarded):
            return _own(ask("operate", self, name, other, reflected))
        value = local(self)
        if value is self:  # Python then finds them unequal, unless an object of the tests decides otherwise
            return NotImplemented
        return OPERATORS[name](other, value) if reflected else OPERATORS[name](value, other)

    def _of_two(self: Remote, name: str, other: Any) -> Any:
        asked = delegates(self) or delegates(other)
        value, others = (self, other) if asked else (local(self), local(other))
        if is_remote(value) or is_remote(others) or not compares:
            result = ask("operate", self, name, other, False)
            return _own(result) if asked else result
        return OPERATORS[name](value, others)

    return method


def _one_sided(name: str) -> Callable[[Any], Any]:
    def method(self: Remote) -> Any:
        value = local(self)
        if delegates(self) or value is self:
            return _like(self, ask("operate alone", self, name))
        return OPERATORS[name](value)

    return method


for _name in COMPARISONS:
    setattr(Remote, f"__{_name}__", _two_sided(_name))
for _name in BINARY:
    setattr(Remote, f"__{_name}__", _two_sided(_name))
    setattr(Remote, f"__r{_name}__", _two_sided(_name, reflected=True))
for _name in UNARY:
    setattr(Remote, f"__{_name}__", _one_sided(_name))

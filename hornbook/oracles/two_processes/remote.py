"""An object that lives in the other process, and what can be done with it there."""

from __future__ import annotations

import _operator as operator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from hornbook.oracles.two_processes.peer import Peer

BASES: tuple[type, ...] = (int, float, complex, str, bytes, tuple, frozenset, list, dict, set, bytearray)
VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))


class Remote:
    """Attributes, calls and items are asked of the other process. Comparing or computing with a value of this process
    is not, or a program could return an object that equals everything.

    `base` names the plain type that the object is at bottom ("" if none): as a value of that type it is compared and
    computed with here. Two remote objects without one are compared and combined there: they are both the program's.
    """

    __slots__ = ("_base", "_number", "_peer")
    _base: str
    _number: int
    _peer: Peer

    def __init__(self, peer: Peer, number: int, base: str) -> None:
        for name, value in (("_peer", peer), ("_number", number), ("_base", base)):
            object.__setattr__(self, name, value)

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":
            return _TYPES.get(object.__getattribute__(self, "_base"), Remote)
        return _ask("getattr", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        _ask("setattr", self, name, value)

    def __delattr__(self, name: str) -> None:
        _ask("delattr", self, name)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return _ask("call", self, arguments, options)

    def __getitem__(self, key: Any) -> Any:
        return _ask("getitem", self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        _ask("setitem", self, key, value)

    def __delitem__(self, key: Any) -> None:
        _ask("delitem", self, key)

    def __len__(self) -> int:
        return int(_ask("len", self))

    def __iter__(self) -> Any:
        view = object.__getattribute__(self, "_base") == "view"  # as a set it would lose its order
        value = self if view else local(self)
        return iter(_ask("iter", self) if value is self else value)

    def __next__(self) -> Any:
        return _ask("next", self)

    def __contains__(self, item: Any) -> bool:
        value = local(self)
        if value is not self:
            return item in value
        return bool(_ask("contains", self, item)) if type(item) is Remote else any(item == one for one in self)

    def __bool__(self) -> bool:
        return bool(_ask("bool", self))

    def __enter__(self) -> Any:
        return _ask("call", _ask("getattr", self, "__enter__"), (), {})

    def __exit__(self, *error: Any) -> Any:
        return _ask("call", _ask("getattr", self, "__exit__"), (None, None, None), {})

    def __instancecheck__(self, value: Any) -> bool:
        return type(value) is Remote and bool(_ask("isinstance", value, self))

    def __subclasscheck__(self, value: Any) -> bool:
        return type(value) is Remote and bool(_ask("issubclass", value, self))

    def __str__(self) -> str:
        return str(_ask("str", self))

    def __repr__(self) -> str:
        return str(_ask("repr", self))

    def __format__(self, form: str) -> str:
        return str(_ask("format", self, form))

    def __hash__(self) -> int:
        value = local(self)
        return int(_ask("hash", self)) if value is self else hash(value)

    def __int__(self) -> int:
        return int(_number_in(self))

    def __float__(self) -> float:
        return float(_number_in(self))

    def __complex__(self) -> complex:
        return complex(_number_in(self))

    def __index__(self) -> int:
        return operator.index(_number_in(self))

    def __round__(self, digits: int | None = None) -> Any:
        return round(_number_in(self), digits)

    def __reduce__(self) -> Any:
        raise TypeError("an object of the program cannot be copied or pickled by the tests")

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memory: Any) -> Any:
        return self


def number_of(remote: Remote) -> int:
    number: int = object.__getattribute__(remote, "_number")
    return number


def _ask(what: str, remote: Remote, *values: Any) -> Any:
    return object.__getattribute__(remote, "_peer").ask(what, remote, *values)


def local(value: Any) -> Any:
    """The plain value that a remote object is at bottom; any other value as it is."""
    if type(value) is not Remote or not object.__getattribute__(value, "_base"):
        return value
    found = _ask("plain", value)
    return value if found is NotImplemented else found


def _number_in(remote: Remote) -> Any:
    value = local(remote)
    if value is remote:
        raise TypeError("an object of the program, where a number is expected")
    return value


def _two_sided(name: str, reflected: bool = False) -> Callable[[Any, Any], Any]:
    def method(self: Remote, other: Any) -> Any:
        mine, others = local(self), local(other)
        if type(mine) is Remote and type(others) is Remote:
            return _ask("operate", mine, name, others)
        if type(mine) is Remote or type(others) is Remote:  # never asked of the program: it could say anything
            return {"eq": False, "ne": True}.get(name, NotImplemented)
        return OPERATORS[name](others, mine) if reflected else OPERATORS[name](mine, others)

    return method


def _one_sided(name: str) -> Callable[[Any], Any]:
    def method(self: Remote) -> Any:
        value = local(self)
        return _ask("operate", value, name) if value is self else OPERATORS[name](value)

    return method


COMPARING = ("eq", "ne", "lt", "le", "gt", "ge")
COMBINING = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "xor", "lshift", "rshift", "and", "or")
ALONE = ("neg", "pos", "abs", "invert")
OPERATORS = {
    name: getattr(operator, f"{name}_" if name in ("and", "or") else name) for name in (*COMPARING, *COMBINING, *ALONE)
}
for _name in COMPARING:
    setattr(Remote, f"__{_name}__", _two_sided(_name))
for _name in COMBINING:
    setattr(Remote, f"__{_name}__", _two_sided(_name))
    setattr(Remote, f"__r{_name}__", _two_sided(_name, reflected=True))
for _name in ALONE:
    setattr(Remote, f"__{_name}__", _one_sided(_name))
_TYPES = {base.__name__: base for base in BASES} | {"view": Remote}


def plain(value: Any) -> Any:
    """The value as the plain type that it is at bottom, by that type's own methods; NotImplemented if it is none."""
    for base in (*VIEWS, *BASES):
        if isinstance(value, base):
            return _PLAIN[base](value)
    return NotImplemented


_EVERYTHING = slice(None)
_PLAIN: dict[type, Callable[[Any], Any]] = {
    VIEWS[0]: set,
    VIEWS[1]: list,
    VIEWS[2]: set,
    int: int.__int__,
    float: float.__float__,
    complex: lambda v: complex.__add__(v, 0),
    str: str.__str__,
    bytes: lambda v: bytes.__getitem__(v, _EVERYTHING),
    tuple: lambda v: tuple.__getitem__(v, _EVERYTHING),
    frozenset: lambda v: frozenset(frozenset.__iter__(v)),
    list: lambda v: list.__getitem__(v, _EVERYTHING),
    dict: dict.copy,
    set: lambda v: set(set.__iter__(v)),
    bytearray: lambda v: bytearray.__getitem__(v, _EVERYTHING),
}


# What each side can be asked to do with its objects.
OPERATIONS: dict[str, Callable[..., Any]] = {
    "getattr": getattr,
    "setattr": setattr,
    "delattr": delattr,
    "call": lambda function, arguments, options: function(*arguments, **options),
    "getitem": operator.getitem,
    "setitem": operator.setitem,
    "delitem": operator.delitem,
    "len": len,
    "iter": iter,
    "next": next,
    "contains": operator.contains,
    "bool": bool,
    "isinstance": isinstance,
    "issubclass": issubclass,
    "str": str,
    "repr": repr,
    "format": format,
    "hash": hash,
    "plain": plain,
    "operate": lambda value, name, *other: OPERATORS[name](value, *other),
}

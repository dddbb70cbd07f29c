"""What the program may do with objects of the tests: call functions, iterate, use public attributes.

Frames, code objects and global names are out of reach: they are attributes of functions and generators, which can only
be called or iterated, or their names begin with an underscore.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MODULE = "tests"  # the `__module__` of what the tests define
# Library objects that the program may use as freely as objects of the tests' own classes, by their type's module.
_USABLE = {
    *("io", "_io", "types", "random", "re", "array", "unittest.mock", "itertools", "functools", "operator", "string"),
    *("collections", "ipaddress", "queue", "_queue", "threading", "_thread", "contextlib", "statistics", "zoneinfo"),
}


def _no_method(self: Any) -> None: ...


_CALLED: tuple[type, ...] = (type(_no_method), type(len), type([].append), type(_no_method.__get__(1)), type(str.upper))
_VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))
_WITH_NAME = ("getattr", "setattr", "delattr")


def may(what: str, values: list[Any]) -> bool:
    """Whether the program may request the operation `what` on `values`, of which the first is the tests'."""
    if not values:
        return False
    target = values[0]
    if what in ("input", "read line"):  # the argument is what was printed before
        return type(target) is str
    if isinstance(target, _CALLED):
        return what == "call" or (what == "getattr" and values[1] in ("__name__", "__qualname__", "__doc__"))
    if isinstance(target, _VIEWS):
        return what not in _WITH_NAME
    if isinstance(target, type):
        usable = target.__module__ == MODULE and what not in ("setattr", "delattr", "setitem", "delitem")
    else:
        module = type(target).__module__
        usable = module == MODULE or module in _USABLE
    if not usable:
        return what in ("iter", "next") and hasattr(type(target), "__next__")
    return what not in _WITH_NAME or (type(values[1]) is str and values[1][:1] != "_")

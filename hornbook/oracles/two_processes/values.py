"""Types of the standard library whose values are sent by value or by name."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MISSING: Any = object()
MODULE = type(sys)
NAMED: tuple[type, ...] = (
    type(len),
    type(lambda: 0),
    type(str.upper),
    type(int.__add__),
    type,
)  # types whose values are sent by name

# What the program may send to the tests by name: only types and functions that compute.
_MODULES = {
    *("math", "cmath", "_operator", "operator", "itertools", "collections", "functools", "_functools", "fractions"),
    *("decimal", "datetime", "statistics", "string", "_heapq", "heapq", "_bisect", "bisect", "re", "copy", "textwrap"),
    *("uuid", "pathlib", "numbers"),
}
_FROM_BUILTINS = {
    *("abs", "all", "any", "ascii", "bin", "callable", "chr", "divmod", "hash", "hex", "len", "max", "min", "oct"),
    *("ord", "pow", "repr", "round", "sorted", "sum"),
}
_ENDS_TESTS = {"unittest", "doctest", "bdb"}  # an exception of theirs may end a test without failing it


def importable_name(value: Any, guarded: bool) -> tuple[str, str] | None:
    """(module, name) by which the other process can find a function, type or module.

    `guarded`: the other process is the tests' (see `find`).
    """
    if type(value) is MODULE:
        return (value.__name__, "") if find(value.__name__, "", guarded) is value else None
    owner = getattr(value, "__objclass__", None) or getattr(value, "__self__", None)
    module = getattr(owner if isinstance(owner, type) else value, "__module__", None)
    name = getattr(value, "__qualname__", None)
    if type(module) is not str or type(name) is not str:
        return None
    found = find(module, name, guarded)
    return (module, name) if type(found) is type(value) and (found is value or found == value) else None


def find(module: str, name: str, guarded: bool) -> Any:
    """A function, type or module of the standard library by its name; MISSING if there is none.

    Guarded: the program has sent the name, and anything that can do more than compute is MISSING.
    """
    if type(module) is not str or type(name) is not str or module.partition(".")[0] not in sys.stdlib_module_names:
        return MISSING
    if guarded and not name:
        return MISSING
    if guarded and module != "builtins" and module not in _MODULES:
        return _exception(module, name)
    try:
        found = holder = _module(module)
        for part in name.split(".") if name else []:
            if guarded and part[:1] == "_" and module != "builtins":
                return MISSING
            holder, found = found, getattr(found, part)
            if not isinstance(found, NAMED):
                return found if found is NotImplemented or found is ... else MISSING
    except (ImportError, AttributeError):
        return MISSING
    if guarded and not _computes(module, name, holder, found):
        return MISSING
    return found


def _module(name: str) -> Any:
    __import__(name)
    return sys.modules[name]


def _computes(module: str, name: str, holder: Any, found: Any) -> bool:
    if isinstance(holder, type):  # a method
        return "__" not in name
    if isinstance(found, type):
        return found.__module__ == "builtins" or found.__module__ in _MODULES
    return name in _FROM_BUILTINS if module == "builtins" else found.__module__ in _MODULES


def _exception(module: str, name: str) -> Any:
    """An exception of a module that the tests have imported themselves."""
    found = getattr(sys.modules.get(module), name, None)
    fine = isinstance(found, type) and issubclass(found, BaseException) and module.partition(".")[0] not in _ENDS_TESTS
    return found if fine else MISSING


def _moment(value: Any) -> tuple[Any, ...]:
    return (value.year, value.month, value.day, *_hours(value))


def _hours(value: Any) -> tuple[Any, ...]:
    return (value.hour, value.minute, value.second, value.microsecond, value.tzinfo)


# Immutable values, by type: the arguments from which the other process makes them again.
VALUES: dict[tuple[str, str], Callable[[Any], tuple[Any, ...]]] = {
    ("builtins", "range"): lambda v: (v.start, v.stop, v.step),
    ("builtins", "slice"): lambda v: (v.start, v.stop, v.step),
    ("decimal", "Decimal"): lambda v: (str(v),),
    ("fractions", "Fraction"): lambda v: (v.numerator, v.denominator),
    ("datetime", "date"): lambda v: (v.year, v.month, v.day),
    ("datetime", "time"): _hours,
    ("datetime", "datetime"): _moment,
    ("datetime", "timedelta"): lambda v: (v.days, v.seconds, v.microseconds),
    ("datetime", "timezone"): lambda v: (v.utcoffset(None), v.tzname(None)),
    ("zoneinfo", "ZoneInfo"): lambda v: (v.key,),
    ("uuid", "UUID"): lambda v: (v.hex,),
    ("pathlib", "PosixPath"): lambda v: (str(v),),
    ("pathlib", "PurePosixPath"): lambda v: (str(v),),
}

# Mutable containers, by type: the arguments that make an empty one.
CONTAINERS: dict[tuple[str, str], Callable[[Any], tuple[Any, ...]]] = {
    ("builtins", "list"): lambda v: (),
    ("builtins", "dict"): lambda v: (),
    ("builtins", "set"): lambda v: (),
    ("builtins", "bytearray"): lambda v: (),
    ("collections", "deque"): lambda v: ((), v.maxlen),
    ("collections", "Counter"): lambda v: (),
    ("collections", "OrderedDict"): lambda v: (),
    ("collections", "defaultdict"): lambda v: (v.default_factory,),
}
_CROSSES_AS: dict[type, str] = {}


def crosses_as(kind: type) -> str:
    """How values of exactly this type are sent: "container", "value", or "" for neither."""
    if kind not in _CROSSES_AS:
        _CROSSES_AS[kind] = _crosses_as(kind)
    return _CROSSES_AS[kind]


def _crosses_as(kind: type) -> str:
    key = (kind.__module__, kind.__qualname__)
    if (key in CONTAINERS or key in VALUES) and find(*key, guarded=False) is kind:
        return "container" if key in CONTAINERS else "value"
    return ""

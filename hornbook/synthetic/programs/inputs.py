"""Generate arguments for a function: types are guessed from annotations, defaults, and use."""

import ast
import re
from collections.abc import Callable

import numpy as np

GUESSED = 0.75  # probability of the guessed type if there is no annotation, as the guess may be wrong
WORDS = ["apple", "banana", "cat", "Dog", "hello", "world", "Python", "tree", "a", "xyz", "level", "Radar", "two"]
Make = Callable[[np.random.Generator], object]


def _integer(rng: np.random.Generator) -> int:
    return int(rng.choice([0, 1, 2, 3, 5, 7, 10, -1, -4, 12, 20, 100, int(rng.integers(-50, 200))]))


def _number(rng: np.random.Generator) -> float:
    return round(float(rng.normal(0, 10)), 2)


def _text(rng: np.random.Generator) -> str:
    extra = ["", " ", "a b c", "3", "12", "A-B_c", "x=1, y=2", "the cat sat on the mat", "Hello, World!", "(a(b)c)"]
    return str(rng.choice(extra)) if rng.random() < 0.5 else " ".join(rng.choice(WORDS, int(rng.integers(1, 4))))


def _list_of(make: Make) -> Make:
    return lambda rng: [make(rng) for _ in range(int(rng.integers(0, 7)))]


MAKERS: dict[str, Make] = {
    "int": _integer,
    "str": _text,
    "list[int]": _list_of(_integer),
    "list[str]": _list_of(lambda rng: str(rng.choice(WORDS))),
    "float": _number,
    "bool": lambda rng: bool(rng.integers(2)),
    "dict": lambda rng: {str(rng.choice(WORDS)): _integer(rng) for _ in range(int(rng.integers(0, 4)))},
    "list[list[int]]": lambda rng: [[_integer(rng) for _ in range(3)] for _ in range(int(rng.integers(1, 4)))],
    "None": lambda rng: None,
}
# A parameter's type by methods called on it and functions called with it.
METHODS = {method: kind for kind, methods in {
    "str": "split strip lower upper startswith endswith replace join lstrip rstrip isdigit title splitlines find",
    "list[int]": "append sort pop extend insert remove reverse",
    "dict": "items keys values get setdefault",
}.items() for method in methods.split()}  # fmt: skip
FUNCTIONS = {"range": "int", "len": "list[int]", "sum": "list[int]", "sorted": "list[int]", "max": "list[int]",
             "min": "list[int]", "enumerate": "list[str]", "abs": "int", "chr": "int", "ord": "str", "divmod": "int",
             "sqrt": "int", "isqrt": "int", "gcd": "int", "sub": "str", "match": "str", "search": "str",
             "findall": "str", "split": "str", "int": "str", "float": "str", "set": "list[int]"}  # fmt: skip
NAMES = {"n": "int", "m": "int", "k": "int", "num": "int", "number": "int", "count": "int", "size": "int", "i": "int",
         "limit": "int", "s": "str", "text": "str", "string": "str", "name": "str", "line": "str", "word": "str",
         "key": "str", "path": "str", "lst": "list[int]", "arr": "list[int]", "nums": "list[int]",
         "numbers": "list[int]", "values": "list[int]", "items": "list[int]", "words": "list[str]", "d": "dict",
         "matrix": "list[list[int]]", "x": "int", "y": "int", "a": "int", "b": "int"}  # fmt: skip

ANNOTATED = {"List": "list", "Sequence": "list", "Iterable": "list", "Collection": "list", "Dict": "dict",
             "Mapping": "dict", "tuple": "list", "Tuple": "list"}  # fmt: skip


def calls(function: ast.FunctionDef, rng: np.random.Generator, count: int) -> list[str]:
    """`count` argument tuples as Python text, for the positional parameters (sometimes without those with defaults)."""
    wanted = function.args.posonlyargs + function.args.args
    required = len(wanted) - len(function.args.defaults)
    guesses = [(guess(function, argument), bool(_annotated(argument))) for argument in wanted]
    kinds = list(MAKERS)
    made = []
    for _ in range(count):
        given = len(wanted) if required == 0 or rng.random() < 0.5 else required
        chosen = [
            kind if kind and (sure or rng.random() < GUESSED) else kinds[int(rng.integers(len(kinds)))]
            for kind, sure in guesses[:given]
        ]
        made.append(repr(tuple(MAKERS[kind](rng) for kind in chosen)))
    return list(dict.fromkeys(made))


def guess(function: ast.FunctionDef, argument: ast.arg) -> str:
    """The name of the likely type among MAKERS; "" if unknown."""
    return (
        _annotated(argument)
        or _by_default(function, argument)
        or _by_use(function, argument.arg)
        or NAMES.get(argument.arg, "")
    )


def _annotated(argument: ast.arg) -> str:
    text = ast.unparse(argument.annotation).strip("'\"") if argument.annotation else ""
    outer = re.match(r"(?:typing\.)?(?:Optional\[)?(\w+)(?:\[(?:typing\.)?(\w+))?", text)
    if outer is None:
        return ""
    name, inner = ANNOTATED.get(outer[1], outer[1]), outer[2]
    whole = f"list[{inner}]" if name == "list" else name
    return whole if whole in MAKERS else "list[int]" if name == "list" else ""


def _by_default(function: ast.FunctionDef, argument: ast.arg) -> str:
    wanted = function.args.posonlyargs + function.args.args
    defaults = dict(zip([one.arg for one in wanted][::-1], function.args.defaults[::-1], strict=False))
    default = defaults.get(argument.arg)
    kind = type(default.value).__name__ if isinstance(default, ast.Constant) and default.value is not None else ""
    return kind if kind in MAKERS else ""


def _by_use(function: ast.FunctionDef, name: str) -> str:
    def is_it(node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and node.id == name

    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and is_it(node.value):
            return METHODS.get(node.attr, "")
        if isinstance(node, ast.Call) and any(map(is_it, node.args)):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in FUNCTIONS:
                return FUNCTIONS[called]
        if isinstance(node, ast.For | ast.comprehension) and is_it(node.iter):
            return "list[int]"
        if isinstance(node, ast.BinOp | ast.Compare):
            left, *others = [node.left, *(node.comparators if isinstance(node, ast.Compare) else [node.right])]
            sides = [left, *others]
            if any(map(is_it, sides)):
                other = next((side for side in sides if isinstance(side, ast.Constant)), None)
                kind = type(other.value).__name__ if other else ""
                if kind in MAKERS and kind != "None":
                    return kind
    return ""

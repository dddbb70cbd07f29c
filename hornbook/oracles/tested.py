"""What tests say without being run: the names that they expect of the program, and whether they test anything."""

import ast
import builtins
import symtable
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

BUILTINS = frozenset(dir(builtins))


class Tested(NamedTuple):
    """The tests of a question, ready to run.

    Attributes:
        tests: texts, run one after another.
        wanted: names that the program must define: what the tests use and nobody else defines.
        helpers: the part of the question's header that the tests may use: its imports and its complete functions.
    """

    tests: list[str]
    wanted: list[str]
    helpers: str


def tested(tests: list[str], setup: list[str], prefix: str, entry_point: str) -> Tested:
    """Raises ValueError for tests that test nothing, and for a text that is not Python."""
    trees = [_parsed(text, f"test {number}") for number, text in enumerate(tests, 1)]
    for text in setup:
        _parsed(text, "the set-up")
    tests = [_without_runner(text, tree) for text, tree in zip(tests, trees, strict=True)]
    if _defines_check(trees) and not _calls(trees, "check"):
        if not entry_point:
            raise ValueError("the tests define check, and nothing calls it")
        tests = [*tests, f"check({entry_point})"]
    if not any(_decides(tree) for tree in trees):
        raise ValueError("the tests test nothing: no assert, no raise")
    helpers = _helpers(prefix, entry_point)
    everything = [*setup, *tests]
    known = _defined([*everything, helpers])
    used = list(dict.fromkeys(name for text in everything for name in _free_names(text)))
    modules = {name for name in used if name in sys.stdlib_module_names and _only_read_from(trees, name)}
    wanted = [name for name in used if name not in known and name not in BUILTINS and name not in modules]
    if not wanted:  # functions may have the names of builtins: what is called then is the program's
        wanted = [name for name in used if name in BUILTINS and _calls(trees, name) and name not in known]
        wanted = wanted[:1]  # the first name of the first test: what stands outside
    imports = "".join(f"import {name}\n" for name in sorted(modules - known))
    return Tested(tests, wanted, imports + helpers)


def _parsed(text: str, what: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"{what} is not Python: {type(error).__name__}: {error}") from None


def _free_names(text: str) -> Iterator[str]:
    """Global names that a text reads, in their order."""
    seen = set()
    table = symtable.symtable(text, "tests", "exec")
    tables = [table]
    while tables:
        here = tables.pop()
        tables += here.get_children()
        seen |= {symbol.get_name() for symbol in here.get_symbols() if symbol.is_global() or here is table}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name) and node.id in seen:
            yield node.id


def _defined(texts: Iterable[str]) -> set[str]:
    """Names that the texts bind at their top level."""
    found = set()
    for text in texts:
        for symbol in symtable.symtable(text, "tests", "exec").get_symbols():
            if symbol.is_assigned() or symbol.is_imported():
                found.add(symbol.get_name())
    return found


def _helpers(prefix: str, entry_point: str) -> str:
    """Imports, constants, classes and complete functions of a header; the function to be written is not among them."""
    for ending in ("", "\n    pass\n"):
        try:
            tree = ast.parse(prefix + ending)
            break
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    else:
        return ""
    kept = [node for node in tree.body if not _to_be_written(node, entry_point)]
    return ast.unparse(ast.Module(kept, []))


def _to_be_written(node: ast.stmt, entry_point: str) -> bool:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return isinstance(node, ast.Expr)
    if node.name == entry_point:
        return True
    bodies = (
        [node.body]
        if not isinstance(node, ast.ClassDef)
        else [inner.body for inner in node.body if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)]
    )
    return any(all(isinstance(line, ast.Expr | ast.Pass) for line in body) for body in bodies)


def _decides(tree: ast.Module) -> bool:
    """Whether something in it can fail: an assert, a raise, or a call of some assertEqual, raises, fail …"""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and not (isinstance(node.test, ast.Constant) and node.test.value):
            return True
        if isinstance(node, ast.Raise):
            return True
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name.lower().startswith(("assert", "raises", "fail", "testmod", "exit")):
                return True
    return False


def _defines_check(trees: list[ast.Module]) -> bool:
    return any(isinstance(node, ast.FunctionDef) and node.name == "check" for tree in trees for node in tree.body)


def _calls(trees: list[ast.Module], name: str) -> bool:
    calls = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
    return any(isinstance(call.func, ast.Name) and call.func.id == name for call in calls)


def _only_read_from(trees: list[ast.Module], name: str) -> bool:
    """Whether the tests use a name only as `name.something`: as a module, then."""
    whole = attributes = 0
    for tree in trees:
        for node in ast.walk(tree):
            whole += isinstance(node, ast.Name) and node.id == name
            attributes += isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name
    return whole == attributes > 0


def _without_runner(text: str, tree: ast.Module) -> str:
    """The text without `unittest.main()`, `pytest.main()` at its top level: what is there is run anyway."""
    kept = [node for node in tree.body if not _is_runner(node)]
    return text if len(kept) == len(tree.body) else ast.unparse(ast.Module(kept, []))


def _is_runner(node: ast.stmt) -> bool:
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        return False
    return ast.unparse(node.value.func) in ("unittest.main", "pytest.main")

"""Parse the source of tests, and rewrite it for running against a program in another process."""

import ast
import symtable
from collections.abc import Collection, Iterator
from typing import NamedTuple, TypeGuard

_RUNNING = {"eval", "exec", "pickle.loads", "pickle.load", "marshal.loads"}  # functions that run code from data
# Functions that inspect an object more deeply than its proxy supports.
_INSPECTING = {"asdict", "astuple", "fields", "is_dataclass", "signature", "getsource", "isgeneratorfunction"}
_INSPECTING |= {f"{module}.{name}" for name in _INSPECTING for module in ("dataclasses", "inspect")}


class PythonSource(NamedTuple):
    """Python source and its syntax tree."""

    source: str
    tree: ast.Module


def parse_python(source: str, what: str) -> PythonSource:
    """Raises ValueError for a text that is not Python."""
    try:
        return PythonSource(source, ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"{what} is not Python: {type(error).__name__}: {error}") from None


def free_names(text: PythonSource) -> Iterator[str]:
    """Global names that a text reads, in order."""
    seen = set()
    outermost = symtable.symtable(text.source, "tests", "exec")
    tables = [outermost]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        seen |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global() or table is outermost}
    for node in ast.walk(text.tree):
        if isinstance(node, ast.Name) and node.id in seen:
            yield node.id


def bound_names(text: PythonSource) -> set[str]:
    """Names that a text binds at its top level."""
    symbols = symtable.symtable(text.source, "tests", "exec").get_symbols()
    return {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()}


def as_run(text: PythonSource, known: Collection[str]) -> str:
    """The text as a main program, without `unittest.main()` (tests are collected anyway), and hardened against the
    program (see `_Strict`). `known` are the names of functions that are not the program's."""
    lines = [line for node in text.tree.body for line in (node.body if _is_main(node) else [node])]
    kept = [line for line in lines if not _is_runner(line)]
    strict = _Strict(known)
    tree = strict.visit(ast.Module(kept, []))
    return ast.unparse(tree) if strict.changed or kept != text.tree.body else text.source


def _is_main(node: ast.stmt) -> TypeGuard[ast.If]:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("__name__ == '__main__'", "'__main__' == __name__")


def _is_runner(node: ast.stmt) -> bool:
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        return False
    called = [ast.unparse(part.func) for part in ast.walk(node) if isinstance(part, ast.Call)]
    return any(name in ("unittest.main", "pytest.main") for name in called)


class _Strict(ast.NodeTransformer):
    """Rewrites tests so that a program cannot influence their result.

    `assert f(x) == sorted(x)` becomes `assert f(_copied(x)) == sorted(x)`: a program that empties the list and returns
    it must fail. An argument is copied only where the same comparison, or the same call of assertEqual or the like,
    reads it again outside the call.
    `with f(x) as y: assert y == 3` becomes `with _propagating(f(x)) as y: ...`: the program's __exit__ must not
    suppress a failure inside.
    `eval(f(x))` becomes `_in_program(eval, f(x))`, run in the program's process: its code must not run in the tests'.
    `asdict(f(x))` becomes `_where_it_is(asdict, f(x))`, run in the process that owns the object.
    """

    def __init__(self, known: Collection[str]) -> None:
        self.known, self.changed = known, False

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        if not any(isinstance(operator, ast.Is | ast.IsNot) for operator in node.ops):
            self._copy([node.left, *node.comparators])
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if _is_assertion(node.func):
            self._copy(node.args)
        called = ast.unparse(node.func) if isinstance(node.func, ast.Name | ast.Attribute) else ""
        self.generic_visit(node)
        if not node.args or isinstance(node.args[0], ast.Constant):
            return node
        wrapper = ""
        if called in _RUNNING:
            wrapper = "_in_program"
        elif called in _INSPECTING and self._is_known(node):
            wrapper = "_where_it_is"
        if not wrapper:
            return node
        self.changed = True
        return ast.Call(ast.Name(wrapper, ast.Load()), [node.func, *node.args], node.keywords)

    def visit_With(self, node: ast.With) -> ast.AST:
        inside = [part for line in node.body for part in ast.walk(line)]
        called = [part.func for part in inside if isinstance(part, ast.Call)]
        if any(isinstance(part, ast.Assert) for part in inside) or any(map(_is_assertion, called)):
            for item in node.items:
                if isinstance(item.context_expr, ast.Call | ast.Name) and not self._is_known(item.context_expr):
                    item.context_expr = _call("_propagating", item.context_expr)
                    self.changed = True
        return self.generic_visit(node)

    def _copy(self, sides: list[ast.expr]) -> None:
        calls: list[ast.Call] = []
        read: set[str] = set()
        for side in sides:
            nodes = list(ast.walk(side))
            found = [node for node in nodes if isinstance(node, ast.Call) and not self._is_known(node)]
            calls += found
            if not found:
                read |= {node.id for node in nodes if isinstance(node, ast.Name)}
        for call in calls:
            again = [isinstance(argument, ast.Name) and argument.id in read for argument in call.args]
            self.changed |= any(again)
            call.args = [_call("_copied", one) if copied else one for one, copied in zip(call.args, again, strict=True)]

    def _is_known(self, node: ast.expr) -> bool:
        function = node.func if isinstance(node, ast.Call) else node
        while isinstance(function, ast.Attribute):
            function = function.value
        return isinstance(function, ast.Name) and function.id in self.known


def _is_assertion(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and function.attr.startswith("assert")


def _call(name: str, argument: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(name, ast.Load()), [argument], [])

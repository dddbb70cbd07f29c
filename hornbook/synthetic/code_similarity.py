"""Similarity of two pieces of code without running them: by syntax trees, ignoring variable names and layout, and by
common tokens."""

import ast
import difflib
import re
import warnings
from collections import Counter

TOKEN = re.compile(r"[A-Za-z]+|\d+|[^\w\s]")  # snake_case names are split


def parse_function(code: str, name: str) -> ast.FunctionDef | None:
    """The function `name` in the code, else its first function; None if nothing parses.

    Lines after the last that parses (prose, a cut-off line) are left out.
    """
    lines = code.split("\n")
    while lines:
        tree = _parse("\n".join(lines))
        found = [node for node in tree.body if isinstance(node, ast.FunctionDef)] if tree else []
        if found:
            return next((node for node in found if node.name == name), found[0])
        lines.pop()
    return None


def _parse(code: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def similarity(one: ast.FunctionDef, other: ast.FunctionDef) -> float:
    """In [0, 1]: the share of matching nodes of the two bodies, in order; 1 if they differ only in variable names."""
    return difflib.SequenceMatcher(None, _shape(one), _shape(other), autojunk=False).ratio()


def token_similarity(one: str, other: str) -> float:
    """In [0, 1]: the share of tokens that two pieces of code have in common, with multiplicity."""
    mine, theirs = (Counter(TOKEN.findall(code)) for code in (one, other))
    return 2 * (mine & theirs).total() / max(1, mine.total() + theirs.total())


def _shape(function: ast.FunctionDef) -> list[str]:
    """The body's nodes in order, with operators, constants, attributes and names of callees.

    Variables are numbered by first use, so that renaming them changes nothing.
    """
    numbers: dict[str, int] = {}
    for argument in [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]:
        numbers.setdefault(argument.arg, len(numbers))
    assigned = {
        node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    shape: list[str] = []

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.expr_context):
            return
        shape.append(type(node).__name__ + _meaning(node, assigned, numbers))
        for child in ast.iter_child_nodes(node):
            visit(child)

    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    for statement in body:
        visit(statement)
    return shape


def _meaning(node: ast.AST, assigned: set[str], numbers: dict[str, int]) -> str:
    if isinstance(node, ast.Name):
        if node.id in assigned or node.id in numbers:
            return f":{numbers.setdefault(node.id, len(numbers))}"
        return f":{node.id}"
    if isinstance(node, ast.Constant):
        return f":{node.value!r}"
    if isinstance(node, ast.Attribute):
        return f":{node.attr}"
    return ""

"""The header of a question: what it defines completely, and what is left to be written."""

import ast


def helpers_in(header: str, entry_point: str) -> tuple[str, dict[str, bool]]:
    """Its imports, constants and complete functions; and the names to be written, with whether they are classes.

    To be written are the entry point, or without one the last that is defined, and what has no body. Nothing comes of a
    header that is not Python.
    """
    tree = _parsed(header)
    defined = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    named = [node for node in defined if node.name == entry_point] if entry_point else defined[-1:]
    open_ones = [node for node in defined if node in named or _has_no_body(node)]
    kept = [node for node in tree.body if node not in open_ones and not isinstance(node, ast.Expr)]
    names = {node.name: isinstance(node, ast.ClassDef) for node in open_ones}
    return ast.unparse(ast.Module(kept, [])), names


def _parsed(header: str) -> ast.Module:
    for ending in ("", "\n    pass\n"):
        try:
            return ast.parse(header + ending)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return ast.Module([], [])


def _has_no_body(node: ast.stmt) -> bool:
    inner = node.body if isinstance(node, ast.ClassDef) else [node]
    functions = [one for one in inner if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
    return any(all(isinstance(line, ast.Expr | ast.Pass | ast.Import) for line in one.body) for one in functions)

"""Split a Python file into its docstrings and its code without the long ones."""

import ast
from collections.abc import Iterator
from typing import NamedTuple

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


_CUT = "\0"  # marks a removed line, so that line numbers stay valid


class Docstring(NamedTuple):
    """A docstring or a long text of a module; `name` is its qualified name in the module, "" for the module itself."""

    name: str
    title: str
    text: str


def docstrings(tree: ast.Module, module: str, min_chars: int) -> list[Docstring]:
    """The docstrings of at least `min_chars` characters, in the file's order."""
    return [Docstring(name, _title(node, module, name), text) for node, name, text in _documented(tree, min_chars)]


def dictionary_texts(tree: ast.Module, min_chars: int) -> list[Docstring]:
    """Long texts in module-level dictionaries, such as the language reference in `pydoc_data.topics`."""
    found = []
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            for key, value in zip(node.value.keys, node.value.values, strict=True):
                text = value.value if isinstance(value, ast.Constant) else None
                if isinstance(key, ast.Constant) and isinstance(text, str) and len(text) >= min_chars:
                    found.append(Docstring(str(key.value), str(key.value), text.strip()))
    return found


def without_docstrings(source: str, tree: ast.Module, min_chars: int) -> str:
    """The source without the docstrings that `docstrings` returns, so that no text is trained on twice.

    A docstring stays where cutting it would leave an empty body.
    """
    lines = source.split("\n")
    for node, _, _ in _documented(tree, min_chars):
        first, end = node.body[0], node.body[0].end_lineno or 0
        begins_line = not lines[first.lineno - 1][: first.col_offset].strip()
        if begins_line and len(node.body) > 1 and node.body[1].lineno > end:
            lines[first.lineno - 1 : end] = [_CUT] * (end - first.lineno + 1)
    return "\n".join(line for line in lines if line is not _CUT)


def _documented(node: Documented, min_chars: int, name: str = "") -> Iterator[tuple[Documented, str, str]]:
    """Modules, classes and functions with a long docstring, as (node, qualified name, docstring)."""
    text = ast.get_docstring(node)
    if text and len(text) >= min_chars:
        yield node, name, text
    for child in node.body:
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _documented(child, min_chars, f"{name}.{child.name}" if name else child.name)


def _title(node: Documented, module: str, name: str) -> str:
    if isinstance(node, ast.Module):
        return module
    if isinstance(node, ast.ClassDef):
        return f"class {module}.{name}"
    return f"{module}.{name}({ast.unparse(node.args)})"

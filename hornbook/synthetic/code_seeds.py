"""Source code → self-contained functions: the seeds of kinds about code."""

import ast
import builtins
import warnings
from collections.abc import Iterator

from hornbook.base.records import Document, make_id
from hornbook.synthetic.passages import Passage

LINES = range(3, 21)  # of a function: shorter ones are trivial, longer ones too hard for a small teacher
KNOWN = frozenset(dir(builtins)) | {"math", "re", "random", "itertools", "collections"}


def functions(document: Document) -> list[Passage]:
    """The self-contained functions of a Python file as passages, in order; none for prose or what does not parse."""
    if document.kind != "code":
        return []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in other people's code
            tree = ast.parse(document.text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    return [_passage(document, node) for node in tree.body if isinstance(node, ast.FunctionDef) and _fits(node)]


def _fits(node: ast.FunctionDef) -> bool:
    """Whether it has no decorators, is public and not a test, returns something, and uses no outside names."""
    returns = any(isinstance(inner, ast.Return | ast.Yield) and inner.value for inner in ast.walk(node))
    size = (node.end_lineno or node.lineno) - node.lineno + 1
    public = not node.name.startswith("_") and "test" not in node.name
    return size in LINES and public and returns and not node.decorator_list and not foreign_names(node)


def foreign_names(node: ast.FunctionDef) -> list[str]:
    """Names that the function reads and that are neither its own, nor parameters, nor built-ins."""
    own = {node.name} | {argument.arg for argument in ast.walk(node) if isinstance(argument, ast.arg)}
    read = set()
    for name in _names(node):
        if isinstance(name.ctx, ast.Load):
            read.add(name.id)
        else:
            own.add(name.id)
    for inner in ast.walk(node):
        if isinstance(inner, ast.Import | ast.ImportFrom):
            own.update((alias.asname or alias.name).split(".")[0] for alias in inner.names)
        elif isinstance(inner, ast.FunctionDef | ast.ExceptHandler):
            own.add(inner.name or "")
    return sorted(read - own - KNOWN)


def _names(node: ast.AST) -> Iterator[ast.Name]:
    return (inner for inner in ast.walk(node) if isinstance(inner, ast.Name))


def _passage(document: Document, node: ast.FunctionDef) -> Passage:
    last = node.end_lineno or node.lineno
    text = without_docstring(ast.get_source_segment(document.text, node) or "")
    branches = sum(
        isinstance(inner, ast.If | ast.For | ast.While | ast.Try | ast.comprehension) for inner in ast.walk(node)
    )
    return Passage(
        id=make_id("passage", document.id, text),
        parents=[document.id],
        text=text,
        document=document.id,
        origin=f"{document.origin}:{node.name}",
        first_line=node.lineno,
        last_line=last,
        information="function",
        description=f"the function {node.name}",
        value=1.0,
        complexity=min(5, 1 + branches),
        language="python",
    )


def without_docstring(source: str) -> str:
    """The source of a function without its docstring, so that the answer is not given away."""
    node = ast.parse(source).body[0]
    if not isinstance(node, ast.FunctionDef) or ast.get_docstring(node) is None or len(node.body) < 2:
        return source
    lines = source.split("\n")
    documentation = node.body[0]
    first, last = documentation.lineno - 1, documentation.end_lineno or documentation.lineno
    while not lines[last].strip():
        last += 1
    del lines[first:last]
    return "\n".join(lines)

"""A statement cut out of a function, and how well something written fills the gap (report §D.2)."""

import ast
import textwrap
from collections.abc import Sequence

from hornbook.synthetic.code_similarity import parse_function, similarity
from hornbook.synthetic.programs.behaviour import CallExample, same_behaviour

GAP = "# the missing lines"
MOST_LINES = 8  # that are cut
CAN_BE_CUT = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.If, ast.For, ast.While, ast.Return, ast.Expr, ast.With)


class Cut:
    """A function with a statement cut out.

    Attributes:
        gapped: the function with a comment where the statement was.
        lines: what was cut, without its indentation.
    """

    def __init__(self, source: str, statement: ast.stmt) -> None:
        lines = source.split("\n")
        first, last = statement.lineno - 1, statement.end_lineno or statement.lineno
        self.indent = " " * statement.col_offset
        self.before, self.after = lines[:first], lines[last:]
        self.lines = textwrap.dedent("\n".join(lines[first:last]))
        self.gapped = "\n".join([*self.before, f"{self.indent}{GAP}", *self.after])

    def filled(self, written: str) -> str:
        """The function with these lines in the gap."""
        return "\n".join(
            [*self.before, textwrap.indent(textwrap.dedent(written).strip("\n"), self.indent), *self.after]
        )


def statements(source: str) -> list[ast.stmt]:
    """The statements that can be cut: on lines of their own, not too long, and not all that there is."""
    function = parse_function(source, "")
    if function is None:
        return []
    lines = source.split("\n")
    return [
        node
        for node in ast.walk(function)
        if isinstance(node, CAN_BE_CUT)
        and (node.end_lineno or node.lineno) - node.lineno < min(MOST_LINES, len(lines) - 2)
        and not lines[node.lineno - 1][: node.col_offset].strip()
        and not (isinstance(node, ast.If) and lines[node.lineno - 1][node.col_offset :].startswith("elif"))
    ]


def telling_cut(source: str, order: Sequence[ast.stmt], cases: Sequence[CallExample]) -> Cut | None:
    """The first of the cuts without which the function does something else; None when there is none."""
    for statement in order:
        cut = Cut(source, statement)
        empty = parsed(cut.filled("pass"))
        if empty and (not cases or same_behaviour(cut.filled("pass"), empty.name, cases) < 1):
            return cut
    return None


def hints_for(lines: str) -> list[str]:
    """More and more of the lines: how many and of what sort, the names and constants in them, the first of them."""
    names = sorted({node.id for node in ast.walk(ast.parse(lines)) if isinstance(node, ast.Name)})
    count = lines.count("\n") + 1
    first = lines.split("\n")[0]
    return [
        f"It is {count} line{'s' * (count > 1)} and begins with `{first.split()[0]}`.",
        f"It uses these names: {', '.join(names)}.",
        f"Its first line is `{first}`.",
    ]


def matching(written: str, cut: Cut, original: ast.FunctionDef, cases: Sequence[CallExample]) -> float:
    """How well the lines, or a whole function, fill the gap: the share of the cases in which the function then does
    what it did, or without cases the share that they win back of what the cut took from its syntax tree."""
    whole = parse_function(written, original.name)
    filled = whole if whole and whole.name == original.name else parsed(cut.filled(written))
    empty = parsed(cut.filled("pass"))
    if filled is None or empty is None:
        return 0.0
    if cases:
        return round(same_behaviour(ast.unparse(filled), original.name, cases), 4)
    nothing = similarity(original, empty)
    gain = (similarity(original, filled) - nothing) / (1 - nothing) if nothing < 1 else 0.0
    return round(max(0.0, gain), 4)


def parsed(source: str) -> ast.FunctionDef | None:
    """The function that the source is, to its last line; None where it does not parse."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError):
        return None
    return body[0] if len(body) == 1 and isinstance(body[0], ast.FunctionDef) else None

"""Linear equations in one unknown: move the constant, then divide."""

import re

from hornbook.synthetic.reasoning.task import Entry, Task, worked

# a*x, a*x + b, a*x - b, a - b*x, x + a ...; the right-hand side is a whole number
_TERM = re.compile(r"([-+]?)(?:(\d+)\*)?([a-z])|([-+]?)(\d+)")


def shorten(entry: Entry) -> str:
    return f"Solve for {entry['metadata']['variable']}: {entry['metadata']['equation']}"


def solve(entry: Entry) -> str:
    x = entry["metadata"]["variable"]
    left, right = entry["metadata"]["equation"].replace(" ", "").split("=")
    factor, constant = _linear(left)
    value, steps = int(right), []
    if constant:
        move = f"- {constant}" if constant > 0 else f"+ {-constant}"
        steps.append(f"{_times(factor, x)} = {value} {move} = {value - constant}")
        value -= constant
    if factor != 1:
        if factor == 0 or value % factor:
            raise ValueError("no whole solution")
        steps.append(f"{x} = {value} / {factor} = {value // factor}")
        value //= factor
    return worked(steps, value)


def _linear(expression: str) -> tuple[int, int]:
    """(a, b) of an expression a*x + b."""
    factor = constant = position = 0
    while position < len(expression):
        term = _TERM.match(expression, position)
        if term is None:
            raise ValueError(f"not a linear expression: {expression}")
        sign, number, variable, other_sign, other = term.groups()
        if variable:
            factor += int(f"{sign}{number or 1}")
        else:
            constant += int(f"{other_sign}{other}")
        position = term.end()
    return factor, constant


def _times(factor: int, variable: str) -> str:
    return variable if factor == 1 else f"-{variable}" if factor == -1 else f"{factor}*{variable}"


SIMPLE_EQUATIONS = Task(
    "simple_equations",
    {"min_terms": 2, "max_terms": 2, "min_value": 1, "max_value": 9},
    shorten=shorten,
    solve=solve,
)

"""Equations that a text states, computed exactly: a solution that says 3 + 4 = 8 is not kept (report §2.2)."""

import ast
import operator
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?")
EQUATION = re.compile(
    r"(?P<left>[-−]?[\d(][\d .,+\-−*/×÷^()]*?[+\-−*/×÷^][\d .,+\-−*/×÷^()]*?)"
    r"[ ]*=[ ]*\$?(?P<right>[-−]?\d[\d,]*(?:\.\d+)?)"
)
GOES_ON = re.compile(r"\S.*[+\-−*/×÷^%]\s*$|[\w.)]$")  # before it on its line: the expression began with an unknown
ROUNDED = Fraction(1, 200)  # relative error of what is not a whole number: 2 / 3 = 0.667
LARGEST_POWER = 64
OPERATORS: dict[type, Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class Equation(NamedTuple):
    """An equation in a text: where it stands, its two sides as written, and their values."""

    start: int
    end: int
    left: str
    right: str
    computed: Fraction
    stated: Fraction

    @property
    def holds(self) -> bool:
        if self.computed.denominator == 1 and self.stated.denominator == 1:
            return self.computed == self.stated
        return abs(self.computed - self.stated) <= ROUNDED * max(abs(self.computed), abs(self.stated))


def equations(text: str) -> Iterator[Equation]:
    """The equations of numbers in `text`, in order: an expression, an equals sign, a number."""
    for match in EQUATION.finditer(text):
        computed, stated = evaluate(match["left"]), evaluate(match["right"])
        whole = not GOES_ON.search(text[: match.start()].rpartition("\n")[2]) and not re.match(
            r" ?[a-z%^*/×÷]\b|\d", text[match.end() :]
        )
        if computed is not None and stated is not None and whole:
            yield Equation(match.start(), match.end(), match["left"].strip(), match["right"], computed, stated)


def false_equation(text: str) -> str:
    """The first equation in `text` that does not hold; "" when all do."""
    return next((f"{each.left} = {each.right}" for each in equations(text) if not each.holds), "")


def evaluate(expression: str) -> Fraction | None:
    """The exact value of an expression of numbers and + - * / ^ ( ); None for anything else."""
    plain = re.sub(r",(?=\d{3})", "", expression).strip().rstrip(".,")
    for sign, python in zip("−×÷^", ("-", "*", "/", "**"), strict=True):
        plain = plain.replace(sign, python)
    try:
        return _value(ast.parse(plain.strip(), mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError, MemoryError):
        return None


def _value(node: ast.expr) -> Fraction:
    """Raises ValueError for what is no arithmetic."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return Fraction(str(node.value))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)](_value(node.left), _value(node.right))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        base, power = _value(node.left), _value(node.right)
        if power.denominator == 1 and 0 <= power <= LARGEST_POWER and abs(base) <= LARGEST_POWER:
            return base ** int(power)
    raise ValueError("no arithmetic")


def numbers(text: str) -> list[Fraction]:
    """The numbers written in digits, in order; a minus sign between two numbers is no sign of the second."""
    return [Fraction(found) for found in NUMBER.findall(re.sub(r",(?=\d{3}\b)", "", text))]


def shown(value: Fraction) -> str:
    """A value as people write it: whole, as a short decimal, else as a fraction."""
    if value.denominator == 1:
        return str(value.numerator)
    return f"{float(value):g}" if Fraction(f"{float(value):g}") == value else f"{value.numerator}/{value.denominator}"

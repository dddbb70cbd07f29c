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
    r"[ ]*(?P<sign>[=≈])[ ]*\$?(?P<right>[-−]?\d[\d,]*(?:\.\d+)?)"
)
GOES_ON_AFTER = re.compile(
    r" ?[a-z](?!\w)|\s*[%!^]|\s*\(?(?:\\p?mod\b|mod\b)|[\w(]|\s*[+\-−*/×÷]\s*[\d(]"
)  # the right side is no number alone
GOES_ON = re.compile(r"\S.*[+\-−*/×÷^%]\s*$|[\w.)]$")  # before it on its line: the expression began with an unknown
ROUNDED = Fraction(1, 200)  # relative error of what is not a whole number: 2 / 3 = 0.667
LARGEST_POWER = 64
_FRACTION = re.compile(r"\\[dtc]?frac\s*\{([\d., ]+)\}\s*\{([\d., ]+)\}")
_SPACES = re.compile(r"(?<=\d)(?:\\[,!;:]|\u202f|\u2009|\u00a0)(?=\d{3}(?!\d))")  # between groups of digits
_SIGNS = {"times": "×", "cdot": "×", "div": "÷", "approx": "≈", "%": "%", "left": "", "right": "", ",": " ", ";": " "}
_COMMANDS = re.compile(r"\\(times|cdot|div|approx|left|right)(?![a-zA-Z])|\\([%,;])")
_SHARE = re.compile(
    r"(?<![\w.,])(\d+(?:\.\d+)?)\s?%\s(?:of|von|de)\s(\d+(?:,\d{3})*(?:\.\d+)?)(\s(?:is|are|=)\s(?=\d))?"
)
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
    about: bool = False  # written with ≈

    @property
    def holds(self) -> bool:
        error = abs(self.computed - self.stated)
        if not error or (self.about and error <= _half_a_unit(self.right)):
            return True
        if self.computed.denominator == 1 and self.stated.denominator == 1 and not self.about:
            return False
        return abs(self.computed - self.stated) <= ROUNDED * max(abs(self.computed), abs(self.stated))


def equations(text: str) -> Iterator[Equation]:
    """The equations of numbers in `text`, in order: an expression, an equals sign, a number."""
    for match in EQUATION.finditer(text):
        computed, stated = evaluate(match["left"]), evaluate(match["right"])
        before = text[: match.start()].rpartition("\n")[2]
        whole = not GOES_ON.search(before) and not GOES_ON_AFTER.match(text, match.end())
        if computed is not None and stated is not None and whole:
            about = match["sign"] == "≈"
            yield Equation(match.start(), match.end(), match["left"].strip(), match["right"], computed, stated, about)


def false_equation(text: str) -> str:
    """The first equation in `text` that does not hold; "" when all do."""
    wrong = (each for each in equations(plain_formulas(text)) if not each.holds)
    return next((f"{each.left} {'≈' if each.about else '='} {each.right}" for each in wrong), "")


def plain_formulas(text: str) -> str:
    """Arithmetic in LaTeX, and shares such as "15 % of 200 is 30", as plain equations; the rest stays as it is."""
    text = _FRACTION.sub(r"((\1)/(\2))", text)
    text = _SPACES.sub("", re.sub(r"(?<=\d)\{,\}(?=\d{3})", ",", text))
    text = _COMMANDS.sub(lambda found: _SIGNS[found[1] or found[2]], text).replace("·", "×").replace("$", " ")
    return _SHARE.sub(lambda found: f"{found[1]} / 100 × {found[2]}" + " = " * bool(found[3]), text)


def _half_a_unit(number: str) -> Fraction:
    """Half of the last place that a number is written to: 0.05 of 2.8, 500 of 42,000."""
    digits = number.replace(",", "").strip("-−")
    places = len(digits.partition(".")[2])
    zeros = len(digits) - len(digits.rstrip("0")) if not places else 0
    return Fraction(10) ** (zeros - places) / 2


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

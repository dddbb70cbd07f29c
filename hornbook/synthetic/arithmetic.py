"""Equations that a text states, computed exactly: a solution that says 3 + 4 = 8 is not kept (report §2.2).

It reads plain text and LaTeX, numbers with units, chains of equations, and shares ("15% of 200 is 30"). Where it cannot
be sure (unknowns, rests, other bases, hours and minutes in one equation) it says nothing: a program may only reject
what is certainly wrong.
"""

import ast
import operator
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?")
ROUNDED = Fraction(1, 200)  # relative error of what is not a whole number: 2 / 3 = 0.667
ROUGH = Fraction(1, 10)  # relative error of what is about as large
LARGEST_POWER = 64
OPERATORS: dict[type, Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
PLAIN = (  # LaTeX and signs → what is evaluated
    (r",\\!(?=\d{3})|\{,\}|(?<=\d)(?:,|\\[,!;:]|[\u00a0\u2007\u2009\u202f])(?=\d{3}(?!\d))", ""),
    (r"\\(?:times|cdot|ast)(?![a-z])|[×·⋅∗]", "*"),
    (r"\\div(?![a-z])|÷", "/"),
    (r"\\approx(?![a-z])|≃", "≈"),
    (r"\\(?:left|right|displaystyle|quad|qquad|big|Big)(?![a-z])|\\[,;!: ]|&", " "),
    (r"\\(?:text|mathrm|textbf|mathbf|boxed)\{([^{}]*)\}", r" \1 "),
    (r"\\[dtc]?frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))"),
    (r"\\[dtc]?frac[ ]*(\d)[ ]*(\d)", r"((\1)/(\2))"),
    (r"\^\{([^{}]*)\}", r"^(\1)"),
    (r"\\[()\[\]]|\\?\$|[€£¥]", " "),
    (r"\\%", "%"),
    (r"(?<=\d)[ ]?(?:per ?cent|Prozent|pour cent|por ciento|per cento|процент\w*|パーセント)(?!\w)", "%"),
    (r"[−–](?=\s?[\d(])", "-"),
    (r"(?<=\d)\*\*(?=\d)", "^"),
    (r"\*\*|__", " "),
    (r"(\d) ?% (?:of|von|de) (\d+(?:\.\d+)?) (?:is|are|ist|sind|=) (?=\d)", r"\1% * \2 = "),
    (r"(\d) ?% (?:of|von|de) (?=\d)", r"\1% * "),
)
MARK = re.compile(r"^\s*(?:[-*+•]\s+|\(?\d+[.)]\s+)")  # of a list
# possessive throughout: in time linear in the text
UNIT = r"(?:(?:km|cm|mm|kg|mg|ml|ft)\b|[ ](?!(?:and|or|so|but|then|which)\b)[^\W\d_]{2,}+(?:/[^\W\d_]++)?+){0,3}+"
TERM = rf"[ ]*+\(*+[ ]*+-?+[ ]*+\(*+\d++(?:\.\d++)?+%?+{UNIT}[ ]*+\)*+(?:\^\(?-?\d++\)?)?+\)*+"
SIDE = rf"{TERM}(?:(?:[ ]*+[+*/]|[ ]*+-(?=[ ])|(?<![ ])-){TERM}){{0,40}}+"
CHAIN = re.compile(rf"(?<![\d.]){SIDE}(?:[ ]*+[=≈]{SIDE})++")
WORD = re.compile(r"[^\W\d_]{2,}(?:/[^\W\d_]+)?")
GOES_ON_BEFORE = re.compile(  # the expression began with something else
    r"[-+*/^%√|!)}\]\w]$|\d:$|(?<!\w)\w[ ]*$|[-+*/^√)\d][ ]*$"
    r"|(?:^|[.,;:])[^=≈.,;:]*\d[^=≈.,;:]*\b(?:and|or)[ ]*$"  # 2 apples and 3 + 4 pears
    r"|(?<!\w)\.[ ]*$|[-+*/][ ]*(?:[^\W\d_]+[ ]*){1,4}$"
    r"|\b(?:log|ln|sin|cos|tan|sqrt|of|by|half|twice|double|triple|max|min|minus|plus|times)[ ]*$",
    re.IGNORECASE,
)
GOES_ON_AFTER = re.compile(
    r"[\w^(\[{!√π%.]*\w|[ ]*[-+*/^(!√π\d\\]|:\d|[ ]?[a-zA-Z]\b(?!\.)|[ ](?:and|or)[ ](?:an?|one|half)\b"
)
UNSURE = re.compile(
    r"\b(?:mod|base|binary|hexadecimal|octal|remainder|remain|rest|R|rounded|round|full|whole|complete|modulo)\b|\d:\d\d"
)
NUMERALS = re.compile(  # words that are no units
    r"\b(?:(?:dozen|pair|third|quarter|fifth|tenth|hundredth|time)s?|hundred|thousand|million|billion|half|halves|percent"
    r"|squared|cubed|factorial|choose|plus|minus|over|divided|more|less|and|or|is|are|to)\b",
    re.IGNORECASE,
)
MEASURES = tuple(  # units of one dimension: two of them in an equation need a conversion
    frozenset(names.split())
    for names in (
        "second minute hour day week month year sec min hr",
        "mm cm dm km metre meter centimetre centimeter millimetre millimeter kilometre kilometer mile inch inche feet "
        "foot yard ft",
        "kg mg gram kilogram tonne ton pound ounce lb oz",
        "ml litre liter millilitre milliliter gallon cup pint",
        "dollar cent euro penny pence pound",
    )
)


class Equation(NamedTuple):
    """Two sides of an equation in a text, as written, the sign between them (= or ≈), and their values."""

    left: str
    sign: str
    right: str
    computed: Fraction
    stated: Fraction
    holds: bool


def equations(text: str) -> Iterator[Equation]:
    """The equations of numbers in `text`, in order; those that state nothing (5 = 5) left out."""
    for line in (MARK.sub("", line) for line in plain(text).splitlines()):
        for match in CHAIN.finditer(line):
            chain = match[0].rstrip()
            before, after = line[: match.start()][-40:], line[match.start() + len(chain) :][:40]
            if not UNSURE.search(f"{chain} {after}"):
                yield from _of_chain(chain, before, after)


def _of_chain(chain: str, before: str, after: str) -> Iterator[Equation]:
    words = [word.lower() for word in WORD.findall(chain)]
    if NUMERALS.search(chain) or _mixed(words):
        return
    signs = re.findall("[=≈]", chain)
    sides = [" ".join(WORD.sub("", side).split()) for side in re.split("[=≈]", chain)]
    inside = chain[: len(chain) - len(chain.lstrip())] and " "
    signed = (re.match(r"[ ]*-", chain) and re.search(r"\d\w*[ ]*$", before)) or re.match(r"[ ]*-[ ]", chain)
    first = 1 if signed or GOES_ON_BEFORE.search(before + inside) else 0
    last = len(sides) - (1 if GOES_ON_AFTER.match(after) else 0)
    for place in range(first, last - 1):
        left, right = sides[place], sides[place + 1]
        computes = any(re.search(r"\d[% )]*[-+*/^]", side) for side in (left, right))
        about = signs[place] == "≈"
        if not computes or (about and not re.fullmatch(NUMBER, right)):  # 48 × 21 ≈ 50 × 20
            continue
        computed, stated = evaluate(left), evaluate(right)
        if computed is not None and stated is not None:
            if about:
                holds = abs(computed - stated) <= max(_half_a_unit(right), ROUGH * abs(computed))
            else:
                holds = _same(computed, stated, right) or _same(stated, computed, left)
            if "%" in chain and not holds:  # 15 / 60 * 100 = 25%
                loose = evaluate(left.replace("%", "")), evaluate(right.replace("%", ""))
                holds = None not in loose and loose[0] == loose[1]
            yield Equation(left, signs[place], right, computed, stated, holds)


def _same(computed: Fraction, stated: Fraction, written: str) -> bool:
    if computed == stated:
        return True
    if stated.denominator == 1 and computed.denominator == 1:
        return False
    decimals = re.fullmatch(r"-?\d+\.(\d{2,})", written)
    rounded = decimals is not None and abs(computed - stated) <= Fraction(1, 2 * 10 ** len(decimals[1]))
    return rounded or abs(computed - stated) <= ROUNDED * max(abs(computed), abs(stated))


def _half_a_unit(number: str) -> Fraction:
    """Half of the last place that a number is written to: 0.05 of 2.8, 500 of 42000."""
    whole, _, decimals = number.strip("-").partition(".")
    zeros = 0 if decimals else len(whole) - len(whole.rstrip("0"))
    return Fraction(10) ** (zeros - len(decimals)) / 2


def _mixed(words: list[str]) -> bool:
    """Whether two units of one dimension occur: 2 hours + 30 minutes."""
    names = {part.removesuffix("s") for word in words for part in word.split("/")}
    return any(len(names & measure) > 1 for measure in MEASURES)


def false_equation(text: str, *, quoted: str = "") -> str:
    """The first equation in `text` that does not hold; "" when all do. What is `quoted` may be false."""
    known = {(each.left, each.right) for each in equations(quoted)} if quoted else set()
    wrong = (each for each in equations(text) if not each.holds and (each.left, each.right) not in known)
    return next((f"{each.left} {each.sign} {each.right}" for each in wrong), "")


def plain(text: str) -> str:
    """The text with LaTeX and special signs as plain arithmetic."""
    for _ in range(2):  # fractions in fractions
        for pattern, replacement in PLAIN:
            text = re.sub(pattern, replacement, text)
    return text


def evaluate(expression: str) -> Fraction | None:
    """The exact value of an expression of numbers and + - * / ^ ( ) %; None for anything else."""
    text = re.sub(r"(\d+(?:\.\d+)?)\s*%", r"(\1/100)", plain(expression).strip().rstrip(".,")).replace("^", "**")
    try:
        return _value(ast.parse(text.strip(), mode="eval").body)
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

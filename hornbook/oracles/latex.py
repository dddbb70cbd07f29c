"""Parse answers in LaTeX or plain formulas: lists, sets, intervals, matrices, relations, units."""

import re
from typing import NamedTuple

from hornbook.oracles.extract_answer import strip_markup

_WRAP = re.compile(r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mbox|operatorname|emph|rm|bf)\s*\{([^{}]*)\}")
_CONNECTING = re.compile(
    r"\\(?:text|mbox|mathrm)\s*\{\s*,?\s*(?:or|and)\s*\}|(?<=[\s\d)}])\b(?:or|and)\b(?=[\s\\(\d-])"
)
_UNIT = re.compile(r"(?<=[\w})!])\s*(?:\\[,;: ]|~)*\s*\\(?:text|mbox|mathrm|textrm)\s*\{[^{}]*\}(?:\^\{?\d\}?)?\s*$")
_WORDS = re.compile(
    r"(?<=[\d})])\s+(?!(?:or|and|to)\b)[A-Za-z][a-z]+(?:\s+[a-z]+){0,3}(?:\^\{?\d\}?)?\s*$|(?<=\d)\s?(?:cm|mm|km|kg|ft|in|mph)(?:\^\d)?$"
)
_FUNCTIONS = r"sqrt|sin|cos|tan|cot|sec|csc|log|ln|exp|pi|infty|arcsin|arccos|arctan|gcd|lcm|max|min"
_RELATION = re.compile(r"(\\leq?(?![a-z])|\\geq?(?![a-z])|\\neq?(?![a-z])|\\in(?![a-z])|\\equiv|≤|≥|≠|<=|>=|!=|<|>|=)")
_SAME = {
    "\\leq": "<=",
    "\\le": "<=",
    "≤": "<=",
    "\\geq": ">=",
    "\\ge": ">=",
    "≥": ">=",
    "\\neq": "!=",
    "\\ne": "!=",
    "≠": "!=",
}
_MATRIX = re.compile(
    r"^\\begin\{([pbvV]?)(?:matrix|array)\}(?:\{[lcr|]*\})?(.*)\\end\{[pbvV]?(?:matrix|array)\}$", re.DOTALL
)
_PAIRS = {"(": ")", "[": "]", "{": "}"}


class Quantity(NamedTuple):
    """A quantity without its unit; `kind` is "percent", "money", "degrees", or "" for any other or no unit."""

    text: str
    kind: str


def latex_text(answer: str) -> str:
    """The words of an answer that is only LaTeX text (`\\text{even}`); "" for anything else."""
    inside = _WRAP.sub(lambda match: f"\x00{match[1]}\x01", answer)
    outside = re.sub("\x00[^\x01]*\x01", "", inside).strip(" .,()")
    return re.sub("[\x00\x01]", " ", inside).strip() if "\x00" in inside and not outside else ""


def normalise_latex(answer: str) -> str:
    """A canonical form: no delimiters, bracket sizes or spacing commands; `\\dfrac12` becomes `\\frac{1}{2}`."""
    text = strip_markup(answer).replace("−", "-").replace("\\$", "\\money ")
    text = re.sub(
        r"\\(?:left|right|displaystyle|limits|bigl?|bigr?|Bigl?|Bigr?|!|,|;|:|quad|qquad)(?![a-zA-Z])", " ", text
    )
    text = text.replace("\\ ", " ").replace("~", " ").replace("\\{", "{S").replace("\\}", "}").replace("\\lbrace", "{S")
    text = text.replace("\\rbrace", "}").replace("\\cdotp", "\\cdot").replace("√", "\\sqrt ").replace("π", "\\pi ")
    text = text.replace("∞", "\\infty").replace("×", "\\times ").replace("·", "\\cdot ").replace("°", "^\\circ")
    text = re.sub(r"\\[dtc]frac", r"\\frac", text)
    text = re.sub(r"\\frac\s*(\d)\s*(\d)", r"\\frac{\1}{\2}", text)
    text = re.sub(
        r"\\frac\s*\{([^{}]*)\}\s*(\d)", r"\\frac{\1}{\2}", re.sub(r"\\frac\s*(\d)\s*\{", r"\\frac{\1}{", text)
    )
    text = re.sub(r"\\sqrt\s*(\d)", r"\\sqrt{\1}", text)
    text = re.sub(rf"(?<![\\a-zA-Z])({_FUNCTIONS})(?![a-zA-Z])", r"\\\1", text)
    text = re.sub(r"\\sqrt\s*\(([^()]*)\)", r"\\sqrt{\1}", text)
    text = text.replace("**", "^")
    text = re.sub(r"(?<=\d)\s*\{,\}\s*(?=\d{3})|(?<=\d),\s*(?=\d{3}(?:\D|$))(?=\d{3}(?![\d]))(?<=\d,)", ",", text)
    return " ".join(text.split())


def without_unit(text: str) -> Quantity:
    kind = ""
    for mark, name in ((r"\\?%|\\percent|\bpercent\b", "percent"), (r"\\money|\$|€|£", "money")):
        if re.search(mark, text):
            kind, text = name, re.sub(rf"\s*(?:{mark})\s*", " ", text)
    if re.search(r"\^\s*\{?\s*\\circ\s*\}?|\\degree|\\text\s*\{\s*degrees?\s*\}|\bdegrees?$", text):
        kind = "degrees"
        text = re.sub(r"\^\s*\{?\s*\\circ\s*\}?|\\degree|\\text\s*\{\s*degrees?\s*\}|\bdegrees?$", " ", text)
    before = None
    while before != text:
        before = text
        text = _WORDS.sub("", _UNIT.sub("", text.strip())).strip()
    return Quantity(text, kind)


def relation_of(text: str) -> tuple[list[str], list[str]]:
    """The sides of a chain of relations, and the normalised relation signs between them."""
    parts = _RELATION.split(text)
    return [part.strip() for part in parts[::2]], [_SAME.get(sign, sign) for sign in parts[1::2]]


def matrix_of(text: str) -> list[list[str]] | None:
    match = _MATRIX.match(text.strip())
    if not match:
        return None
    rows = [row for row in re.split(r"\\\\(?:\[[^\]]*\])?", match[2]) if row.strip()]
    return [[entry.strip() for entry in row.split("&")] for row in rows]


def parts_of(text: str) -> tuple[str, list[str]]:
    """The brackets around a list ("" for none, "{S}" for a set) and its elements; a single value is one element."""
    text = text.strip()
    brackets = ""
    if text.startswith("{S") and _closes(text, 0) == len(text) - 1:
        brackets, inside = "{S}", text[2:-1]
    elif text[:1] in ("(", "[") and text[-1:] in (")", "]") and len(text) > 2 and _whole(text):
        brackets, inside = text[0] + text[-1], text[1:-1]
    else:
        inside = _CONNECTING.sub(",", text)
    elements = [part.strip() for part in _split(inside) if part.strip()]
    if not brackets and re.fullmatch(r"-?\d{1,3}(?:,\s?\d{3})+(?:\.\d+)?", inside.strip()):
        return "", [inside.replace(",", "").replace(" ", "")]
    if brackets in ("()", "[]") and len(elements) == 1:
        return "", [text] if not brackets else elements
    return brackets, elements


def _split(text: str) -> list[str]:
    """Split at the commas and semicolons outside all brackets."""
    parts, depth, begin = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if letter in ",;" and depth == 0:
            parts.append(text[begin:place])
            begin = place + 1
    return [*parts, text[begin:]]


def _whole(text: str) -> bool:
    """Whether the first bracket of a text is closed by its last character, of any kind (half-open intervals)."""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if depth == 0:
            return place == len(text) - 1
    return False


def _closes(text: str, begin: int) -> int:
    depth = 0
    for place in range(begin, len(text)):
        depth += (text[place] == "{") - (text[place] == "}")
        if depth == 0:
            return place
    return -1

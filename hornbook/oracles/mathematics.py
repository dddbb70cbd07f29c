"""The math oracle: compares mathematical answers by value. 1/2 equals 0.5 and \\frac{1}{2}; (x+1)^2 equals x^2+2x+1.

Lists, sets, intervals, matrices and relations are split here (`latex`); single expressions are parsed by math-verify
and compared numerically: once if they have no variables, else at several random points.
"""

import logging
import random
import re
from functools import lru_cache
from typing import Any

from hornbook.base.packages import missing_package
from hornbook.base.records import Question
from hornbook.oracles.extract_answer import find_answer
from hornbook.oracles.judgement import Judgement, correct_if, not_attempted
from hornbook.oracles.latex import latex_text, matrix_of, normalise_latex, parts_of, relation_of, without_unit
from hornbook.oracles.settings import OracleSettings
from hornbook.oracles.text import canonical_text

LONGEST = 400  # characters of a single expression that is evaluated; longer ones are compared as texts
DIGITS = 40  # precision of the values
POINTS = 3  # random points at which expressions with variables are compared
_PROSE = re.compile(r"(?<![\\a-zA-Z])(?!sqrt|sin|cos|tan|log|exp|inf|pi\b)[a-zA-Z]{3,}")
_MIXED = re.compile(r"(?<![\w.\\}])(\d+)\s*(?:\\frac\{(\d+)\}\{(\d+)\}|\s(\d+)/(\d+))(?![\w.])")
# Values that would take too long to compute: towers of powers, and powers, factorials and sums of large numbers.
_HUGE = re.compile(
    r"\^\s*\{?[^{}]*\^|\^\s*\{?\s*-?\d{5,}|\d{5,}\s*!|\\(?:sum|prod)[^a-z].*\d{4,}|\d{5,}\s*\}?\s*!|!!|\)\s*!\s*!"
)


def score_math(question: Question, reply: str, settings: OracleSettings) -> Judgement:
    """Right when the reply's last box, else its answer, is mathematically equal to the reference.

    Raises HornbookError without math-verify, ValueError when the reference is not mathematics. There is no time limit:
    the caller must be able to stop it (`isolated.py` can).
    """
    wanted = question.answer.strip()
    if not wanted or (_PROSE.search(wanted) and not re.search(r"[\\\d=^<>]", wanted)):
        raise ValueError(f"the reference answer {wanted[:80]!r} is not mathematics that math-verify can parse")
    library()
    found = find_answer(reply, None if latex_text(wanted) else _can_be)
    if not found.text:
        return not_attempted("no mathematics in the answer")
    return correct_if(any(equal(one, wanted) for one in _readings(found.text)), found.text, wanted)


def equal(given: str, wanted: str) -> bool:
    """Whether two answers are equal in value."""
    words = latex_text(wanted) or latex_text(_without_name(wanted, given))
    if words:
        return canonical_text(latex_text(given) or given).strip("()") == canonical_text(words).strip("()")
    if latex_text(given) and not re.search(r"\d", latex_text(given)):
        return False
    one, other = normalise_latex(latex_text(given) or given), normalise_latex(wanted)
    return one.replace(" ", "") == other.replace(" ", "") or _same(one, other)


def _readings(answer: str) -> list[str]:
    """Ways to read an answer: as it is, without a trailing remark, without "the area is", its first formula."""
    formulas = re.findall(r"\$([^$]+)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]", answer)
    inside = [next(part for part in parts if part) for parts in formulas]
    remark = re.sub(r"\s*\((?:about|approximately|approx|i\.e\.|which|or|≈|\\approx)[^()]*\)\s*$", "", answer)
    named = re.sub(r"^[A-Za-z ,']+ (?:is|are|equals)\s+", "", remark)
    return list(dict.fromkeys([answer, remark, named, *inside[:1]]))


def _can_be(text: str) -> bool:
    return bool(re.search(r"\d|\\[a-z]|[=<>^]|^\W*[a-zA-Z]\W*$|√|π", text))


def _same(one: str, other: str) -> bool:
    matrices = matrix_of(one), matrix_of(other)
    if any(matrices):
        rows, rows2 = matrices
        return rows is not None and rows2 is not None and _same_matrix(rows, rows2)
    if "\\cup" in one + other:
        return _same_in_any_order(one.split("\\cup"), other.split("\\cup"))
    (brackets, items), (brackets2, items2) = parts_of(_without_name(one, other)), parts_of(_without_name(other, one))
    if len(items) != 1 or len(items2) != 1 or "{S}" in (brackets, brackets2):
        if {brackets, brackets2} <= {"", "{S}"}:
            return _same_in_any_order(_both_signs(items), _both_signs(items2))
        return brackets == brackets2 and _all_same(items, items2)
    sides, signs = relation_of(items[0])
    sides2, signs2 = relation_of(items2[0])
    if signs or signs2:
        return _same_relation(sides, signs, sides2, signs2)
    if "\\pm" in items[0] + items2[0]:
        return _same_in_any_order(_both_signs(items), _both_signs(items2)) and ("\\pm" in items[0]) == (
            "\\pm" in items2[0]
        )
    return _same_value(items[0], items2[0])


def _same_matrix(rows: list[list[str]], others: list[list[str]]) -> bool:
    return len(rows) == len(others) and all(_all_same(row, other) for row, other in zip(rows, others, strict=True))


def _all_same(ones: list[str], others: list[str]) -> bool:
    return len(ones) == len(others) and all(_same(one, other) for one, other in zip(ones, others, strict=True))


def _same_in_any_order(ones: list[str], others: list[str]) -> bool:
    rest = list(others)
    for one in ones:
        match = next((other for other in rest if one == other or _same(one.strip(), other.strip())), None)
        if match is None:
            return False
        rest.remove(match)
    return not rest


def _both_signs(items: list[str]) -> list[str]:
    return [item.replace("\\pm", sign) for item in items for sign in (("+", "-") if "\\pm" in item else ("",))]


def _without_name(text: str, other: str) -> str:
    """Drop a leading "x =", "f(x) =" or "x \\in" if the other answer has none, or the same."""
    name = re.compile(r"^\s*[a-zA-Z]\w?(?:_\{?\w+\}?)?(?:\s*\([a-z, ]+\))?\s*(?:=|\\in(?![a-z]))\s*")
    mine, theirs = name.match(text), name.match(other)
    if mine and (not theirs or mine[0].replace(" ", "") == theirs[0].replace(" ", "")):
        single = not relation_of(text[mine.end() :])[1]
        return text[mine.end() :] if single and (theirs or not relation_of(other)[1]) else text
    return text


def _same_relation(sides: list[str], signs: list[str], sides2: list[str], signs2: list[str]) -> bool:
    if len(signs) != len(signs2):
        return False
    if signs == signs2 and _all_same(sides, sides2):
        return True
    turned = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
    if [turned.get(sign, sign) for sign in reversed(signs)] == signs2 and _all_same(sides[::-1], sides2):
        return True
    if signs == signs2 == ["="]:  # the same equation in another form
        return _proportional(f"({sides[0]})-({sides[1]})", f"({sides2[0]})-({sides2[1]})")
    return False


def _same_value(one: str, other: str) -> bool:
    """Two single expressions, with or without units."""
    (text, kind), (text2, kind2) = without_unit(one), without_unit(other)
    if {kind, kind2} == {"percent", "money"} or not text or not text2:
        return False
    if text.replace(" ", "") == text2.replace(" ", ""):
        return True
    base, base2 = re.fullmatch(r"(\w+)_\{?(\d+)\}?", text), re.fullmatch(r"(\w+)_\{?(\d+)\}?", text2)
    if base2:
        return text == base2[1] or bool(base and base[1] == base2[1] and base[2] == base2[2])
    values = _parse(text), _parse(text2)
    if values[0] is None or values[1] is None:
        return canonical_text(text) == canonical_text(text2)
    if _identical(*values):
        return True
    import sympy

    if "percent" in (kind, kind2) and kind != kind2:
        return _identical(
            *((value / 100 if unit == "percent" else value) for value, unit in zip(values, (kind, kind2), strict=True))
        )
    if "degrees" in (kind, kind2) and kind != kind2:
        return _identical(
            *(
                (value * sympy.pi / 180 if unit == "degrees" else value)
                for value, unit in zip(values, (kind, kind2), strict=True)
            )
        )
    return False


@lru_cache(maxsize=4096)
def _parse(text: str) -> Any:
    """A SymPy expression; None for a text that math-verify cannot parse, or a value that is too large."""
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    text = _MIXED.sub(lambda m: f"({m[1]}+\\frac{{{m[2] or m[4]}}}{{{m[3] or m[5]}}})", text)
    if len(text) > LONGEST or _HUGE.search(text) or "\\text" in text:
        return None
    import sympy

    if re.fullmatch(r"\s*[-+]?\s*(?:\d+\.?\d*|\.\d+)\s*", text):
        return sympy.Rational(text.replace(" ", ""))
    try:
        parsed = library().parse(f"${text}$", extraction_mode="first_match", parsing_timeout=None)
    except Exception:  # its parsers raise exceptions of many types
        return None
    value = next((one for one in parsed if isinstance(one, sympy.Expr)), None)
    return None if value is None else value.replace(lambda e: e.is_Float, lambda e: sympy.Rational(str(e)))


def _identical(one: Any, other: Any) -> bool:
    """Whether they are equal at every point tried, to about DIGITS digits."""
    if one == other:
        return True
    letters = sorted(one.free_symbols | other.free_symbols, key=str)
    if {str(s) for s in one.free_symbols} != {str(s) for s in other.free_symbols}:
        return False
    by_name = {str(letter): letter for letter in letters}
    choose = random.Random(0)
    tried = 0
    for _ in range(POINTS * 3):
        point = {name: _point(choose) for name in by_name}
        values = [_at(value, point) for value in (one, other)]
        if None in values:
            continue
        if not _near(values[0], values[1]):
            return False
        tried += 1
        if tried == POINTS or not letters:
            return True
    return tried > 0


def _proportional(one: str, other: str) -> bool:
    """Whether two expressions differ by a constant factor."""
    values = _parse(one), _parse(other)
    if None in values:
        return False
    names = {str(s) for s in values[0].free_symbols}
    if names != {str(s) for s in values[1].free_symbols} or not names:
        return False
    choose = random.Random(1)
    ratio = None
    for _ in range(POINTS):
        point = {name: _point(choose) for name in names}
        first, second = (_at(value, point) for value in values)
        if first is None or second is None or abs(second) == 0:
            return False
        if ratio is not None and not _near(first / second, ratio):
            return False
        ratio = first / second
    return True


def _point(choose: random.Random) -> Any:
    import sympy

    return sympy.Rational(choose.randint(100, 900), choose.randint(101, 211))


def _at(value: Any, point: dict[str, Any]) -> Any:
    try:
        number = value.subs({s: point[str(s)] for s in value.free_symbols}).evalf(DIGITS)
        return number if number.is_number and number.is_finite else (number if number.is_infinite else None)
    except Exception:  # SymPy raises exceptions of many types
        return None


def _near(one: Any, other: Any) -> bool:
    if one.is_infinite or other.is_infinite:
        return bool(one == other)
    return bool(abs(one - other) <= max(abs(one), abs(other)) * 10 ** (10 - DIGITS))


@lru_cache(maxsize=1)
def library() -> Any:
    """math-verify; importing it and SymPy takes a second. Raises HornbookError when it is missing."""
    try:
        import math_verify
    except ImportError as error:
        raise missing_package(f"oracle 'math' ({error})", "math-verify") from None
    logging.getLogger("math_verify").setLevel(logging.CRITICAL)  # its own limits need the main thread; ours do not
    return math_verify

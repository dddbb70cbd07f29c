"""Mutants of a function: one small mistake each, in one line, and an example that shows it."""

import ast
from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec
import numpy as np

from hornbook.base.rng import rng
from hornbook.synthetic.code_similarity import parse_function
from hornbook.synthetic.kind import Material, Seed
from hornbook.synthetic.programs.behaviour import CallExample, behaviour, first_that, same_value
from hornbook.synthetic.programs.running import CallResult, run_calls

COMPARED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
            ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is}  # fmt: skip
COMPUTED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult,
            ast.Mod: ast.FloorDiv}  # fmt: skip
# only pairs of methods or functions that are opposites
NAMED = {"min": "max", "max": "min", "any": "all", "all": "any", "lower": "upper", "upper": "lower",
         "startswith": "endswith", "endswith": "startswith", "lstrip": "rstrip", "rstrip": "lstrip",
         "append": "extend", "keys": "values", "values": "keys", "find": "rfind", "split": "rsplit"}  # fmt: skip
MOST = 16  # variants run for one function


class Mutant(msgspec.Struct, frozen=True):
    """A variant: its code, the one line (counted from 1) that differs, and what kind of mistake it is."""

    code: str
    line: int
    mistake: str


class Broken(msgspec.Struct, frozen=True):
    """A mutant that is wrong, and the first example that shows it, with the mutant's result or error."""

    mutant: Mutant
    case: CallExample
    result: str
    error: str
    failing: float  # share of the examples it gets wrong


def mutants(code: str) -> list[Mutant]:
    """Every variant of the code's first function with one small mistake; layout and comments stay."""
    function = parse_function(code, "")
    if function is None:
        return []
    found: dict[str, Mutant] = {}
    for node in ast.walk(function):
        for place, changed, mistake in _changes(node):
            new = _replaced(code, place, changed)
            if new != code and _parses(new):
                found.setdefault(new, Mutant(new, place.lineno, mistake))
    return list(found.values())


@lru_cache(4096)
def broken_variants(code: str) -> tuple[Broken, ...]:
    """Mutants of a function that give a wrong result for some example, the subtle ones first.

    A subtle mutant is right for some examples and raises nothing. Deterministic; none for code that cannot be run.
    """
    cases, every = behaviour(code), mutants(code)
    function = parse_function(code, "")
    if not cases or not every or function is None:
        return ()
    chosen = [every[number] for number in rng(0, "mutants", code).permutation(len(every))[:MOST].tolist()]
    runs = run_calls([mutant.code for mutant in chosen], function.name, [case.arguments for case in cases])
    found = [_judged(mutant, cases, results) for mutant, results in zip(chosen, runs, strict=True)]
    broken = [one for one in found if one is not None]
    return tuple(sorted(broken, key=lambda one: (one.failing == 1, bool(one.error))))


def _judged(mutant: Mutant, cases: Sequence[CallExample], results: Sequence[CallResult]) -> Broken | None:
    wrong = [
        (case, result)
        for case, result in zip(cases, results, strict=True)
        if result.error or not same_value(result.value, case.result)
    ]
    if not wrong:
        return None
    case, result = min(wrong, key=lambda one: bool(one[1].error))
    return Broken(mutant, case, result.value, result.error, len(wrong) / len(cases))


def from_breakable(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    """Functions that can be run alone and have a wrong mutant."""
    return first_that(material.functions, count, rng, lambda passage: bool(broken_variants(passage.text)))


def _changes(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, ast.AST | str, str]]:
    """(what to replace, by which node or source, what mistake that is)."""
    if isinstance(node, ast.If | ast.IfExp | ast.While) and isinstance(node.test, ast.Name | ast.Call | ast.Attribute):
        yield node.test, ast.UnaryOp(ast.Not(), node.test), "condition"
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARED:
        yield node, ast.Compare(node.left, [COMPARED[type(node.ops[0])]()], node.comparators), "comparison"
    elif isinstance(node, ast.BinOp) and type(node.op) in COMPUTED:
        yield node, ast.BinOp(node.left, COMPUTED[type(node.op)](), node.right), "operator"
    elif isinstance(node, ast.AugAssign):
        if type(node.op) in COMPUTED:
            yield node, ast.AugAssign(node.target, COMPUTED[type(node.op)](), node.value), "operator"
        yield node, "pass", "missing line"
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield node, "pass", "missing line"
    elif isinstance(node, ast.BoolOp):
        yield node, ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values), "logic"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node, node.operand, "logic"
    elif isinstance(node, ast.Constant) and type(node.value) is bool:
        yield node, ast.Constant(not node.value), "constant"
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        for value in (node.value + 1, node.value - 1)[: 2 if node.value > 0 else 1]:
            yield node, ast.Constant(value), "off by one"
    elif isinstance(node, ast.Attribute) and node.attr in NAMED:
        yield node, ast.Attribute(node.value, NAMED[node.attr], node.ctx), "name"
    elif isinstance(node, ast.Call):
        yield from _called(node)


def _called(node: ast.Call) -> Iterator[tuple[ast.expr | ast.stmt, ast.AST | str, str]]:
    if len(node.args) >= 2:
        swapped = [node.args[1], node.args[0], *node.args[2:]]
        yield node, ast.Call(node.func, swapped, node.keywords), "swapped arguments"
    if isinstance(node.func, ast.Name) and node.func.id in NAMED:
        yield node.func, ast.Name(NAMED[node.func.id], ast.Load()), "name"
    if isinstance(node.func, ast.Name) and node.func.id == "range" and node.args:
        *first, last = node.args[:2]
        less = ast.BinOp(last, ast.Sub(), ast.Constant(1))
        yield node, ast.Call(node.func, [*first, less, *node.args[2:]], node.keywords), "off by one"


def _replaced(code: str, node: ast.expr | ast.stmt, changed: ast.AST | str) -> str:
    """The code with the node replaced; unchanged if the node spans several lines."""
    if node.lineno != node.end_lineno:
        return code
    lines = code.split("\n")
    line = lines[node.lineno - 1].encode()  # offsets of nodes count bytes
    text = changed if isinstance(changed, str) else ast.unparse(ast.fix_missing_locations(changed))
    new = line[: node.col_offset] + text.encode() + line[node.end_col_offset :]
    return "\n".join([*lines[: node.lineno - 1], new.decode(), *lines[node.lineno :]])


def _parses(code: str) -> bool:
    try:
        ast.parse(code)
    except (SyntaxError, ValueError):
        return False
    return True

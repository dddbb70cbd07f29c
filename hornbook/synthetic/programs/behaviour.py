"""The behaviour of a function as input-output examples, the ground truth for kinds about code."""

import ast
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache

import msgspec
import numpy as np

from hornbook.base.rng import rng
from hornbook.synthetic.code_similarity import parse_function
from hornbook.synthetic.kind import Material, Seed
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.programs.inputs import calls
from hornbook.synthetic.programs.running import run_calls
from hornbook.synthetic.seed_sampling import spread_over_documents

TRIED, KEPT, LEAST = 60, 8, 4  # argument tuples tried; examples kept of them; least number for a function to be used
LONGEST_CASE = 120  # characters of arguments and result


class CallExample(msgspec.Struct, frozen=True):
    """A call and its result, both as Python text: `double(4)` and `8`."""

    call: str
    arguments: str  # the tuple of them
    result: str


@lru_cache(4096)
def behaviour(code: str) -> tuple[CallExample, ...]:
    """Examples of the code's first function, with different results if possible; none if it cannot be run alone.

    Deterministic: the arguments are sampled with a seed from the code.
    """
    function = parse_function(code, "")
    if function is None or function.args.kwonlyargs or function.args.vararg or function.args.kwarg:
        return ()
    tried = calls(function, rng(0, "inputs", code), TRIED)
    (results,) = run_calls([code], function.name, tried)
    cases = [
        CallExample(call_text(function.name, arguments), arguments, result.value)
        for arguments, result in zip(tried, results, strict=True)
        if not result.error and len(arguments) + len(result.value) <= LONGEST_CASE
    ]
    chosen = _varied(cases)
    telling = len({case.result for case in chosen}) > 1 and not all(map(_gives_itself, chosen))
    return tuple(chosen) if telling and len(chosen) >= LEAST else ()


def _varied(cases: list[CallExample]) -> list[CallExample]:
    """Examples with the argument types that give the most different results; others only if those are too few. New
    results come first, unless they equal the argument."""
    by_types: dict[tuple[str, ...], list[CallExample]] = defaultdict(list)
    for case in cases:
        by_types[tuple(type(value).__name__ for value in ast.literal_eval(case.arguments))].append(case)
    groups = sorted(by_types.values(), key=lambda group: -len({case.result for case in group}))
    chosen: list[CallExample] = []
    for group in groups:
        if len(chosen) >= LEAST:
            break
        seen: Counter[str] = Counter()
        ranked = []
        for case in group:
            ranked.append((seen[case.result], _gives_itself(case), case))
            seen[case.result] += 1
        chosen += [case for *_, case in sorted(ranked, key=lambda one: one[:2])]
    return chosen[:KEPT]


def _gives_itself(case: CallExample) -> bool:
    return case.arguments == f"({case.result},)"


def call_text(name: str, arguments: str) -> str:
    """`double(4)` for double and `(4,)`."""
    inner = ast.parse(arguments, mode="eval").body
    assert isinstance(inner, ast.Tuple)
    return f"{name}({', '.join(map(ast.unparse, inner.elts))})"


def same_behaviour(code: str, name: str, cases: Sequence[CallExample]) -> float:
    """Share of the examples for which function `name` of `code` returns the result."""
    (results,) = run_calls([code], name, [case.arguments for case in cases])
    right = [same_value(result.value, case.result) for result, case in zip(results, cases, strict=True)]
    return sum(right) / len(right)


def same_value(one: str, other: str) -> bool:
    """Whether two results are the same as Python text, or as values (1 and 1.0, sets in another order)."""
    if one == other:
        return True
    try:
        return bool(ast.literal_eval(one) == ast.literal_eval(other))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False


class Program(msgspec.Struct, frozen=True):
    """A function whose behaviour is known."""

    name: str
    code: str
    signature: str  # `double(number, times=2)`
    cases: tuple[CallExample, ...]


def program_of(passage: Passage) -> Program | None:
    """The passage as a program; None if it cannot be run alone."""
    function, cases = parse_function(passage.text, ""), behaviour(passage.text)
    if function is None or not cases:
        return None
    return Program(function.name, passage.text, f"{function.name}({ast.unparse(function.args)})", cases)


def from_runnable(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    """Functions that can be run alone on generated arguments, so that their behaviour is known."""
    return first_that(material.functions, count, rng, lambda passage: bool(behaviour(passage.text)))


def first_that(
    passages: Sequence[Passage], count: int, rng: np.random.Generator, fits: Callable[[Passage], bool]
) -> list[Seed]:
    """The first `count` passages that fit, spread over documents; the rest are not checked."""
    fitting = (passage for passage in spread_over_documents(passages, len(passages), rng) if fits(passage))
    return list(itertools.islice(fitting, count))

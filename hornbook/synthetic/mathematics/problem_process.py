"""Runs mathematics-dataset in a process of its own: `python -m hornbook.synthetic.mathematics.problem_process`.

The package is of 2019. It needs names that numpy and sympy have removed since, and draws from Python's and numpy's
global random numbers in an order that depends on the hashes of texts. In a process of its own these names can be put
back, and the hashes and random numbers fixed, without changing anything for others.

A request is a line of JSON on stdin, the answer to it a line of JSON on stdout. The process ends when its stdin closes.
"""

import importlib
import os
import random
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np

LONGEST_QUESTION, LONGEST_ANSWER = 160, 30  # characters, as in the published data


class ProblemRequest(msgspec.Struct):
    """So many problems of a module, e.g. "arithmetic__mul", from `low` to `high` of its range of difficulty."""

    module: str
    low: float
    high: float
    seed: int
    count: int


class Problems(msgspec.Struct):
    """(question, answer) each; or the names of all modules, if the one that was asked for does not exist."""

    problems: list[tuple[str, str]] = []
    modules: list[str] = []


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever the package prints is not an answer
    for line in sys.stdin:
        asked = msgspec.json.decode(line, type=ProblemRequest)
        answers.write(msgspec.json.encode(draw_problems(asked)).decode() + "\n")
        answers.flush()


def draw_problems(asked: ProblemRequest) -> Problems:
    """The problems of a request, which depend on nothing but the request (and on PYTHONHASHSEED)."""
    import sympy.core.random as sympy_random

    modules = _modules(asked.low, asked.high)
    if asked.module not in modules:
        return Problems(modules=sorted(modules))
    for seed in (random.seed, np.random.seed, sympy_random.seed):
        seed(asked.seed % 2**32)
    problems = (modules[asked.module]() for _ in range(asked.count))
    drawn = ((str(problem.question), str(problem.answer)) for problem in problems)
    return Problems([pair for pair in drawn if len(pair[0]) <= LONGEST_QUESTION and len(pair[1]) <= LONGEST_ANSWER])


def _modules(low: float, high: float) -> dict[str, Callable[[], Any]]:
    """The training modules by their published names; a problem's difficulty is called its entropy there."""

    def part(entropy: tuple[float, float]) -> tuple[float, float]:
        width = entropy[1] - entropy[0]
        return entropy[0] + low * width, entropy[0] + high * width

    return {name: module for name, module in _flat(_import_modules().train(part)) if not _is_composed(name)}


def _is_composed(name: str) -> bool:
    """Whether a module puts problems together in the order of memory addresses, which differ from run to run."""
    return name.endswith("_composed") or name in ("polynomials__add", "polynomials__compose")


def _flat(modules: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Callable[[], Any]]]:
    for name, module in modules.items():
        if isinstance(module, dict):
            yield from _flat(module, f"{prefix}{name}__")
        else:
            yield f"{prefix}{name}", module


def _import_modules() -> Any:
    """`mathematics_dataset.modules.modules`, with what it expects of sympy and numpy."""
    package = importlib.import_module("sympy.solvers.diophantine")
    within = importlib.import_module("sympy.solvers.diophantine.diophantine")
    package.base_solution_linear = within.base_solution_linear  # type: ignore[attr-defined]
    modules = importlib.import_module("mathematics_dataset.modules.modules")
    polynomials = importlib.import_module("mathematics_dataset.sample.polynomials")
    polynomials.np = SimpleNamespace(  # type: ignore[attr-defined]
        **{
            **vars(np),
            "random": np.random,
            "object": object,
            "zeros": lambda *shape, **options: np.zeros(*shape, **options).view(_WithItemset),
            "empty": lambda *shape, **options: np.empty(*shape, **options).view(_WithItemset),
        }
    )
    return modules


class _WithItemset(np.ndarray):
    """An array with the method that numpy 2 removed."""

    def itemset(self, place: Any, value: Any) -> None:
        self[tuple(place)] = value


if __name__ == "__main__":
    main()

"""Computations drawn at random: small whole numbers, a few operations, a result that is a whole number above zero."""

from fractions import Fraction
from typing import NamedTuple

import numpy as np

SIGNS = "+-*/"
MOST_DRAWS = 1000
LARGEST_RESULT = 10_000


class Step(NamedTuple):
    left: int
    sign: str
    right: int
    result: int


class Computation(NamedTuple):
    """Steps, each of which goes on with the result of the one before, and the numbers that were given."""

    steps: list[Step]
    given: list[Fraction]

    @property
    def result(self) -> int:
        return self.steps[-1].result

    def told(self) -> str:
        return ", then ".join(f"{step.left} {step.sign} {step.right} = {step.result}" for step in self.steps)


def draw(rng: np.random.Generator, operations: int, largest: int) -> Computation:
    """Raises ValueError when none of many draws has different numbers and whole results above zero."""
    for _ in range(MOST_DRAWS):
        value = first = int(rng.integers(2, largest + 1))
        steps: list[Step] = []
        for sign in rng.choice(list(SIGNS), size=operations).tolist():
            other = int(rng.integers(2, largest + 1))
            result = _whole(value, sign, other)
            if result is None or not 1 < result <= LARGEST_RESULT:
                break
            steps.append(Step(value, sign, other, result))
            value = result
        all_numbers = [first, *(number for step in steps for number in (step.right, step.result))]
        if len(steps) == operations and len(set(all_numbers)) == len(all_numbers):
            return Computation(steps, [Fraction(first), *(Fraction(step.right) for step in steps)])
    raise ValueError(f"none of {MOST_DRAWS} computations has {operations} steps with whole results")


def _whole(left: int, sign: str, right: int) -> int | None:
    if sign == "/":
        return left // right if left % right == 0 else None
    return left + right if sign == "+" else left - right if sign == "-" else left * right

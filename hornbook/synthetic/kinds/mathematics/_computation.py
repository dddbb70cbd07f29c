"""Computations drawn at random: whole numbers, a few operations, each with a whole result above one."""

from typing import NamedTuple

import numpy as np

SIGNS = "+-*/"
MOST_DRAWS = 2000


class Step(NamedTuple):
    left: int
    sign: str
    right: int
    result: int


class Computation(NamedTuple):
    """Steps, each of which goes on with the result of the one before."""

    steps: list[Step]

    @property
    def given(self) -> list[int]:
        return [self.steps[0].left, *(step.right for step in self.steps)]

    @property
    def results(self) -> list[int]:
        return [step.result for step in self.steps]

    def told(self) -> str:
        return ", then ".join(f"{step.left} {step.sign} {step.right} = {step.result}" for step in self.steps)


def draw(rng: np.random.Generator, operations: int, numbers: tuple[int, int], largest: int) -> Computation:
    """A computation on different numbers between the two given, without a result above `largest`.

    Raises ValueError when none of many draws fits.
    """
    least, most = numbers
    for _ in range(MOST_DRAWS):
        value = int(rng.integers(least, most + 1))
        steps: list[Step] = []
        for sign in rng.choice(list(SIGNS), size=operations).tolist():
            # a factor or a divisor is smaller than what is added: results stay such as occur in life
            other = int(rng.integers(least, most + 1)) if sign in "+-" else int(rng.integers(2, 3 + int(most**0.75)))
            result = _whole(value, sign, other)
            if result is None or not 1 < result <= largest:
                break
            steps.append(Step(value, sign, other, result))
            value = result
        drawn = [number for step in steps for number in (step.right, step.result)] + [step.left for step in steps[:1]]
        if len(steps) == operations and len(set(drawn)) == len(drawn):
            return Computation(steps)
    raise ValueError(f"none of {MOST_DRAWS} computations has {operations} steps with whole results")


def _whole(left: int, sign: str, right: int) -> int | None:
    if sign == "/":
        return left // right if left % right == 0 else None
    return left + right if sign == "+" else left - right if sign == "-" else left * right

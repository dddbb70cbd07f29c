"""From a worked solution back to the program it follows: which number of the question enters which step.

With the program, a question whose numbers change has a new answer that nobody needs to be asked for.
"""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal, NamedTuple

import numpy as np

from hornbook.base.records import Question
from hornbook.synthetic.arithmetic import NUMBER, numbers, shown

_VALUE = r"-?\d+(?:\.\d+)?"
STEP = re.compile(rf"(?<![\w.)])({_VALUE}) ?([-+*/×÷]) ?({_VALUE}) ?= ?({_VALUE})(?![\d.]*\d)")
SIGNS = {"×": "*", "÷": "/"}
MOST_DRAWS = 50


class Operand(NamedTuple):
    """What enters a step: number `place` of the question, the result of step `place`, or a constant."""

    source: Literal["question", "step", "constant"]
    place: int = 0
    value: Fraction = Fraction(0)


class Step(NamedTuple):
    left: Operand
    sign: str
    right: Operand


class Program(NamedTuple):
    """The steps in order; the last one's result is the answer."""

    steps: list[Step]

    def run(self, given: Sequence[Fraction]) -> list[Fraction] | None:
        """The result of each step for the question's numbers; None where it would divide by zero."""
        results: list[Fraction] = []
        for step in self.steps:
            left, right = (_value(operand, given, results) for operand in (step.left, step.right))
            if step.sign == "/" and right == 0:
                return None
            results.append(_computed(left, step.sign, right))
        return results


def program_of(question: Question) -> Program | None:
    """The program of the question's worked solution; None when it cannot be told for certain.

    Every number of the question must enter exactly one step, every result but the last a later one, and the last
    must be the answer. Where a number could be the question's or a result, the solution is ambiguous.
    """
    given = numbers(question.prompt)
    free = list(range(len(given)))  # numbers of the question that no step has used
    steps: list[Step] = []
    results: list[Fraction] = []
    unused: list[int] = []  # steps whose results no step has used
    for match in STEP.finditer(question.solution):
        operands = []
        for value in map(Fraction, (match[1], match[3])):
            from_step = [step for step in unused if results[step] == value]
            from_question = [index for index in free if given[index] == value]
            if from_step and from_question:
                return None
            if from_step:
                operands.append(Operand("step", from_step[0]))
                unused.remove(from_step[0])
            elif from_question:
                operands.append(Operand("question", from_question[0]))
                free.remove(from_question[0])
            else:
                operands.append(Operand("constant", value=value))
        steps.append(Step(operands[0], SIGNS.get(match[2], match[2]), operands[1]))
        unused.append(len(results))
        results.append(Fraction(match[4]))
    program = Program(steps)
    wanted = numbers(question.answer)
    whole = not free and unused == [len(steps) - 1] and len(wanted) == 1 and results[-1] == wanted[0]
    return program if whole and program.run(given) == results else None


def varied(seed: Question, rng: np.random.Generator, most: int) -> tuple[str, Fraction | None]:
    """(the question with other numbers, its answer, or None where no program is known); the seed's own text where no
    change will do. Where a program is known, every result stays whole and of the sign it had."""
    given = numbers(seed.prompt)
    program = program_of(seed)
    before = program.run(given) if program else None
    # 1 is often a word
    places = [place for place, number in enumerate(given) if number.denominator == 1 and abs(number) > 1]
    for _ in range(MOST_DRAWS if places else 0):
        chosen = rng.permutation(places)[: int(rng.integers(1, most + 1))].tolist()
        new = [_other(number, rng) if place in chosen else number for place, number in enumerate(given)]
        prompt = with_numbers(seed.prompt, new)
        if program is None or before is None:
            return prompt, None
        after = program.run(new)
        if after and after[-1] != before[-1] and _alike(before, after):
            return prompt, after[-1]
    return seed.prompt, None


def with_numbers(prompt: str, given: Sequence[Fraction]) -> str:
    """The prompt with its numbers, in order, replaced."""
    new = map(shown, given)
    return NUMBER.sub(lambda _: next(new), re.sub(r",(?=\d{3}\b)", "", prompt))


def _other(number: Fraction, rng: np.random.Generator) -> Fraction:
    """Another whole number of the same sign and size."""
    size = abs(int(number))
    drawn = int(rng.integers(max(1, size // 2), 2 * size + 4))
    return Fraction((drawn + (drawn == size)) * (-1 if number < 0 else 1))


def _alike(before: Sequence[Fraction], after: Sequence[Fraction]) -> bool:
    return all(
        (one.denominator == 1) == (other.denominator == 1) and (one > 0) == (other > 0)
        for one, other in zip(before, after, strict=True)
    )


def _value(operand: Operand, given: Sequence[Fraction], results: Sequence[Fraction]) -> Fraction:
    if operand.source == "constant":
        return operand.value
    return given[operand.place] if operand.source == "question" else results[operand.place]


def _computed(left: Fraction, sign: str, right: Fraction) -> Fraction:
    if sign == "+":
        return left + right
    if sign == "-":
        return left - right
    return left * right if sign == "*" else left / right

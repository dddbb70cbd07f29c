"""What the kinds of mathematics share: asking for worked solutions, and which of them are kept (report §2.2)."""

import difflib
import re
from collections.abc import Sequence
from fractions import Fraction

import msgspec
import numpy as np

from hornbook.base.records import Message, Question
from hornbook.base.settings import setting
from hornbook.oracles.extract_answer import extract_answer, first_line
from hornbook.oracles.number import parse_number
from hornbook.oracles.score import judge_pairs
from hornbook.synthetic.equations import false_equation, numbers
from hornbook.synthetic.kind import Checks, KindSettings, Material, RecordContext, Rejected, example
from hornbook.synthetic.kinds.mathematics._program import program_of
from hornbook.synthetic.prompting import finished, require_fluent

HOW = "Think step by step, one short line a step, then give the final answer as `Answer: ...`."
SHOWN_QUESTION = "A box holds 3 red and 4 blue balls. How many balls are in 2 such boxes?"
SHOWN = [  # solved examples of several forms: a teacher learns from the one most like its question
    (SHOWN_QUESTION, "One box holds 3 + 4 = 7 balls.\nTwo boxes hold 2 * 7 = 14 balls.\nAnswer: 14"),
    ("7 - 2 + 6 =", "7 - 2 = 5\n5 + 6 = 11\nAnswer: 11"),
    ("4 * 3 * 5 =", "4 * 3 = 12\n12 * 5 = 60\nAnswer: 60"),
    ("Solve for z: 3*z - 4 = 11", "3*z = 11 + 4 = 15\nz = 15 / 3 = 5\nAnswer: 5"),
    (
        "How many wheels do 3 cars, 2 bicycles have?",
        "cars: 3 * 4 = 12\nbicycles: 2 * 2 = 4\n12 + 4 = 16\nAnswer: 16",
    ),
    ("What is the GCD of 18 and 12?", "18 = 6 * 3 and 12 = 6 * 2.\n3 and 2 share no divisor.\nAnswer: 6"),
    ('How many "t" are in "better tea"?', "b e t t e r: 2\nt e a: 1\n2 + 1 = 3\nAnswer: 3"),
]
CHECKABLE = ("number", "math", "exact", "reasoning-gym")
SOLUTION_CHECKS = ("answer", "steps", "arithmetic", "length", "no repetition", "not the example", "no small talk")


class SolvingSettings(KindSettings):
    """Questions solved several times over."""

    temperature: float = setting(0.6, "sampling temperature", ge=0)
    max_tokens: int = setting(128, "longest solution, in tokens", ge=1)
    solutions: int = setting(4, "independent solutions of a question", ge=1)


def checkable(material: Material, count: int, rng: np.random.Generator, settings: object) -> list[Question]:
    """Questions whose answers a program can judge."""
    return _some([one for one in material.questions if one.oracle in CHECKABLE and one.answer.strip()], count, rng)


def numeric(material: Material, count: int, rng: np.random.Generator, settings: object) -> list[Question]:
    """Of those, the ones with a number as their answer, and numbers to compute it from."""
    return _some([one for one in material.questions if _is_numeric(one)], count, rng)


def worked(material: Material, count: int, rng: np.random.Generator, settings: object) -> list[Question]:
    """Of those, the ones with a worked solution of several steps whose program can be told."""
    programs = ((one, program_of(one)) for one in material.questions if _is_numeric(one))
    return _some([one for one, program in programs if program and len(program.steps) > 1], count, rng)


def _is_numeric(question: Question) -> bool:
    return question.oracle in CHECKABLE and len(numbers(question.answer)) == 1 and bool(numbers(question.prompt))


def _some(questions: Sequence[Question], count: int, rng: np.random.Generator) -> list[Question]:
    return [questions[number] for number in rng.permutation(len(questions))[:count].tolist()]


def most_like(question: str, examples: Sequence[tuple[str, str]] = SHOWN) -> tuple[str, str]:
    """The solved example whose words and signs are the most like the question's, whatever the numbers."""

    def form(text: str) -> list[str]:
        return re.findall(r"[a-z]+|[^\w\s]", text.lower())

    return max(examples, key=lambda shown: difflib.SequenceMatcher(None, form(shown[0]), form(question)).ratio())


async def solve(
    question: str, ask: RecordContext, settings: SolvingSettings, examples: Sequence[tuple[str, str]] = SHOWN
) -> list[str]:
    """Independent worked solutions, after one solved example."""
    asked, answered = most_like(question, examples)
    prompt = [*example(f"{asked}\n{HOW}", answered), Message("user", f"{question.strip()}\n{HOW}")]
    return [finished(answer) for answer in await ask.many("solve", prompt, settings.solutions)]


async def right(question: Question, solutions: Sequence[str], ask: RecordContext) -> list[bool]:
    """Which solutions reach the question's answer, by its oracle."""
    return await ask.compute(_judge, question, solutions)


def _judge(question: Question, solutions: Sequence[str]) -> list[bool]:
    """reasoning-gym's answers are compared as numbers or words: its own scores are for its own prompts."""
    if question.oracle == "reasoning-gym":
        oracle = "number" if parse_number(question.answer) is not None else "exact"
        question = msgspec.structs.replace(question, oracle=oracle)
    return [judgement.right is True for judgement in judge_pairs([(question, solution) for solution in solutions])]


def final_number(solution: str) -> Fraction | None:
    """The number that a solution gives as its answer."""
    number = parse_number(first_line(extract_answer(solution)))
    return None if number is None else Fraction(number)


def check_solution(text: str, question: str) -> Checks:
    """The checks of a solution that reaches its answer: steps, true equations, fluent. Raises Rejected."""
    checks = Checks()
    checks.require("answer", "answer:" in text.lower(), "gives none")
    checks.require("steps", len([line for line in text.splitlines() if line.strip()]) >= 2, "no step before the answer")
    wrong = false_equation(text)
    checks.require("arithmetic", not wrong, wrong)
    require_fluent(checks, text, (20, 4000), " ".join(most_like(question)), question)
    return checks


def sound(solutions: Sequence[str], question: str, most: int = 1) -> list[tuple[str, list[str]]]:
    """(solution, checks passed) of the different solutions that are sound, `most` of them.

    Raises Rejected, with the last failure, when none is.
    """
    kept: dict[str, list[str]] = {}
    failure = Rejected("answer", "no solution reaches it")
    for solution in solutions:
        try:
            kept.setdefault(solution, check_solution(solution, question).passed)
        except Rejected as rejected:
            failure = rejected
    if not kept:
        raise failure
    return list(kept.items())[:most]

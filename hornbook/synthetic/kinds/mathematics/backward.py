"""Backward reasoning: the answer is given, a number of the question is hidden and asked for (report §2.2)."""

from fractions import Fraction

import numpy as np

from hornbook.base.records import Message, Question, make_id
from hornbook.synthetic.equations import numbers, shown
from hornbook.synthetic.kind import Checks, Kind, Made, RecordContext, Rejected
from hornbook.synthetic.kinds.mathematics._program import Program, program_of, with_numbers
from hornbook.synthetic.kinds.mathematics._solving import (
    SOLUTION_CHECKS,
    SolvingSettings,
    final_number,
    solve,
    sound,
    worked,
)

SHOWN = [
    (
        "A box holds x red and 4 blue balls. How many balls are in 2 such boxes?\nThe answer is 14. What is x?",
        "One box holds 14 / 2 = 7 balls.\nOf these, 7 - 4 = 3 are red.\nAnswer: 3",
    ),
    ("8 - x + 6 =\nThe answer is 11. What is x?", "8 + 6 = 14\n14 - 11 = 3\nAnswer: 3"),
    ("4 * x * 5 =\nThe answer is 60. What is x?", "4 * 5 = 20\n60 / 20 = 3\nAnswer: 3"),
    (
        "How many wheels do x cars, 2 bicycles have?\nThe answer is 16. What is x?",
        "bicycles: 2 * 2 = 4\n16 - 4 = 12\ncars: 12 / 4 = 3\nAnswer: 3",
    ),
]


async def make(seed: Question, ask: RecordContext, settings: SolvingSettings) -> list[Made]:
    program = program_of(seed)
    if program is None:
        raise Rejected("one solution", "no program of its solution")
    given = numbers(seed.prompt)
    place = hide(program, given, ask.rng)
    prompt = asked(seed, given, place)
    solutions = await solve(prompt, ask, settings, SHOWN)
    reached = [solution for solution in solutions if substituted(program, given, place, final_number(solution))]
    ask.facts["right"] = len(reached) / len(solutions)
    checks = Checks()
    checks.require("one solution", True)
    checks.require("substitution", bool(reached), "no solution for x gives the answer")
    solution, passed = sound(reached, prompt)[0]
    hidden = shown(given[place])
    return [
        Made(
            [*checks.passed, *passed],
            messages=[Message("user", prompt), Message("assistant", solution)],
            grade=round(len(reached) / len(solutions), 4),
            question=Question(
                id=make_id("question", prompt, hidden),
                task="backward",
                prompt=prompt,
                answer=hidden,
                oracle="number",
                solution=solution,
            ),
        )
    ]


def hide(program: Program, given: list[Fraction], rng: np.random.Generator) -> int:
    """The place of a number that the answer decides.

    Each number enters one step, so the answer is a fraction of linear functions of it: if two values give different
    answers, no two give the same. Raises Rejected when the answer decides none.
    """
    for place in rng.permutation(len(given)).tolist():
        other = [number + (where == place) for where, number in enumerate(given)]
        results, changed = program.run(given), program.run(other)
        if results and changed and results[-1] != changed[-1]:
            return int(place)
    raise Rejected("one solution", "the answer does not depend on any number")


def asked(seed: Question, given: list[Fraction], place: int) -> str:
    letter = "x" if " x" not in seed.prompt else "n"
    hidden = [letter if where == place else shown(number) for where, number in enumerate(given)]
    return f"{with_numbers(seed.prompt, hidden)}\nThe answer is {seed.answer}. What is {letter}?"


def substituted(program: Program, given: list[Fraction], place: int, value: Fraction | None) -> bool:
    """Whether the question, with `value` for the hidden number, has the given answer."""
    if value is None:
        return False
    wanted, found = program.run(given), program.run([*given[:place], value, *given[place + 1 :]])
    return bool(wanted and found and wanted[-1] == found[-1])


KIND = Kind(
    about="A question whose answer is given and one of whose numbers is asked for; verified by putting it back.",
    source="synthetic",
    report="2.2",
    seeded_by="questions with worked solutions",
    seeds=worked,
    make=make,
    stages=("solve",),
    checks=("one solution", "substitution", *SOLUTION_CHECKS),
    calls=lambda settings: settings.solutions,
    settings=SolvingSettings,
)

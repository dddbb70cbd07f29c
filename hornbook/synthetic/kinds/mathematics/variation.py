"""Variations: a question with other numbers, its answer computed anew or agreed on, and worked (report §2.2)."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from hornbook.base.records import Message, Question, make_id
from hornbook.base.settings import setting
from hornbook.synthetic.agreement import vote
from hornbook.synthetic.equations import numbers, shown
from hornbook.synthetic.kind import Checks, Kind, Made, RecordContext, Rejected
from hornbook.synthetic.kinds.mathematics._program import program_of, with_numbers
from hornbook.synthetic.kinds.mathematics._solving import (
    SOLUTION_CHECKS,
    SolvingSettings,
    final_number,
    numeric,
    solve,
    sound,
)

MOST_DRAWS = 50


class VariationSettings(SolvingSettings):
    """Questions with changed numbers."""

    changed: int = setting(2, "most numbers of a question that change", ge=1)
    min_agree: float = setting(
        0.5, "least share of solutions that must agree, where no program can compute the answer", gt=0, le=1
    )


async def make(seed: Question, ask: RecordContext, settings: VariationSettings) -> list[Made]:
    prompt, answer = varied(seed, ask.rng, settings.changed)
    solutions = await solve(prompt, ask, settings)
    computed = answer is not None
    wanted = answer if computed else agreed(solutions, settings.min_agree)
    reached = [solution for solution in solutions if final_number(solution) == wanted]
    ask.facts |= {"computed": float(computed), "right": len(reached) / len(solutions)}
    solution, passed = sound(reached, prompt)[0]
    assert wanted is not None
    checks = Checks()
    checks.require("changed", prompt != seed.prompt)
    checks.require("plurality", True)
    return [
        Made(
            [*checks.passed, *passed],
            messages=[Message("user", prompt), Message("assistant", solution)],
            grade=round(len(reached) / len(solutions), 4),
            question=Question(
                id=make_id("question", prompt, shown(wanted)),
                task="variation",
                prompt=prompt,
                answer=shown(wanted),
                oracle="number",
                solution=solution,
            ),
        )
    ]


def varied(seed: Question, rng: np.random.Generator, most: int) -> tuple[str, Fraction | None]:
    """(the question with other numbers, its answer, or None where no program is known).

    Where one is, every result stays whole and of the sign it had. Raises Rejected when no change will do.
    """
    given = numbers(seed.prompt)
    program = program_of(seed)
    before = program.run(given) if program else None
    places = [
        place for place, number in enumerate(given) if number.denominator == 1 and abs(number) > 1
    ]  # 1 is often a word
    for _ in range(MOST_DRAWS if places else 0):
        chosen = rng.permutation(places)[: int(rng.integers(1, most + 1))].tolist()
        new = [_other(number, rng) if place in chosen else number for place, number in enumerate(given)]
        prompt = with_numbers(seed.prompt, [shown(number) for number in new])
        if program is None or before is None:
            return prompt, None
        after = program.run(new)
        if after and after[-1] != before[-1] and _alike(before, after):
            return prompt, after[-1]
    raise Rejected("changed", "no number of it can change")


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


def agreed(solutions: Sequence[str], least: float) -> Fraction:
    """The number that enough solutions agree on. Raises Rejected."""
    found = vote(solutions)
    if found is None or found.tied or found.agreeing < max(2, least * found.total):
        raise Rejected("plurality", f"{found.agreeing if found else 0} of {len(solutions)} agree")
    number = final_number(f"Answer: {found.answer}")
    if number is None:
        raise Rejected("plurality", "they agree on no number")
    return number


KIND = Kind(
    about="A question with other numbers, its answer computed by the program of its solution or by plurality, worked.",
    source="synthetic",
    report="2.2",
    seeded_by="questions with numbers",
    seeds=numeric,
    make=make,
    stages=("solve",),
    checks=("changed", "plurality", *SOLUTION_CHECKS),
    calls=lambda settings: settings.solutions,
    settings=VariationSettings,
)

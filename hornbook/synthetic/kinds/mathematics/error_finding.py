"""Finding the error: a worked solution with one step altered by program, the step found and repaired (report §2.2)."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import msgspec
import numpy as np

from hornbook.base.records import Message, Question
from hornbook.base.settings import setting
from hornbook.synthetic.equations import equations, numbers, shown
from hornbook.synthetic.kind import Checks, Kind, Made, RecordContext, Rejected, example
from hornbook.synthetic.kinds.mathematics._program import Program, program_of
from hornbook.synthetic.kinds.mathematics._solving import SHOWN_QUESTION, SolvingSettings, right, worked
from hornbook.synthetic.prompting import finished, require_fluent

ASKED = "One step of the solution is wrong. Find it, say what is wrong with it, and give the right solution."
FIND = "One step of the solution is computed wrongly. Compute each step again. Which step is it?"
REPAIR = "Say what is wrong with the step, then give all steps rightly, one a line, then `Answer: ...`."
WRONG = "1. 3 + 4 = 8\n2. 2 * 8 = 16"
REPAIRED = "3 + 4 is 7, not 8.\n3 + 4 = 7\n2 * 7 = 14\nAnswer: 14"
SLIPS = (-10, -2, -1, 1, 2, 10)  # added to a result
MOST_DRAWS = 50


class ErrorFindingSettings(SolvingSettings):
    """Solutions with one wrong step."""

    tries: int = setting(3, "attempts at finding the step", ge=1)


class Altered(NamedTuple):
    """The steps as told with one slip, and the step (from 1) with what it should have come to."""

    told: str
    step: int
    right: Fraction


class Found(msgspec.Struct):
    step: int


async def make(seed: Question, ask: RecordContext, settings: ErrorFindingSettings) -> list[Made]:
    """The grade falls with the attempts that it took to find the step."""
    program = program_of(seed)
    if program is None:
        raise Rejected("program")
    altered = alter(program, numbers(seed.prompt), ask.rng)
    problem = f"{seed.prompt}\n\nSolution:\n{altered.told}"
    attempts = await find(problem, altered.step, ask, settings)
    repairs = await ask.many("repair", repair_prompt(problem, altered.step), settings.solutions)
    texts = [finished(answer) for answer in repairs]
    verdicts = await right(seed, texts, ask)
    ask.facts |= {"attempts": float(attempts), "right": sum(verdicts) / len(verdicts)}
    failure = Rejected("answer", "no repair reaches it")
    for text in (text for text, verdict in zip(texts, verdicts, strict=True) if verdict):
        try:
            passed = check(text, altered, problem)
        except Rejected as rejected:
            failure = rejected
            continue
        messages = [
            Message("user", f"{problem}\n\n{ASKED}"),
            Message("assistant", f"Step {altered.step} is wrong. {text}"),
        ]
        return [Made(["program", "step", "answer", *passed], messages=messages, grade=round(1 / attempts, 4))]
    raise failure


def alter(program: Program, given: Sequence[Fraction], rng: np.random.Generator) -> Altered:
    """One result changed; the later steps go on with it, rightly. Raises Rejected when no change leads elsewhere."""
    results = program.run(given) or []
    for _ in range(MOST_DRAWS):
        place = int(rng.integers(len(results)))
        slip = Fraction(int(rng.choice(SLIPS)))
        wrong = program.run(given, {place: results[place] + slip})
        if wrong and wrong[-1] != results[-1] and all(one.denominator == 1 for one in wrong):
            told = program.told(given, wrong)
            return Altered("\n".join(f"{n}. {line}" for n, line in enumerate(told, 1)), place + 1, results[place])
    raise Rejected("program", "no slip changes the answer")


async def find(problem: str, step: int, ask: RecordContext, settings: ErrorFindingSettings) -> int:
    """Attempts until the step was found. Raises Rejected ("step")."""
    shown_problem = f"{SHOWN_QUESTION}\n\nSolution:\n{WRONG}"
    prompt = [*example(f"{shown_problem}\n\n{FIND}", '{"step": 1}'), Message("user", f"{problem}\n\n{FIND}")]
    for attempt in range(settings.tries):
        found = await ask.json("find", prompt, Found, max_tokens=16, sample=attempt)
        if found.step == step:
            return attempt + 1
    raise Rejected("step", f"not found in {settings.tries} attempts")


def repair_prompt(problem: str, step: int) -> list[Message]:
    def asked(problem: str, step: int) -> str:
        return f"{problem}\n\nStep {step} is wrong. {REPAIR}"

    return [
        *example(asked(f"{SHOWN_QUESTION}\n\nSolution:\n{WRONG}", 1), REPAIRED),
        Message("user", asked(problem, step)),
    ]


def check(text: str, altered: Altered, problem: str) -> list[str]:
    """The checks of a repair that reaches the answer: it must compute the wrong step rightly, and all others."""
    checks = Checks()
    stated = list(equations(text))
    false = [f"{each.left} = {each.right}" for each in stated if not each.holds]
    checks.require("arithmetic", not false, ", ".join(false[:1]))
    mended = any(each.stated == altered.right for each in stated)
    checks.require("repaired step", mended, f"nowhere {shown(altered.right)}")
    require_fluent(checks, text, (20, 4000), f"{SHOWN_QUESTION} {REPAIRED}", problem)
    return checks.passed


KIND = Kind(
    about="A worked solution with one step altered by program; the step is found, said what is wrong, and repaired.",
    source="synthetic",
    report="2.2",
    seeded_by="questions with worked solutions",
    seeds=worked,
    make=make,
    stages=("find", "repair"),
    checks=(
        "program",
        "form",
        "step",
        "answer",
        "arithmetic",
        "repaired step",
        "length",
        "no repetition",
        "not the example",
        "no small talk",
    ),
    calls=lambda settings: 2 * settings.tries + settings.solutions,
    settings=ErrorFindingSettings,
)

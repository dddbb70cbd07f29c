"""Estimates: round, compute with round numbers, and be near the exact value, which a program knows (report §2.2)."""

from fractions import Fraction

import msgspec
import numpy as np

from hornbook.base.records import Message, Question, make_id
from hornbook.base.settings import setting
from hornbook.oracles.question_entry import entry_of
from hornbook.synthetic.equations import equations, evaluate, numbers
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, Material, RecordContext, Rejected, example
from hornbook.synthetic.kinds.mathematics._solving import final_number
from hornbook.synthetic.prompting import finished, require_fluent

HOW = "Estimate it: round the numbers, compute with the round ones, and give the result as `Answer: about ...`."
EXAMPLES = {  # of each operation
    "*": (
        "A mill grinds 312 sacks a day. About how many sacks are that in 48 days?",
        "312 is about 300 and 48 is about 50.\n300 * 50 = 15000\nAnswer: about 15000",
    ),
    "+": (
        "A school has 312 girls and 693 boys. About how many pupils are there?",
        "312 is about 300 and 693 is about 700.\n300 + 700 = 1000\nAnswer: about 1000",
    ),
    "-": (
        "A hill is 7214 feet high, and 693 feet are climbed. About how many feet are left?",
        "7214 is about 7200 and 693 is about 700.\n7200 - 700 = 6500\nAnswer: about 6500",
    ),
}
STORIES = {  # sign → questions
    "*": [
        "A theatre has {a} seats. About how many tickets does it sell for {b} shows that are sold out?",
        "A bakery sells {a} loaves a day. About how many loaves are that in {b} days?",
        "A train runs {a} kilometres a day. About how far does it run in {b} days?",
        "Each of {b} boxes holds {a} screws. About how many screws are there?",
        "About how much is {a} * {b}?",
    ],
    "+": [
        "A town has {a} inhabitants, and {b} move there. About how many are there now?",
        "A library has {a} novels and {b} other books. About how many books are there?",
        "About how much is {a} + {b}?",
    ],
    "-": [
        "Of {a} seats in a stadium, {b} are taken. About how many are free?",
        "A tank holds {a} litres, and {b} litres run out. About how much is left?",
        "About how much is {a} - {b}?",
    ],
}


class EstimationSettings(KindSettings):
    """Estimates by rounding."""

    temperature: float = setting(0.4, "sampling temperature", ge=0)
    max_tokens: int = setting(80, "longest estimate, in tokens", ge=1)
    tries: int = setting(4, "estimates tried", ge=1)
    figures: int = setting(2, "most significant digits of a number that counts as round", ge=1)
    tolerance: float = setting(0.15, "largest relative error of an estimate", gt=0, lt=1)


def seeds(material: Material, count: int, rng: np.random.Generator, settings: EstimationSettings) -> list[Question]:
    """Different questions, each with its exact answer and the tolerance, so that an oracle can judge estimates."""
    found: dict[str, Question] = {}
    for _ in range(20 * count):
        if len(found) == count:
            break
        sign = str(rng.choice(list(STORIES)))
        first = int(rng.integers(101, 1000))
        second = int(rng.integers(11, 100)) if sign == "*" else int(rng.integers(101, 1000))
        if sign == "-":
            first, second = 1000 + 10 * first + int(rng.integers(1, 10)), second
        prompt = str(rng.choice(STORIES[sign])).format(a=first, b=second)
        exact = evaluate(f"{first} {sign} {second}")
        entry = msgspec.json.encode({"tolerance": settings.tolerance, "expression": f"{first} {sign} {second}"})
        one = Question(
            id=make_id("task", prompt),
            task="estimation",
            prompt=prompt,
            answer=str(exact),
            oracle="number",
            entry=entry.decode(),
        )
        found.setdefault(one.id, one)
    return list(found.values())


async def make(seed: Question, ask: RecordContext, settings: EstimationSettings) -> list[Made]:
    """The first estimate that is good; the grade says how near it is."""
    shown, estimated = EXAMPLES[entry_of(seed)["expression"].split()[1]]
    prompt = [*example(f"{shown}\n{HOW}", estimated), Message("user", f"{seed.prompt}\n{HOW}")]
    failure = Rejected("near")
    for number in range(settings.tries):
        text = finished(await ask("estimate", prompt, sample=number))
        try:
            checks, error = check(text, seed, settings)
        except Rejected as rejected:
            failure = rejected
            continue
        messages = [Message("user", f"{seed.prompt}\n{HOW}"), Message("assistant", text)]
        return [Made(checks.passed, messages=messages, grade=round(1 - error, 4), question=seed_with(seed, text))]
    raise failure


def seed_with(seed: Question, solution: str) -> Question:
    return msgspec.structs.replace(seed, id=make_id("question", seed.prompt, seed.answer), solution=solution)


def check(text: str, seed: Question, settings: EstimationSettings) -> tuple[Checks, float]:
    """(checks passed, relative error): the estimate comes from an equation of round numbers, and is near. Raises
    Rejected."""
    checks = Checks()
    exact, given = Fraction(seed.answer), final_number(text)
    stated = list(equations(text))
    false = [f"{each.left} = {each.right}" for each in stated if not each.holds]
    checks.require("arithmetic", not false, ", ".join(false[:1]))
    rounded = [each for each in stated if all(_figures(number) <= settings.figures for number in numbers(each.left))]
    source = [each for each in rounded if each.stated == given]
    checks.require("rounded", bool(source) and len(rounded) == len(stated), "not computed with round numbers")
    unrounded = [number for number in numbers(seed.prompt) if _figures(number) > settings.figures]
    said = numbers(text[: source[0].start])
    checks.require("says how", all(number in said for number in unrounded), "does not say what it rounds")
    error = float(abs((given or Fraction(0)) - exact) / abs(exact))
    checks.require("near", error <= settings.tolerance, f"off by {error:.0%}")
    require_fluent(checks, text, (20, 1500), " ".join(map(" ".join, EXAMPLES.values())), seed.prompt)
    return checks, error


def _figures(number: Fraction) -> int:
    """Significant digits of a number: 2 of 4500."""
    return len(f"{abs(float(number)):.12g}".replace(".", "").strip("0"))


KIND = Kind(
    about="An estimate by rounding, each step computed, near the exact value that a program knows.",
    source="synthetic",
    report="2.2",
    seeded_by="its own questions, drawn by program",
    seeds=seeds,
    make=make,
    stages=("estimate",),
    checks=(
        "arithmetic",
        "rounded",
        "says how",
        "near",
        "length",
        "no repetition",
        "not the example",
        "no small talk",
    ),
    calls=lambda settings: settings.tries,
    settings=EstimationSettings,
)

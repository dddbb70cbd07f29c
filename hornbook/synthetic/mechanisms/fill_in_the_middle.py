"""Fill in the middle: what the reasoning needs is cut, and found again by a graded chain of thought (report §D.2).

The middle of a text is chosen by the teacher, a statement of a function by a program that runs it; of steps, it is
their order. What was cut is the truth. Attempts that fail are followed by others with a hint more; a hint costs grade.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta

from hornbook.base.records import Question
from hornbook.base.sentences import sentences
from hornbook.base.settings import setting
from hornbook.oracles.extract_answer import extract_answer
from hornbook.oracles.extract_code import code_in
from hornbook.oracles.text import canonical_text
from hornbook.synthetic.code_similarity import parse_function
from hornbook.synthetic.kind import Checks, Kind, Made, RecordContext, Rejected
from hornbook.synthetic.mechanisms.mechanism import Mechanism, Option, Prompts, Stage, Usual, both, record_of
from hornbook.synthetic.mechanisms.revision import Score
from hornbook.synthetic.mechanisms.text_checks import TextSettings, check_text, require_form, text_check_names
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.programs.behaviour import behaviour
from hornbook.synthetic.programs.cutting import Cut, hints_for, matching, statements, telling_cut
from hornbook.synthetic.programs.steps import LETTERS, order_in, solution_steps

GAP = "[...]"
MOST_CUT = 4  # sentences
SHARES = (6, 3, 2)  # hints: the first sixth, third and half of what is missing


class MiddleSettings(TextSettings):
    """A middle that was cut, and attempts to find it."""

    attempts: int = setting(4, "attempts, each after the first with one hint more", ge=1)
    min_match: float = setting(
        0.6, "least match of code that does not run by itself: the share of the syntax tree won back", ge=0, le=1
    )
    min_score: int = setting(4, "least score (1 to 5) of the chain of thought", ge=1, le=5)


class Gap(NamedTuple):
    """What is shown, and what is missing.

    Attributes:
        shown: the text with the gap, or the shuffled steps.
        truth: what was cut, or the order.
        hints: more and more of the truth.
        match: what was written → how near it is to the truth, in [0, 1]; None where a judge must say.
        least: the match that is needed.
        claims: what the record states besides the thoughts, and the seed must bear out.
    """

    shown: str
    truth: str
    hints: list[str]
    match: Callable[[str], float | None]
    least: float = 1.0
    claims: str = ""


class Chosen(msgspec.Struct):
    """The sentences to cut, by number from 1, and what they are needed for."""

    why: str
    first: int
    last: int


class Steps(msgspec.Struct):
    """The steps of a procedure or an argument in their order; none where the passage has no such order."""

    steps: Annotated[list[str], Meta(max_length=len(LETTERS))]


class Graded(msgspec.Struct):
    """What the judge says of an attempt."""

    why: str
    same: Literal["yes", "no"]
    stands_alone: Literal["yes", "no"]
    score: Score


async def make(seed: Any, ask: RecordContext, settings: MiddleSettings) -> list[Made]:
    gap = await MIDDLES[ask.kind.options["middle"]](seed, ask, settings)
    failure = Rejected("match")
    for number in range(settings.attempts):
        try:
            return [await attempted(seed, gap, number, ask, settings)]
        except Rejected as rejected:
            failure = rejected
    raise failure


async def attempted(seed: Any, gap: Gap, number: int, ask: RecordContext, settings: MiddleSettings) -> Made:
    """The record, if this attempt finds what is missing by a good chain of thought. Raises Rejected."""
    values: dict[str, Any] = {"gap": gap, "hints": gap.hints[:number]}
    thoughts = await ask.write("reason", attempt=number, preamble=False, **values)
    written = thoughts
    if "fill" in ask.kind.prompts:
        written = await ask.write("fill", attempt=number, preamble=False, thoughts=thoughts, **values)
    match = await ask.compute(gap.match, written)
    if match is not None and match < gap.least:
        raise Rejected("match", f"{match:.2f} of it")
    graded = await ask.fill("grade", Graded, thoughts=thoughts, written=written, decided=match is not None, **values)
    if match is None and graded.same != "yes":
        raise Rejected("match", graded.why[:200])
    if graded.score < settings.min_score or graded.stands_alone != "yes":
        raise Rejected("reasons", f"scored {graded.score}: {graded.why[:200]}")
    checks = await checked(f"{gap.claims}\n\n{thoughts}".strip(), seed, ask, settings)
    checks.passed += ["a middle to cut", "match", "reasons"]
    ask.facts |= {"hints": float(len(values["hints"])), "score": float(graded.score)}
    grade = graded.score / 5 * (match or 1.0) * (1 - len(values["hints"]) / settings.attempts)
    return record_of(ask, checks, grade=grade, gap=gap, thoughts=thoughts)


async def checked(text: str, seed: Any, ask: RecordContext, settings: MiddleSettings) -> Checks:
    """The checks of a text about a passage; form alone where the seed is a question, or code that was run."""
    if isinstance(seed, Passage) and seed.information != "function":
        return await check_text(text, seed, ask, settings)
    checks = Checks()
    checks.require("finished", True)
    require_form(checks, text, settings.tokens)
    return checks


async def of_text(seed: Passage, ask: RecordContext, settings: MiddleSettings) -> Gap:
    """Sentences that the reasoning needs, chosen by the teacher: not the first, and less than half of the text."""
    parts = sentences(seed.text)
    chosen = await ask.fill("choose", Chosen, sentences=parts)
    first, last = chosen.first - 1, chosen.last - 1
    fits = 0 < first <= last < len(parts) and last - first < MOST_CUT
    ends = []
    at = 0
    for part in parts:
        at = seed.text.index(part, at) + len(part)
        ends.append(at)
    start = seed.text.index(parts[first], ends[first - 1]) if fits else 0
    truth = seed.text[start : ends[last]] if fits else ""
    if not fits or len(truth) > len(seed.text) / 2:
        raise Rejected("a middle to cut", f"sentences {chosen.first} to {chosen.last} of {len(parts)}")
    hints = [f"It has {len(truth)} characters and begins with: {truth[: len(truth) // share]} ..." for share in SHARES]
    shown = f"{seed.text[:start]}{GAP}{seed.text[ends[last] :]}"
    return Gap(shown, truth, hints, lambda written: 1.0 if canonical_text(written) == canonical_text(truth) else None)


async def of_code(seed: Passage, ask: RecordContext, settings: MiddleSettings) -> Gap:
    """A statement without which the function does something else; by its syntax tree where it cannot run alone."""
    cases = await ask.compute(behaviour, seed.text)
    found = statements(seed.text)
    order = [found[place] for place in ask.rng.permutation(len(found)).tolist()]
    cut = await ask.compute(telling_cut, seed.text, order, cases)
    original = parse_function(seed.text, "")
    if original is None or cut is None:
        raise Rejected("a middle to cut")
    ask.facts["runs"] = float(bool(cases))
    least = 1.0 if cases else settings.min_match
    return Gap(cut.gapped, cut.lines, hints_for(cut.lines), matcher(cut, original, cases), least)


def matcher(cut: Cut, original: Any, cases: Sequence[Any]) -> Callable[[str], float | None]:
    return lambda written: matching(code_in(written, [original.name]), cut, original, cases)


async def of_steps(seed: Question | Passage, ask: RecordContext, settings: MiddleSettings) -> Gap:
    """The order of the steps of a worked solution, or of a procedure or an argument that the teacher takes apart."""
    if isinstance(seed, Question):
        title, steps = f"Steps of a solution of: {seed.prompt}", solution_steps(seed)
    else:
        title, steps = "", [" ".join(step.split()) for step in (await ask.fill("choose", Steps)).steps]
    if len(steps) < 3 or len(set(steps)) < len(steps):
        raise Rejected("a middle to cut", f"{len(steps)} steps")
    letters = shuffled_letters(len(steps), ask.rng)
    listed = "\n".join(f"{letter}. {step}" for letter, step in sorted(zip(letters, steps, strict=True)))
    hints = [f"The order begins with {' '.join(letters[:count])}." for count in range(1, len(letters) - 1)]
    return Gap(
        f"{title}\n\n{listed}".strip(),
        ", ".join(letters),
        hints,
        lambda written: float(order_in(extract_answer(written), len(letters)) == letters),
        claims="" if isinstance(seed, Question) else "\n".join(steps),
    )


def shuffled_letters(count: int, rng: np.random.Generator) -> list[str]:
    """Letters in random order, but never the true one."""
    letters = list(LETTERS[:count])
    while letters == sorted(letters):
        letters = [LETTERS[number] for number in rng.permutation(count).tolist()]
    return letters


MIDDLES: dict[str, Callable[[Any, RecordContext, MiddleSettings], Awaitable[Gap]]] = {
    "text": of_text,
    "code": of_code,
    "steps": of_steps,
}


def calls(settings: MiddleSettings, prompts: Prompts) -> dict[str, int]:
    each = 2 * settings.attempts
    return {"choose": 2, "reason": each, "fill": each, "grade": each}


def usual(settings: MiddleSettings, kind: Kind) -> dict[str, Usual]:
    tried = min(1.5, settings.attempts)
    text = 300  # tokens of the text around a gap
    return {
        "choose": Usual(answer=100),
        "reason": Usual(tried, shown=text),
        "fill": Usual(tried, shown=text + (kind.prompts["reason"].tokens or 0)),
        "grade": Usual(tried, shown=text + (kind.prompts["reason"].tokens or 0)),
    }


def checks(settings: MiddleSettings, prompts: Prompts) -> tuple[str, ...]:
    return ("form", "a middle to cut", "match", "reasons", *text_check_names(settings))


MECHANISM = Mechanism(
    make=make,
    settings=MiddleSettings,
    calls=calls,
    usual=usual,
    checks=checks,
    seeds="reasoning",
    stages={
        "choose": None,
        "reason": Stage("gap hints", needed=True),
        "fill": Stage("gap hints thoughts"),
        "grade": Stage("gap hints thoughts written decided", needed=True),
    },
    record=both("gap thoughts"),
    options={"middle": Option("what is cut", needed=True)},
    chosen_by="options.middle",
    cases={"text": {"choose": Stage("sentences", needed=True)}, "code": {}, "steps": {"choose": Stage()}},
)

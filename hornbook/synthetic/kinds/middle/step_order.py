"""Steps in order: the shuffled steps of a solution or a procedure are put in order again, with reasons (§D.2)."""

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise, permutations
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import numpy as np

from hornbook.base.records import Message, Question
from hornbook.base.sentences import sentences
from hornbook.base.settings import setting
from hornbook.synthetic.kind import Checks, Kind, Made, Material, RecordContext, Rejected, Seed, example
from hornbook.synthetic.kinds.middle._gaps import REASON_CHECKS, Filled, GapSettings, fill, require_reasons
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import finished, unlabelled
from hornbook.synthetic.seed_sampling import spread_over_documents
from hornbook.synthetic.words import words

LETTERS = "ABCDEF"
STEPS = range(3, len(LETTERS) + 1)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
CUE = re.compile(r"\b(first|begin|start)\b.*|.*\b(then|next|after|finally|last|until|now)\b", re.IGNORECASE)
ORDER = "In which order must these steps stand? Give the letters of all of them, the first step first."
ASKED = "These steps are in the wrong order. Say why each must stand where it does, then give the order of the letters."
WHY = "Say in one short sentence why the second of these steps must come after the first."
SHOWN_STEPS = "A. 2 * 7 = 14\nB. 14 - 5 = 9\nC. 3 + 4 = 7"
SHOWN_WHY = "The step 2 * 7 = 14 needs the 7, which 3 + 4 = 7 gives."
SHOWN_PAIR = "First: 3 + 4 = 7\nSecond: 2 * 7 = 14"


class StepOrderSettings(GapSettings):
    """Steps out of order."""

    asked: float = setting(0.5, "least share of the seeds that are worked solutions, where there are", ge=0, le=1)


@cache
def _order_of(count: int) -> type[msgspec.Struct]:
    """So many letters: servers with JSON schemas hold the teacher to them."""
    letters = Annotated[list[Literal[tuple(LETTERS[:count])]], msgspec.Meta(min_length=count, max_length=count)]  # type: ignore[misc,valid-type]
    return msgspec.defstruct("Ordered", [("order", letters)])


class Task(NamedTuple):
    """What the steps are of, the steps in their true order, and the letters they go by, in that order."""

    title: str
    steps: list[str]
    letters: list[str]

    def shuffled(self) -> str:
        return "\n".join(f"{letter}. {step}" for letter, step in sorted(zip(self.letters, self.steps, strict=True)))


def seeds(material: Material, count: int, rng: np.random.Generator, settings: StepOrderSettings) -> list[Seed]:
    """Worked solutions whose steps have one order, and procedures."""
    questions = [question for question in material.questions if solution_steps(question)]
    procedures = [passage for passage in material.passages if procedure_steps(passage)]
    share = max(round(count * settings.asked), count - len(procedures))
    chosen: list[Seed] = [questions[number] for number in rng.permutation(len(questions))[:share].tolist()]
    return [*chosen, *spread_over_documents(procedures, count - len(chosen), rng)]


def solution_steps(question: Question) -> list[str]:
    """The steps of the worked solution, if they are different and can stand in one order only; else none."""
    steps = [line.strip() for line in question.solution.splitlines() if line.strip()]
    steps = [step for step in steps if not step.lower().startswith("answer")]
    if len(steps) not in STEPS or len(set(steps)) < len(steps) or not follows(steps):
        return []
    return steps if sum(follows(order) for order in permutations(steps)) == 1 else []


def follows(steps: Sequence[str]) -> bool:
    """Whether each step uses the result of the one before: the number after its last equals sign."""
    results = [NUMBER.findall(step.rpartition("=")[2]) for step in steps]
    used = [NUMBER.findall(step.rpartition("=")[0].replace(" - ", " ")) for step in steps]
    return all(result and result[-1] in inputs for result, inputs in zip(results, used[1:], strict=False))


def procedure_steps(passage: Passage) -> list[str]:
    """The sentences of a procedure whose words say what comes when; else none."""
    steps = sentences(passage.text)
    if passage.information != "procedure" or len(steps) not in STEPS:
        return []
    return steps if all(map(CUE.match, steps[1:])) else []


async def make(seed: Question | Passage, ask: RecordContext, settings: StepOrderSettings) -> list[Made]:
    task = shuffle(seed, ask.rng)

    async def attempt(number: int, hints: Sequence[str]) -> tuple[str, float, list[str]]:
        messages = [
            *example(f"{SHOWN_STEPS}\n\n{ORDER}", '{"order": ["C", "A", "B"]}'),
            Message("user", "\n\n".join([task.title, task.shuffled(), *hints, ORDER])),
        ]
        found: Any = await ask.json("order", messages, _order_of(len(task.steps)), max_tokens=48, sample=number)
        order = found.order
        if order != task.letters:
            raise Rejected("order", f"{' '.join(order)[:40]}, not {' '.join(task.letters)}")
        return "", 1.0, ["order"]

    filled = await fill(attempt, hints_for(task), ask, settings)
    return [await explain(task, filled, ask, settings)]


def shuffle(seed: Question | Passage, rng: np.random.Generator) -> Task:
    """Letters in random order, but never the true one."""
    steps = solution_steps(seed) if isinstance(seed, Question) else procedure_steps(seed)
    letters = list(LETTERS[: len(steps)])
    if len(steps) not in STEPS:
        raise Rejected("one order")
    while letters == sorted(letters):
        letters = [LETTERS[number] for number in rng.permutation(len(steps)).tolist()]
    title = f"Steps of a solution of: {seed.prompt}" if isinstance(seed, Question) else "Steps:"
    return Task(title, steps, letters)


def hints_for(task: Task) -> list[str]:
    """One more step with each hint; the last two are never told."""
    told = [" ".join(task.letters[:count]) for count in range(1, len(task.letters) - 1)]
    return [f"The order begins with {letters}." for letters in told]


async def explain(task: Task, filled: Filled, ask: RecordContext, settings: StepOrderSettings) -> Made:
    """Why each step follows the one before, then the order. Raises Rejected when a reason is none."""
    checks = Checks()
    lines = [f"{task.letters[0]} comes first: {task.steps[0]}"]
    source = " ".join([task.title, *task.steps])
    for (before, earlier), (letter, step) in pairwise(zip(task.letters, task.steps, strict=True)):
        pair = f"First: {earlier}\nSecond: {step}"
        prompt = [*example(f"{SHOWN_PAIR}\n\n{WHY}", SHOWN_WHY), Message("user", f"{task.title}\n{pair}\n\n{WHY}")]
        reason = await reasoned(prompt, earlier, step, source, ask, settings)
        lines.append(f"{letter} comes after {before}: {reason}")
    checks.require("order", True)
    checks.require("one order", True)
    text = "\n".join([*lines, f"Answer: {' '.join(task.letters)}"])
    require_reasons(checks, text, f"{source} {ASKED}", "", 0.0)
    messages = [Message("user", f"{task.title}\n{task.shuffled()}\n\n{ASKED}"), Message("assistant", text)]
    return Made([*checks.passed, "reasons"], messages=messages, grade=filled.grade(settings.attempts))


async def reasoned(
    prompt: list[Message], first: str, second: str, source: str, ask: RecordContext, settings: StepOrderSettings
) -> str:
    """A reason that names something of both steps. Raises Rejected ("reasons") after so many attempts."""
    for number in range(settings.attempts):
        answer = await ask("why", prompt, max_tokens=60, stop=["\n"], sample=number)
        reason = unlabelled(finished(answer))
        mine = {word for word in words(reason) if len(word) > 3 or word.isdigit()}
        both = all(mine & set(words(step)) for step in (first, second))
        if both and 4 <= len(words(reason)) <= 60 and not set(NUMBER.findall(reason)) - set(NUMBER.findall(source)):
            return reason
    raise Rejected("reasons", "none that speaks of both steps")


KIND = Kind(
    about="The shuffled steps of a solution or a procedure put in order, with the reason for each place.",
    source="synthetic",
    report="D.2",
    seeded_by="worked solutions and procedures",
    seeds=seeds,
    make=make,
    stages=("order", "why"),
    checks=("one order", "form", "order", *REASON_CHECKS),
    calls=lambda settings: settings.attempts * (2 + len(LETTERS) - 1),
    settings=StepOrderSettings,
)

"""Rewrite and augment: a passage becomes structured reasoning: premises, numbered steps, a conclusion (report §2.2)."""

from typing import Annotated

import msgspec
from msgspec import Meta

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.chains import capitalised, chains_first, find_chain
from hornbook.synthetic.groundedness import is_supported
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, example
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import SHOWN, describe, first_accepted, require_fluent, require_grounded
from hornbook.synthetic.words import stems

Line = Annotated[str, Meta(min_length=10, max_length=240)]
TASK = "Write as JSON the premises that the conclusion rests on, and the steps from them to the conclusion."
MOST_ALIKE = 0.75  # overlap (Jaccard) of the words of two lines; what is more alike says the same


class Reasoning(msgspec.Struct):
    """How a conclusion is reached, as the teacher fills it in."""

    premises: Annotated[list[Line], Meta(min_length=1, max_length=4)]
    steps: Annotated[list[Line], Meta(min_length=1, max_length=4)]


SHOWN_CONCLUSION = "The smallest element is always at the root."
REASONED = Reasoning(
    ["A binary heap is a complete binary tree.", "Every parent is smaller than or equal to its children."],
    ["The root is the parent of all the others, directly or not.", "So none of its elements is smaller than the root."],
)


class StructuredReasoningSettings(KindSettings):
    """Passages laid out as premises, steps and conclusion."""

    temperature: float = setting(0.4, "sampling temperature", ge=0)
    max_tokens: int = setting(220, "longest answer, in tokens", ge=1)
    min_support: float = setting(0.7, "least share of a line's words in two sentences of the passage", ge=0, le=1)
    min_grounded: float = setting(0.6, "least share of a step's content words that the passage holds", ge=0, le=1)
    tries: int = setting(2, "answers tried, at most", ge=1)


async def make(passage: Passage, ask: RecordContext, settings: StructuredReasoningSettings) -> list[Made]:
    await describe(passage, ask)
    step = (await find_chain(passage, ask))[-1]  # what the passage comes to

    async def reason(number: int) -> Made:
        conclusion = capitalised(step.conclusion)
        found = await ask.json("reason", reason_prompt(conclusion, passage), Reasoning, sample=number)
        premises = distinct([capitalised(step.assumption), *found.premises], [conclusion])
        steps = distinct(found.steps, [conclusion, *premises])
        checks = check_reasoning(premises, steps, conclusion, passage, settings)
        task = "Lay out the reasoning of this text: its premises, the steps, and the conclusion."
        reply = lay_out(premises, steps, conclusion)
        return Made(checks.passed, messages=[Message("user", f"{task}\n\n{passage.text}"), Message("assistant", reply)])

    return [await first_accepted(settings.tries, reason)]


def reason_prompt(conclusion: str, passage: Passage) -> list[Message]:
    shown = msgspec.json.encode(REASONED).decode()
    return [
        *example(f"{SHOWN}\n\nConclusion: {SHOWN_CONCLUSION}\n{TASK}", shown),
        Message("user", f"{passage.text}\n\nConclusion: {conclusion}\n{TASK}"),
    ]


def distinct(lines: list[str], said: list[str]) -> list[str]:
    """The lines that say neither what `said` says nor what a line before them says."""
    kept: list[str] = []
    for line in (" ".join(line.split()) for line in lines):
        mine = stems(line)
        if all(len(mine & stems(other)) <= MOST_ALIKE * len(mine | stems(other)) for other in [*said, *kept]):
            kept.append(line)
    return kept


def lay_out(premises: list[str], steps: list[str], conclusion: str) -> str:
    listed = "\n".join(f"- {line}" for line in premises)
    numbered = "\n".join(f"{number}. {line}" for number, line in enumerate(steps, start=1))
    return f"Premises:\n{listed}\n\nSteps:\n{numbered}\n\nConclusion: {conclusion}"


def check_reasoning(
    premises: list[str], steps: list[str], conclusion: str, passage: Passage, settings: StructuredReasoningSettings
) -> Checks:
    """Premises and conclusion stand in the passage, and there are steps between them, of what the passage speaks of."""
    checks = Checks()
    checks.require("chain", True)
    checks.require("steps", len(premises) >= 2 and bool(steps), f"{len(premises)} premises, {len(steps)} steps")
    foreign = [line for line in premises if not is_supported(line, passage.text, settings.min_support)]
    checks.require("premises", not foreign, f"not in the passage: {' '.join(foreign)[:80]}")
    checks.require("conclusion", is_supported(conclusion, passage.text, settings.min_support), "not in the passage")
    text = " ".join([*premises, *steps])
    shown = " ".join([SHOWN, *REASONED.premises, *REASONED.steps])
    require_fluent(checks, text, (80, 2000), shown, passage.text)
    for step in steps:
        require_grounded(checks, step, passage.text, settings.min_grounded)
    return checks


KIND = Kind(
    about="A passage laid out as premises, numbered steps and the conclusion it states.",
    source="web_rewrite",
    report="2.2",
    seeded_by="passages, those that state a chain of reasoning first",
    seeds=chains_first,
    make=make,
    stages=("describe", "chain", "reason"),
    checks=(
        "educational value",
        "form",
        "chain",
        "steps",
        "premises",
        "conclusion",
        "length",
        "no repetition",
        "not the example",
        "no small talk",
        "groundedness",
        "numbers",
    ),
    calls=lambda settings: 3 + 2 * settings.tries,
    settings=StructuredReasoningSettings,
)

"""Explanations: a cause and an effect that a passage states, worked into an answer to "why" (report §2.2)."""

import re

from hornbook.base.records import Message
from hornbook.base.sentences import sentences
from hornbook.base.settings import setting
from hornbook.synthetic.chains import capitalised, chains_first, find_chain, in_sentence
from hornbook.synthetic.groundedness import states_reference
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, example
from hornbook.synthetic.passages import Passage, ReasoningStep
from hornbook.synthetic.prompting import (
    SHOWN,
    describe,
    finished,
    first_accepted,
    require_fluent,
    require_grounded,
    unlabelled,
    without_small_talk,
)
from hornbook.synthetic.words import copied

SHOWN_STEP = ReasoningStep(
    "every parent is smaller than or equal to its children", "the smallest element is at the root", ""
)
EXPLAINED = (
    "In a binary heap every parent is smaller than or equal to its children. So no element can be smaller than the "
    "root, from which all the others descend. Therefore the smallest element is at the root."
)
JOINS = re.compile(
    r"\b(because|since|therefore|thus|hence|so|as a result|consequently|this means|which means|if|then|when|causes?"
    r"|leads? to|due to|follows)\b",
    re.IGNORECASE,
)


class ExplanationSettings(KindSettings):
    """Answers to "why"."""

    temperature: float = setting(0.5, "sampling temperature", ge=0)
    max_tokens: int = setting(110, "longest explanation, in tokens", ge=1)
    tries: int = setting(4, "explanations tried, at most", ge=1)
    min_grounded: float = setting(0.65, "least share of its content words that the passage holds", ge=0, le=1)
    max_copied: float = setting(0.85, "largest share of 5-grams taken over from the passage", ge=0, le=1)


async def make(passage: Passage, ask: RecordContext, settings: ExplanationSettings) -> list[Made]:
    await describe(passage, ask)
    chain = await find_chain(passage, ask)
    step = chain[int(ask.rng.integers(len(chain)))]

    async def explain(number: int) -> Made:
        answer = await ask("explain", explain_prompt(step, passage), sample=number)
        text = without_small_talk(unlabelled(finished(answer)))
        checks = check_explanation(text, step, passage, settings)
        return Made(checks.passed, messages=[Message("user", task_of(step)), Message("assistant", text)])

    return [await first_accepted(settings.tries, explain)]


def task_of(step: ReasoningStep) -> str:
    """What the reader is asked: the effect, never the cause."""
    return f"{capitalised(step.conclusion)} Explain why, or under which condition."


def explain_prompt(step: ReasoningStep, passage: Passage) -> list[Message]:
    def task(text: str, step: ReasoningStep) -> str:
        hint = f"Begin with the reason: {in_sentence(step.assumption)}."
        return f"{text}\n\n{task_of(step)} {hint} Answer in two or three sentences, from the text."

    return [*example(task(SHOWN, SHOWN_STEP), EXPLAINED), Message("user", task(passage.text, step))]


def check_explanation(text: str, step: ReasoningStep, passage: Passage, settings: ExplanationSettings) -> Checks:
    """It says the cause, the effect and that the one comes from the other, and adds little to the passage."""
    checks = Checks()
    checks.require("chain", True)
    require_fluent(checks, text, (80, 1500), f"{SHOWN} {EXPLAINED}", passage.text)
    both = f"{step.assumption} {step.conclusion}"
    checks.require("cause", says(text, step.assumption), "does not say the cause")
    checks.require("effect", says(text, step.conclusion), "does not say the effect")
    checks.require("joined", bool(JOINS.search(text)), "no word that joins cause and effect")
    require_grounded(checks, text, f"{passage.text} {both}", settings.min_grounded)
    share = copied(text, passage.text)
    checks.require("not a copy", share <= settings.max_copied, f"{share:.2f} of its 5-grams are the passage's")
    return checks


def says(text: str, part: str) -> bool:
    """Whether a sentence of the text, or the text as a whole, states the part."""
    return states_reference(text, part) or any(states_reference(sentence, part) for sentence in sentences(text))


KIND = Kind(
    about="Why something is so: the cause and the effect that a passage states, worked into an explanation.",
    source="synthetic",
    report="2.2",
    seeded_by="passages, those that state a chain of reasoning first",
    seeds=chains_first,
    make=make,
    stages=("describe", "chain", "explain"),
    checks=(
        "educational value",
        "form",
        "chain",
        "length",
        "no repetition",
        "not the example",
        "no small talk",
        "cause",
        "effect",
        "joined",
        "groundedness",
        "numbers",
        "not a copy",
    ),
    calls=lambda settings: 3 + settings.tries,
    settings=ExplanationSettings,
)

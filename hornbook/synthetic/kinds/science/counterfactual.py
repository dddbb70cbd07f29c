"""Counterfactuals: what a passage concludes no longer follows once its condition does not hold (report §2.2).

From "since A, C" it cannot be had that without A there is no C; only that the passage then gives no reason for C. So
that is asked, and an answer that claims more is rejected.
"""

import re

from hornbook.base.records import Message
from hornbook.base.sentences import sentences
from hornbook.base.settings import setting
from hornbook.synthetic.chains import chains_first, find_chain, in_sentence
from hornbook.synthetic.groundedness import states_reference
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, example
from hornbook.synthetic.passages import Passage, ReasoningStep
from hornbook.synthetic.prompting import (
    describe,
    finished,
    first_accepted,
    require_fluent,
    require_grounded,
    unlabelled,
    without_small_talk,
)
from hornbook.synthetic.words import grounded

SHOWN = "Since the lake is frozen in winter, people can walk across it."
SHOWN_STEP = ReasoningStep("the lake is frozen in winter", "people can walk across it", "since")
ANSWERED = (
    "No. People can walk across the lake because it is frozen in winter. If it were not frozen, that reason would be "
    "gone, so it would no longer follow that they can walk across it."
)
YES_OR_NO = "Answer with yes or no."
NO_LONGER = re.compile(
    r"\b(no longer|not follow|not be|need not|may not|might not|would not|wouldn't|cannot|could not|couldn't|does not"
    r"|doesn't|not necessarily|will not|won't|no reason)\b",
    re.IGNORECASE,
)


class CounterfactualSettings(KindSettings):
    """Questions about conditions that do not hold."""

    temperature: float = setting(0.5, "sampling temperature", ge=0)
    max_tokens: int = setting(100, "longest answer, in tokens", ge=1)
    tries: int = setting(4, "answers tried, at most", ge=1)
    votes: int = setting(3, "independent answers of yes or no for the consistency, each way", ge=1)
    min_grounded: float = setting(0.6, "least share of its content words that passage or question hold", ge=0, le=1)


async def make(passage: Passage, ask: RecordContext, settings: CounterfactualSettings) -> list[Made]:
    await describe(passage, ask)
    chain = await find_chain(passage, ask)
    step = chain[int(ask.rng.integers(len(chain)))]
    with_it = await share_of_yes(f"Suppose that {in_sentence(step.assumption)}.", step, passage, ask, settings)
    without_it = await share_of_yes(supposing(step), step, passage, ask, settings)
    ask.facts |= {"yes_with_the_condition": with_it, "yes_without_it": without_it}
    consistent = with_it > without_it and with_it >= 0.5
    Checks().require("consistency", consistent, f"yes {with_it:.2f} with the condition, {without_it:.2f} without")

    async def answer(number: int) -> Made:
        written = await ask("answer", answer_prompt(step, passage), sample=number)
        text = without_small_talk(unlabelled(finished(written)))
        checks = check_answer(text, step, passage, settings)
        prompt = f"{passage.text}\n\n{question_of(step)}"
        return Made(checks.passed, messages=[Message("user", prompt), Message("assistant", text)])

    return [await first_accepted(settings.tries, answer)]


def supposing(step: ReasoningStep) -> str:
    return f"Suppose it were not so that {in_sentence(step.assumption)}."


def question_of(step: ReasoningStep) -> str:
    return f"{supposing(step)} Would it still follow from the text that {in_sentence(step.conclusion)}?"


async def share_of_yes(
    supposed: str, step: ReasoningStep, passage: Passage, ask: RecordContext, settings: CounterfactualSettings
) -> float:
    """Share of independent answers that say the conclusion follows. One example says yes and one says no."""
    asked = f"Does it follow from the text that {in_sentence(step.conclusion)}? {YES_OR_NO}"
    shown = f"Does it follow from the text that people can walk across it? {YES_OR_NO}"
    prompt = [
        *example(f"{SHOWN}\n\nSuppose that the lake is frozen in winter. {shown}", "Yes"),
        *example(f"{SHOWN}\n\n{supposing(SHOWN_STEP)} {shown}", "No"),
        Message("user", f"{passage.text}\n\n{supposed} {asked}"),
    ]
    answers = await ask.many("consistency", prompt, settings.votes, max_tokens=4, stop=["\n"])
    return sum(answer.text.strip().lower().startswith("yes") for answer in answers) / len(answers)


def answer_prompt(step: ReasoningStep, passage: Passage) -> list[Message]:
    how = "Answer in two or three sentences: say what the text gives as the reason, and what is left without it."
    return [
        *example(f"{SHOWN}\n\n{question_of(SHOWN_STEP)} {how}", ANSWERED),
        Message("user", f"{passage.text}\n\n{question_of(step)} {how}"),
    ]


def check_answer(text: str, step: ReasoningStep, passage: Passage, settings: CounterfactualSettings) -> Checks:
    """It says no, names condition and conclusion, and keeps to the passage."""
    checks = Checks()
    checks.require("chain", True)
    checks.require("consistency", True)
    denies = not text.lower().startswith("yes") and bool(NO_LONGER.search(text))
    checks.require("denial", denies, "does not say that it no longer follows")
    require_fluent(checks, text, (60, 1500), SHOWN, passage.text)
    for name, part in (("condition", step.assumption), ("consequence", step.conclusion)):
        checks.require(name, grounded(part, text) >= 0.5, f"does not speak of the {name}")
    end = sentences(text)[-1]
    affirmed = states_reference(end, step.conclusion) and not NO_LONGER.search(end)
    checks.require("denial", not affirmed, "ends by affirming it")
    require_grounded(checks, text, f"{passage.text} {question_of(step)} reason", settings.min_grounded)
    return checks


KIND = Kind(
    about="What no longer follows when a condition that a passage states does not hold, and why.",
    source="synthetic",
    report="2.2",
    seeded_by="passages, those that state a chain of reasoning first",
    seeds=chains_first,
    make=make,
    stages=("describe", "chain", "consistency", "answer"),
    checks=(
        "educational value",
        "form",
        "chain",
        "consistency",
        "denial",
        "length",
        "no repetition",
        "not the example",
        "no small talk",
        "condition",
        "consequence",
        "groundedness",
        "numbers",
    ),
    calls=lambda settings: 3 + 2 * settings.votes + settings.tries,
    settings=CounterfactualSettings,
)

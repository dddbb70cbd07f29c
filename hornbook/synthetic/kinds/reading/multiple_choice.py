"""Multiple choice about a passage: one option is in it, the others are not, and independent answers find it (§2.2)."""

import re
from typing import Annotated

import msgspec
from msgspec import Meta

from hornbook.base.records import Message, Question, make_id
from hornbook.base.settings import setting
from hornbook.synthetic.agreement import comparable_form, same_meaning
from hornbook.synthetic.groundedness import evidence, is_supported, numbers
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, Rejected, example
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import SHOWN, ask_about, brief_answers, describe, first_accepted
from hornbook.synthetic.seed_sampling import from_passages
from hornbook.synthetic.words import grounded, leaked, stems, words

LETTERS = "ABCDEF"
EXAMPLE_QUESTION = "Where in a binary heap is the smallest element?"
Option = Annotated[str, Meta(min_length=2, max_length=100)]


class Distractors(msgspec.Struct):
    """Wrong answers, as the teacher gives them."""

    wrong: Annotated[list[Option], Meta(min_length=4, max_length=6)]


EXAMPLE_WRONG = Distractors(["at a leaf", "in the middle", "at the last place", "outside the tree"])


class MultipleChoiceSettings(KindSettings):
    """Questions with options."""

    temperature: float = setting(0.4, "sampling temperature", ge=0)
    options: int = setting(4, "options of a question, the right one included", ge=2, le=6)
    tries: int = setting(3, "questions tried, and sets of wrong options, at most", ge=1)
    answers: int = setting(5, "independent answers, each with the options in another order", ge=2)
    min_agree: float = setting(0.6, "least share of them that must choose the right option", ge=0, le=1)
    max_grounded: float = setting(0.67, "largest share of a wrong option's words that the passage holds", ge=0, le=1)


async def make(passage: Passage, ask: RecordContext, settings: MultipleChoiceSettings) -> list[Made]:
    await describe(passage, ask)

    async def question_of(number: int) -> tuple[str, str]:
        question = await ask_about(passage, ask, sample=number)
        (right,) = await brief_answers(ask, "answer", passage.text, question, 1)
        require_right(right, question, passage)
        return question, right

    async def wrong_of(number: int) -> list[str]:
        prompt = distractor_prompt(question, right)
        found = await ask.json("distractors", prompt, Distractors, max_tokens=100, sample=number)
        return wrong_options(found.wrong, right, passage, settings)

    question, right = await first_accepted(settings.tries, question_of)
    options = [right, *await first_accepted(settings.tries, wrong_of)]
    share = await chosen_again(question, options, passage, ask, settings)
    checks = Checks()
    for passed in ("question", "right option", "distractors"):
        checks.require(passed, True)
    checks.require("found again", share >= settings.min_agree, f"{share:.2f} chose {right!r}")
    return [record(question, shuffled(options, ask), right, share, passage, checks)]


def require_right(right: str, question: str, passage: Passage) -> None:
    """A few words that the passage says and the question does not. Raises Rejected ("right option")."""
    short = comparable_form(right) is not None and not leaked(right, SHOWN, passage.text)
    said = is_supported(right, passage.text, 0.8) and grounded(right, question) <= 0.7
    Checks().require("right option", short and said, f"not in the passage, or in the question: {right[:80]}")


def distractor_prompt(question: str, right: str) -> list[Message]:
    def task(question: str, right: str) -> str:
        return (
            f"Question: {question}\nRight answer: {right}\n\nGive four short wrong answers of the same kind, as JSON."
        )

    shown = msgspec.json.encode(EXAMPLE_WRONG).decode()
    return [*example(task(EXAMPLE_QUESTION, "at the root"), shown), Message("user", task(question, right))]


def wrong_options(written: list[str], right: str, passage: Passage, settings: MultipleChoiceSettings) -> list[str]:
    """As many as are wanted that differ from one another and from the right one, and that the passage does not say."""
    kept: list[str] = []
    for option in (line.strip().rstrip(".") for line in written):
        said = grounded(option, passage.text) > settings.max_grounded and not numbers(option) - numbers(passage.text)
        alike = any(stems(option) == stems(other) or same_meaning(option, other) for other in [right, *kept])
        shown = any(same_meaning(option, other) for other in EXAMPLE_WRONG.wrong)
        if words(option) and not said and not alike and not shown and not leaked(option, SHOWN, passage.text):
            kept.append(option)
    if len(kept) < settings.options - 1:
        raise Rejected("distractors", f"{len(kept)} of {settings.options - 1} are good: {written}")
    return kept[: settings.options - 1]


async def chosen_again(
    question: str, options: list[str], passage: Passage, ask: RecordContext, settings: MultipleChoiceSettings
) -> float:
    """Share of independent answers that choose the first of `options`, which each sees in an order of its own: a
    teacher that always names the same place finds it by chance only."""
    right = named_first = 0
    for number in range(settings.answers):
        order = shuffled(options, ask)
        answer = await ask("choose", choose_prompt(question, order, passage), max_tokens=24, stop=["\n"], sample=number)
        chosen = read_choice(answer.text, order)
        right += chosen == options[0]
        named_first += chosen == order[0]
    ask.facts["chose_the_first_shown"] = named_first / settings.answers
    return right / settings.answers


def shuffled(options: list[str], ask: RecordContext) -> list[str]:
    return [options[number] for number in ask.rng.permutation(len(options)).tolist()]


def choose_prompt(question: str, options: list[str], passage: Passage) -> list[Message]:
    example_order = [EXAMPLE_WRONG.wrong[0], "at the root", EXAMPLE_WRONG.wrong[2]]
    return [
        *example(f"{SHOWN}\n\n{listed(EXAMPLE_QUESTION, example_order)}", "B. at the root"),
        Message("user", f"{passage.text}\n\n{listed(question, options)}"),
    ]


def listed(question: str, options: list[str]) -> str:
    lines = [f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False)]
    return "\n".join([question, *lines, "Answer with the letter and the option."])


def read_choice(text: str, options: list[str]) -> str:
    """The option that an answer names, by letter or by its words; "" for none or more than one."""
    answer = text.strip().removeprefix("Answer:").strip()
    letter = re.match(rf"\(?([{LETTERS[: len(options)]}])(?:[.):]|$)", answer)
    if letter:
        return options[LETTERS.index(letter[1])]
    named = [option for option in options if words(option) and stems(option) and stems(option) <= stems(answer)]
    return named[0] if len(named) == 1 else ""


def record(question: str, options: list[str], right: str, share: float, passage: Passage, checks: Checks) -> Made:
    prompt = f"{passage.text}\n\n{listed(question, options)}"
    letter = LETTERS[options.index(right)]
    reply = f'The text says: "{evidence(right, passage.text)}"\nAnswer: {letter}'
    asked = Question(
        id=make_id("question", prompt, letter),
        task="multiple_choice",
        prompt=prompt,
        answer=letter,
        oracle="choice",
        choices=options,
        entry=msgspec.json.encode({"agreeing": round(share, 4)}).decode(),
        solution=reply,
    )
    messages = [Message("user", prompt), Message("assistant", reply)]
    return Made(checks.passed, messages=messages, grade=round(share, 4), question=asked)


KIND = Kind(
    about="A question with shuffled options, of which the passage says one, and independent answers find it.",
    source="synthetic",
    report="2.2",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("describe", "question", "answer", "distractors", "choose"),
    checks=("educational value", "question", "right option", "form", "distractors", "found again"),
    calls=lambda settings: 1 + 4 * settings.tries + settings.answers,
    settings=MultipleChoiceSettings,
)

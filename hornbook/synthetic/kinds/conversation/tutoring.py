"""Socratic tutoring: a student who is partly wrong is led by questions to what the passage says (report §2.2, D.1.3).

The tutor never says the answer before the student does, and the student is wrong first: programs hold both to that.
"""

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.dialogue import agreed_answer, check_turn, spoken
from hornbook.synthetic.groundedness import evidence, states_reference
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, Rejected, example
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import SHOWN, ask_about, describe, first_accepted
from hornbook.synthetic.seed_sampling import from_passages
from hornbook.synthetic.words import grounded, stems

EXAMPLE_QUESTION = "Where in a binary heap is the smallest element?"
MISTAKE = "A student answers this in one sentence, but gets it partly wrong. Write what the student says."
MISTAKEN = "The smallest element of a binary heap is at a leaf."
HINT = "Write one short question that makes the student look at the passage again. Do not say the answer."
HINTED = "How does a parent compare with its children?"
RETRY = "Answer the question in one sentence."
RETRIED = "The smallest element of a binary heap is at the root."
SHOWN_TALK = f"{MISTAKEN} {HINTED} {RETRIED}"


class TutoringSettings(KindSettings):
    """Tutoring by questions."""

    records: int = setting(12, "passages to teach", ge=0)
    temperature: float = setting(0.6, "sampling temperature of the turns", ge=0)
    max_tokens: int = setting(50, "longest turn, in tokens", ge=1)
    answers: int = setting(3, "independent answers that must agree on what is right", ge=2)
    hints: int = setting(2, "questions that lead the student, at most", ge=1)
    tries: int = setting(4, "times that a turn is written, at most", ge=1)
    min_grounded: float = setting(0.4, "least share of a turn's words that the passage holds", ge=0, le=1)


async def make(passage: Passage, ask: RecordContext, settings: TutoringSettings) -> list[Made]:
    await describe(passage, ask)
    question = await ask_about(passage, ask)
    right = await agreed_answer(ask, "answer", passage.text, question, settings.answers, 0.6)
    turns = [question]
    turns.append(await mistake(question, right, turns, passage, ask, settings))
    while not states_reference(turns[-1], right):
        if len(turns) >= 2 * settings.hints + 2:
            raise Rejected("led to the answer", f"still wrong: {turns[-1][:80]}")
        turns.append(await hint(question, right, turns, passage, ask, settings))
        turns.append(await retry(question, turns, passage, ask, settings))
    ask.facts["hints"] = len(turns) / 2 - 1
    turns.append(f'That is right. The text says: "{evidence(f"{turns[-1]} {right}", passage.text)}"')
    checks = Checks()
    for name in (*NAMES, "wrong first", "does not tell", "led to the answer"):
        checks.require(name, True)
    messages = [Message("user", f"{passage.text}\n\nAsk me a question about this.")]
    messages += [Message("user" if number % 2 else "assistant", text) for number, text in enumerate(turns)]
    return [Made(checks.passed, messages=messages)]


async def mistake(
    question: str, right: str, turns: list[str], passage: Passage, ask: RecordContext, settings: TutoringSettings
) -> str:
    """A wrong answer that is about the matter. Raises Rejected ("wrong first")."""

    async def attempt(number: int) -> str:
        text = await turn("mistake", question, turns, MISTAKE, MISTAKEN, passage, number, ask, settings, told=False)
        checks = Checks()
        beside = bool(stems(text) & stems(passage.text)) and not text.endswith("?")
        checks.require(
            "wrong first", beside and not states_reference(text, right), f"right or beside the matter: {text[:80]}"
        )
        return text

    return await first_accepted(settings.tries, attempt)


async def hint(
    question: str, right: str, turns: list[str], passage: Passage, ask: RecordContext, settings: TutoringSettings
) -> str:
    """A question that leads on without saying the answer. Raises Rejected ("does not tell")."""

    async def attempt(number: int) -> str:
        text = await turn("hint", question, turns, HINT, HINTED, passage, number, ask, settings)
        text = text[: text.find("?") + 1]
        checks = Checks()
        checks.require(
            "does not tell", bool(text) and not states_reference(text, right), f"tells, or asks nothing: {text[:80]}"
        )
        return text

    return await first_accepted(settings.tries, attempt)


async def retry(
    question: str, turns: list[str], passage: Passage, ask: RecordContext, settings: TutoringSettings
) -> str:
    async def attempt(number: int) -> str:
        text = await turn("retry", question, turns, RETRY, RETRIED, passage, number, ask, settings)
        checks = Checks()
        checks.require("led to the answer", grounded(text, question) < 0.9, "only repeats the question")
        return text

    return await first_accepted(settings.tries, attempt)


async def turn(
    stage: str, question: str, turns: list[str], task: str, shown: str, passage: Passage, number: int,
    ask: RecordContext, settings: TutoringSettings, told: bool = True,
) -> str:  # fmt: skip
    """One turn of student or tutor, held to the passage as far as it has to be true (`told`)."""
    before = f"\nStudent: {MISTAKEN}" if len(turns) > 1 else ""
    said = "".join(f"\n{'Student' if place % 2 else 'Tutor'}: {text}" for place, text in enumerate(turns))
    prompt = [
        *example(f"Passage: {SHOWN}\n\nTutor: {EXAMPLE_QUESTION}{before}\n{task}", shown),
        Message("user", f"Passage: {passage.text}\n{said}\n{task}"),
    ]
    text = spoken((await ask(stage, prompt, stop=["\n"], sample=number)).text)
    source = f"{passage.text} {question}"
    if told:
        check_turn(text, turns[1:], source, SHOWN_TALK, settings.min_grounded, before=" ".join([*turns, passage.text]))
    else:  # what is wrong need not stand in the passage
        check_turn(text, [], f"{source} {text}", SHOWN_TALK, 0.0)
    return text


NAMES = ("form", "length", "takes up", "no repetition", "not the example", "groundedness", "numbers")
KIND = Kind(
    about="A student who is partly wrong is led by a tutor's questions to what the passage says.",
    source="synthetic",
    report="2.2, D.1.3",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("describe", "question", "answer", "mistake", "hint", "retry"),
    checks=(
        "educational value", "question", "agreement", "answer", *NAMES, "wrong first", "does not tell",
        "led to the answer",
    ),
    calls=lambda settings: 2 + 3 * settings.answers + settings.tries * (1 + 2 * settings.hints),
    settings=TutoringSettings,
)  # fmt: skip

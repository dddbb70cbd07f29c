"""A journalist interviews an expert about a passage (report §2.2, D.1.3).

A program draws who they are and the angle of each question, so that no question is asked twice; questions and answers
are held to the passage, and the journalist closes with what was learned.
"""

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.dialogue import CHECKS, check_turn, said_before, spoken
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, example
from hornbook.synthetic.kinds.conversation._profiles import Profile, two_profiles
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import SHOWN, describe, first_accepted
from hornbook.synthetic.seed_sampling import from_passages
from hornbook.synthetic.words import words

ANGLES = {  # what a question is about → such a question on the example passage
    "what it is": "What is a binary heap?",
    "the reason for it": "Why is the smallest element always at the root?",
    "how it works": "How does a parent compare with its children?",
    "what follows from it": "What does the order of parents mean for the smallest element?",
    "a condition or an exception": "Can a parent be equal to its children?",
    "who needs it": "Who needs the smallest element at the root?",
    "what is often misunderstood": "Is every binary tree a binary heap?",
}
EXAMPLE_QUESTION, EXAMPLE_ANSWER = (
    "Where in a binary heap is the smallest element?",
    "It is always at the root, because every parent is smaller than or equal to its children.",
)
ANSWER = "Answer the question in one or two sentences."
CLOSE = "Sum up the interview in one sentence."
CLOSED = "So the smallest element of a binary heap is always at the root."
SHOWN_TALK = " ".join([EXAMPLE_QUESTION, EXAMPLE_ANSWER, CLOSED, *ANGLES.values()])


class InterviewSettings(KindSettings):
    """Interviews."""

    records: int = setting(12, "passages to ask an expert about", ge=0)
    temperature: float = setting(0.5, "sampling temperature", ge=0)
    max_tokens: int = setting(70, "longest answer, in tokens", ge=1)
    questions: int = setting(3, "questions of an interview", ge=2, le=len(ANGLES))
    tries: int = setting(4, "times that a question or an answer is written, at most", ge=1)
    min_grounded: float = setting(0.6, "least share of a turn's words that the passage holds", ge=0, le=1)


async def make(passage: Passage, ask: RecordContext, settings: InterviewSettings) -> list[Made]:
    await describe(passage, ask)
    journalist, expert = two_profiles(ask.rng)
    order = ask.rng.permutation(len(ANGLES))[: settings.questions].tolist()
    turns: list[str] = []
    for angle in (list(ANGLES)[place] for place in order):
        turns.append(await question(angle, turns, passage, ask, settings))
        turns.append(await answer(turns, expert, passage, ask, settings))
    turns.append(await say("close", CLOSE, CLOSED, turns, passage, 0, ask, settings))
    checks = Checks()
    for name in (*CHECKS, "question", "answers"):
        checks.require(name, True)
    return [Made(checks.passed, text=written(journalist, expert, turns, passage))]


async def question(
    angle: str, turns: list[str], passage: Passage, ask: RecordContext, settings: InterviewSettings
) -> str:
    """The journalist's next question. Raises Rejected."""
    task = f"Write the journalist's next short question, about {angle}, that the passage answers."

    async def attempt(number: int) -> str:
        text = await say("question", task, ANGLES[angle], turns, passage, number, ask, settings)
        Checks().require("question", text.endswith("?") and len(words(text)) <= 40, f"no question: {text[:80]}")
        return text

    return await first_accepted(settings.tries, attempt)


async def answer(
    turns: list[str], expert: Profile, passage: Passage, ask: RecordContext, settings: InterviewSettings
) -> str:
    """The expert's answer to the last question, which says more than the question does. Raises Rejected."""
    task = f"The expert is {expert.role}, {expert.manner}. {ANSWER}"

    async def attempt(number: int) -> str:
        text = await say("answer", task, EXAMPLE_ANSWER, turns, passage, number, ask, settings)
        passed = not text.endswith("?") and said_before(text, turns[-1:]) < 0.5
        Checks().require("answers", passed, f"no answer: {text[:80]}")
        return text

    return await first_accepted(settings.tries, attempt)


async def say(
    stage: str, task: str, shown: str, turns: list[str], passage: Passage, number: int, ask: RecordContext,
    settings: InterviewSettings,
) -> str:  # fmt: skip
    """One turn that takes up what the interview or the passage says."""
    asked = f"Journalist: {EXAMPLE_QUESTION}\n" if len(turns) % 2 and stage != "close" else ""
    prompt = [
        *example(f"{task}\n\nPassage: {SHOWN}\n\n{asked}".strip(), shown),
        Message("user", f"{task}\n\nPassage: {passage.text}\n\n{interview(turns)}".strip()),
    ]
    given = await ask(stage, prompt, stop=["\n"], sample=number)
    text = spoken(given.text)
    before = turns[-1] if asked else passage.text  # an answer takes up its question
    check_turn(text, turns, passage.text, SHOWN_TALK, settings.min_grounded, before=before)
    return text


def interview(turns: list[str], journalist: str = "Journalist", expert: str = "Expert") -> str:
    return "".join(f"{expert if number % 2 else journalist}: {text}\n" for number, text in enumerate(turns))


def written(journalist: Profile, expert: Profile, turns: list[str], passage: Passage) -> str:
    """The interview as a reader finds it: what was read, who speaks, questions and answers, the close."""
    who = f"{journalist.name} talks with {expert.name}, {expert.role}, who {expert.aim}. They have read this:"
    return f"{who}\n\n{passage.text}\n\n{interview(turns, journalist.name, expert.name)}".strip()


KIND = Kind(
    about="A journalist interviews an expert about a passage, each question from another angle.",
    source="synthetic",
    report="2.2, D.1.3",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("describe", "question", "answer", "close"),
    checks=("educational value", *CHECKS, "question", "answers"),
    calls=lambda settings: 2 + 2 * settings.questions * settings.tries,
    settings=InterviewSettings,
)

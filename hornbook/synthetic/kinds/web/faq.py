"""Rewrite and augment: a passage becomes frequently asked questions, each with a grounded answer (report §2.2)."""

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.groundedness import support
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, Rejected, example
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import (
    SHOWN,
    ask_about,
    describe,
    finished,
    require_fluent,
    require_grounded,
    unlabelled,
)
from hornbook.synthetic.seed_sampling import from_passages
from hornbook.synthetic.words import grounded, stems

OPENINGS = {  # so that the questions differ; each with the one for the example passage
    "What": "Question: What is a binary heap?",
    "How": "Question: How large is a parent in a binary heap, compared with its children?",
    "Why": "Question: Why is the smallest element of a binary heap at the root?",
    "When": "Question: When is a complete binary tree a heap?",
    "Where": "Question: Where in a binary heap is the smallest element?",
}
SHOWN_QUESTION = "Why is the smallest element at the root?"
ANSWERED = "Because every parent is smaller than or equal to its children."


class FaqSettings(KindSettings):
    """Frequently asked questions."""

    temperature: float = setting(0.5, "sampling temperature", ge=0)
    max_tokens: int = setting(64, "longest answer, in tokens", ge=1)
    questions: int = setting(3, "distinct questions that a record must have", ge=2)
    tries: int = setting(6, "questions tried, at most", ge=2)
    max_alike: float = setting(0.6, "largest overlap (Jaccard) of the words of two entries", ge=0, le=1)
    min_grounded: float = setting(0.75, "least share of an answer's content words that the passage holds", ge=0, le=1)
    min_near: float = setting(0.6, "least share of an entry's words in two sentences of the passage", ge=0, le=1)
    max_repeated: float = setting(0.75, "largest share of an answer's words taken from its question", ge=0, le=1)


async def make(passage: Passage, ask: RecordContext, settings: FaqSettings) -> list[Made]:
    await describe(passage, ask)
    entries: list[tuple[str, str]] = []
    openings = list(OPENINGS)
    passed: list[str] = []
    for number in range(settings.tries):
        opening = openings[number % len(openings)]
        try:
            question = await ask_opening(opening, passage, ask, number)
            require_new(question, entries, settings)
            answer = unlabelled(finished(await ask("answer", answer_prompt(question, passage))))
            passed = check_entry(question, answer, entries, passage, settings).passed
        except Rejected:
            continue
        entries.append((question, answer))
        if len(entries) == settings.questions:
            text = "\n\n".join(f"Q: {question}\nA: {answer}" for question, answer in entries)
            return [Made(["question", *passed], text=text)]
    raise Rejected("questions", f"{len(entries)} of {settings.questions}")


async def ask_opening(opening: str, passage: Passage, ask: RecordContext, number: int) -> str:
    task = f'Write one short question that the passage answers. Begin with "{opening}".'
    return await ask_about(passage, ask, task, OPENINGS[opening], sample=number)


def answer_prompt(question: str, passage: Passage) -> list[Message]:
    how = "Answer in one sentence, from the text."
    shown = example(f"{SHOWN}\n\n{SHOWN_QUESTION} {how}", ANSWERED)
    return [*shown, Message("user", f"{passage.text}\n\n{question} {how}")]


def check_entry(
    question: str, answer: str, entries: list[tuple[str, str]], passage: Passage, settings: FaqSettings
) -> Checks:
    checks = Checks()
    require_new(answer, entries, settings)
    checks.require("questions", True)
    require_fluent(checks, answer, (25, 600), f"{SHOWN} {ANSWERED}", f"{passage.text} {question}")
    checks.require("answers", grounded(answer, question) <= settings.max_repeated, "only repeats the question")
    near = support(f"{question} {answer}", passage.text)
    checks.require("to the point", near >= settings.min_near, f"{near:.2f} of question and answer are close together")
    require_grounded(checks, answer, passage.text, settings.min_grounded)
    return checks


def require_new(text: str, entries: list[tuple[str, str]], settings: FaqSettings) -> None:
    """A question or an answer must not say what one before it says."""
    mine = stems(text)
    for said in (part for entry in entries for part in entry):
        theirs = stems(said)
        if len(mine & theirs) > settings.max_alike * len(mine | theirs):
            raise Rejected("questions", "said before")


KIND = Kind(
    about="Three distinct questions about a passage, each answered from it.",
    source="web_rewrite",
    report="2.2",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("describe", "question", "answer"),
    checks=(
        "educational value",
        "question",
        "questions",
        "length",
        "no repetition",
        "not the example",
        "no small talk",
        "answers",
        "to the point",
        "groundedness",
        "numbers",
    ),
    calls=lambda settings: 1 + 2 * settings.tries,
    settings=FaqSettings,
)

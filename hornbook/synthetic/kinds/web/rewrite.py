"""Rewrite and augment: a passage becomes an exercise, a section of a textbook or a discussion (report §2.2)."""

import re

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.choose import from_passages
from hornbook.synthetic.grading import key_terms
from hornbook.synthetic.kind import Ask, Checks, Kind, KindSettings, Made, Rejected, example
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.stages import (
    SHOWN,
    ask_about,
    describe,
    finished,
    require_fluent,
    shot,
    unlabelled,
    without_small_talk,
)
from hornbook.synthetic.words import STEM, copied, stems

FORMS = ("exercise", "textbook", "discussion")
EXPLAIN = "Explain this to a student, in your own words. Keep the technical terms."
DISCUSS = "Turn the passage into a discussion between a student and a teacher."
DISCUSSED = (
    "Student: What is a binary heap?\nTeacher: A complete binary tree in which every parent is smaller than or equal "
    "to its children.\nStudent: So where is the smallest element?\nTeacher: It must be at the root."
)
SOLVED = "It is at the root: every parent is smaller than or equal to its children, so none is smaller than the root."
TURN = re.compile(r"^(Student|Teacher): *\S")


class RewriteSettings(KindSettings):
    """Rewrites of passages."""

    records: int = setting(40, "passages to rewrite", ge=0)
    temperature: float = setting(0.5, "sampling temperature", ge=0)
    max_tokens: int = setting(144, "longest rewrite, in tokens", ge=1)
    max_copied: float = setting(0.6, "largest share of 5-grams taken over from the passage", ge=0, le=1)
    min_terms: float = setting(0.5, "least share of the passage's key terms that must be kept", ge=0, le=1)


async def make(passage: Passage, ask: Ask, settings: RewriteSettings) -> list[Made]:
    await describe(passage, ask)
    form = FORMS[int(ask.rng.integers(len(FORMS)))]
    if form == "exercise":
        return [await exercise(passage, ask, settings)]
    prompt = shot(DISCUSS, DISCUSSED, passage) if form == "discussion" else f"{EXPLAIN}\n\n{passage.text}"
    text = finished(await ask("rewrite", prompt))
    text = discussion_of(text) if form == "discussion" else without_small_talk(text)
    return [Made(check(text, DISCUSSED, passage, settings), text=text)]


async def exercise(passage: Passage, ask: Ask, settings: RewriteSettings) -> Made:
    """In two stages: a weak teacher asked for an exercise with its solution forgets the one or the other."""
    question = await ask_about(passage, ask)
    answer = await ask("solve", solve_prompt(question, passage))
    solution = without_small_talk(unlabelled(finished(answer)))
    checks = check(f"{question}\n{solution}", SOLVED, passage, settings)
    return Made(checks, messages=[Message("user", question), Message("assistant", solution)])


def discussion_of(text: str) -> str:
    """The turns up to where speakers no longer alternate, or say what was said before. Raises Rejected for fewer than
    four."""
    turns: list[str] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        speaker = TURN.match(line)
        if not speaker or line in turns or (turns and turns[-1].startswith(speaker[1])):
            break
        turns.append(line)
    if len(turns) < 4:
        raise Rejected("form", f"not discussion: {len(turns)} turns")
    return "\n".join(turns)


def solve_prompt(question: str, passage: Passage) -> list[Message]:
    task = "Answer in two or three sentences, and say why."
    shown = example(f"{SHOWN}\n\nWhere in a binary heap is the smallest element? {task}", SOLVED)
    return [*shown, Message("user", f"{passage.text}\n\n{question} {task}")]


def check(text: str, shown: str, passage: Passage, settings: RewriteSettings) -> list[str]:
    checks = Checks()
    checks.require("form", "the passage" not in text.lower(), "speaks of the passage")
    require_fluent(checks, text, (120, 3000), f"{SHOWN} {shown}", passage.text)
    share = copied(text, passage.text)
    checks.require("not a copy", share <= settings.max_copied, f"{share:.2f} of its 5-grams are the passage's")
    terms = [term[:STEM] for term in key_terms(passage.text)]
    kept = sum(term in stems(text) for term in terms) / max(1, len(terms))
    checks.require("key terms", kept >= settings.min_terms, f"keeps {kept:.2f} of them")
    checks.require("language", same_language(text, passage.language))
    return checks.passed


def same_language(text: str, language: str) -> bool:
    from hornbook.data.filters.language import identify

    return identify([text])[0][0] == language


KIND = Kind(
    about="A passage as an exercise with its solution, a section of a textbook, or a discussion.",
    source="web_rewrite",
    report="2.2",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("describe", "rewrite", "question", "solve"),
    checks=(
        "educational value",
        "question",
        "form",
        "length",
        "no repetition",
        "not the example",
        "no small talk",
        "not a copy",
        "key terms",
        "language",
    ),
    calls=lambda settings: 3,
    settings=RewriteSettings,
)

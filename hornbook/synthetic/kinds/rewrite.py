"""Rewrite and augment: a passage becomes an exercise, a section of a textbook or a discussion (report §2.2)."""

import re

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.choose import from_passages
from hornbook.synthetic.grading import key_terms
from hornbook.synthetic.kind import Ask, Checks, Kind, KindSettings, Made, Rejected, example
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.stages import SHOWN, describe, finished, require_fluent, shot, unlabelled
from hornbook.synthetic.words import STEM, copied, stems, words

FORMS = {  # form → (what is asked, the answer for the example passage, where the form needs showing)
    "exercise": (
        "Write a short exercise about the passage, with a question that the passage answers.",
        "Exercise: In a binary heap every parent is smaller than or equal to its children. Where is the smallest "
        "element, and why?",
    ),
    "textbook": (
        "Explain the passage in your own words, as a section of a textbook for students. Keep its technical terms.",
        "",
    ),
    "discussion": (
        "Turn the passage into a discussion between a student and a teacher.",
        "Student: What is a binary heap?\nTeacher: A complete binary tree in which every parent is smaller than or "
        "equal to its children.\nStudent: So where is the smallest element?\nTeacher: It must be at the root.",
    ),
}
SOLVED = "Every parent is smaller than or equal to its children, so values never grow on the way up to the root."
TURN = re.compile(r"^(Student|Teacher): *\S")


class RewriteSettings(KindSettings):
    """Rewrites of passages."""

    records: int = setting(40, "passages to rewrite", ge=0)
    temperature: float = setting(0.5, "sampling temperature", ge=0)
    max_tokens: int = setting(144, "longest rewrite, in tokens", ge=1)
    max_copied: float = setting(0.6, "largest share of 5-grams taken over from the passage", ge=0, le=1)
    min_terms: float = setting(0.5, "least share of the passage's key terms that must be kept", ge=0, le=1)


async def make(passage: Passage, ask: Ask, settings: RewriteSettings) -> list[Made]:
    form = list(FORMS)[int(ask.rng.integers(len(FORMS)))]
    task, answered = FORMS[form]
    await describe(passage, ask)
    text = finished(await ask("rewrite", shot(task, answered, passage)))
    if form == "discussion":
        text = discussion_of(text)
    if form != "exercise":
        return [Made(check(form, text, passage, settings), text=text)]
    exercise = exercise_of(text)
    solution = unlabelled(finished(await ask("solve", solve_prompt(exercise, passage))))
    checks = check(form, f"{exercise}\n{solution}", passage, settings)
    return [Made(checks, messages=[Message("user", exercise), Message("assistant", solution)])]


def exercise_of(text: str) -> str:
    """The exercise alone, without what was said before and after it. Raises Rejected when there is none."""
    after = text.partition("Exercise:")[2] or text
    exercise = unlabelled(re.split(r"\n\s*\n|\b(?:Solution|Answer):", after.strip())[0])
    if len(words(exercise)) < 6:
        raise Rejected("form", "not exercise")
    return exercise


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


def solve_prompt(exercise: str, passage: Passage) -> list[Message]:
    task = "Solve the exercise with what the passage says, in two or three sentences."
    shown = example(f"{task}\n\n{FORMS['exercise'][1]}\n\nPassage: {SHOWN}", SOLVED)
    return [*shown, Message("user", f"{task}\n\nExercise: {exercise}\n\nPassage: {passage.text}")]


def check(form: str, text: str, passage: Passage, settings: RewriteSettings) -> list[str]:
    checks = Checks()
    checks.require("form", "the passage" not in text.lower(), "speaks of the passage")
    require_fluent(checks, text, (120, 3000), f"{SHOWN} {FORMS[form][1]} {SOLVED}", passage.text)
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
    name="rewrite",
    about="A passage as an exercise with its solution, a section of a textbook, or a discussion.",
    source="web_rewrite",
    report="2.2",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("describe", "rewrite", "solve"),
    checks=(
        "educational value",
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

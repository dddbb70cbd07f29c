"""Rewrite and augment: a passage becomes a discussion between a student and a teacher (report §2.2)."""

import re

from hornbook.synthetic.kind import Kind, Made, RecordContext, Rejected
from hornbook.synthetic.kinds.web._rewriting import CHECKS, RewriteSettings, check_rewrite
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import describe, finished, shot
from hornbook.synthetic.seed_sampling import from_passages

DISCUSS = "Turn the passage into a discussion between a student and a teacher."
DISCUSSED = (
    "Student: What is a binary heap?\nTeacher: A complete binary tree in which every parent is smaller than or equal "
    "to its children.\nStudent: So where is the smallest element?\nTeacher: It must be at the root."
)
TURN = re.compile(r"^(Student|Teacher): *\S")


async def make(passage: Passage, ask: RecordContext, settings: RewriteSettings) -> list[Made]:
    await describe(passage, ask)
    text = discussion_of(finished(await ask("rewrite", shot(DISCUSS, DISCUSSED, passage))))
    return [Made(check_rewrite(text, DISCUSSED, passage, settings).passed, text=text)]


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


KIND = Kind(
    about="A passage as a discussion between a student and a teacher.",
    source="web_rewrite",
    report="2.2",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("describe", "rewrite"),
    checks=("educational value", *CHECKS),
    calls=lambda settings: 2,
    settings=RewriteSettings,
)

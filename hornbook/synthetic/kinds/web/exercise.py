"""Rewrite and augment: a passage becomes an exercise with its solution (report §2.2)."""

from hornbook.base.records import Message
from hornbook.synthetic.kind import Kind, Made, RecordContext, example
from hornbook.synthetic.kinds.web._rewriting import CHECKS, RewriteSettings, check_rewrite
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import SHOWN, ask_about, describe, finished, unlabelled, without_small_talk
from hornbook.synthetic.seed_sampling import from_passages

SOLVE = "Answer in two or three sentences, and say why."
SOLVED = "It is at the root: every parent is smaller than or equal to its children, so none is smaller than the root."


async def make(passage: Passage, ask: RecordContext, settings: RewriteSettings) -> list[Made]:
    """In two stages: a weak teacher asked for an exercise with its solution forgets the one or the other."""
    await describe(passage, ask)
    question = await ask_about(passage, ask)
    solution = without_small_talk(unlabelled(finished(await ask("solve", solve_prompt(question, passage)))))
    checks = check_rewrite(f"{question}\n{solution}", SOLVED, passage, settings)
    return [Made(checks.passed, messages=[Message("user", question), Message("assistant", solution)])]


def solve_prompt(question: str, passage: Passage) -> list[Message]:
    shown = example(f"{SHOWN}\n\nWhere in a binary heap is the smallest element? {SOLVE}", SOLVED)
    return [*shown, Message("user", f"{passage.text}\n\n{question} {SOLVE}")]


KIND = Kind(
    about="An exercise that a passage can solve, with a worked solution.",
    source="web_rewrite",
    report="2.2",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("describe", "question", "solve"),
    checks=("educational value", "question", *CHECKS),
    calls=lambda settings: 3,
    settings=RewriteSettings,
)
